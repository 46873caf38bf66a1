"""`make docs`: the pages of this repository and the docstrings as a site, with Zensical (https://zensical.org).

The site is built from a copy of the pages in which each stands where it stands in the repository, so a relative link
is right on both. Zensical checks links between pages; what it does not see is checked in the pages that it made.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

from deploy.checkout import Checkout
from deploy.errors import DeployError

SOURCES = ("*.md", "LICENSE", "docs/**/*", "examples/*/README.md")

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
_TRACEBACK = re.compile(r"^Traceback .*\n(?:[ \t].*\n)*", re.MULTILINE)
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
_IN_CSS = re.compile(r"(?:@import\s+|url\(\s*)[\"']?((?:https?:)?//[^\s\"')]+)", re.IGNORECASE)
_ONLY_NAMED = {"canonical", "next", "prev"}


def build(checkout: Checkout) -> Path:
    """Write the site to `var/site/` and return its first page.

    Raises:
        DeployError: Zensical warns of something, a link leads nowhere, or a page loads something from another host.
    """
    pages, site = checkout.data / "site-pages", checkout.data / "site"
    for folder in (pages, site):
        shutil.rmtree(folder, ignore_errors=True)
    for file in sources(checkout.root):
        copy = pages / file.relative_to(checkout.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, copy)
    done = subprocess.run(
        [checkout.venv / "bin" / "zensical", "build", "--strict", "--clean"],
        cwd=checkout.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = _TRACEBACK.sub("", _COLOUR.sub("", done.stdout))
        raise DeployError(f"The site could not be built. zensical said:\n{said}")
    (site / "404.html").unlink()  # its links are right at the root of a domain only
    if wrong := faults(site):
        raise DeployError("\n".join(("The site has faults:", *wrong)))
    return site / "index.html"


def sources(root: Path) -> list[Path]:
    """The files that the site is made from, and those that its pages link to."""
    found = (file for pattern in SOURCES for file in root.glob(pattern))
    return sorted(file for file in found if file.is_file() and "__pycache__" not in file.parts)


def faults(site: Path) -> list[str]:
    """Each link of the built pages that leads nowhere, and all that they would load from another host."""
    pages = {file: _Page(file) for file in sorted(site.rglob("*.html"))}
    wrong = [
        f"{file.relative_to(site)}: {fault}"
        for file, page in pages.items()
        for fault in page.faults(pages)
    ]
    return wrong + [
        f"{file.relative_to(site)}: loads {address}"
        for file in sorted(site.rglob("*.css"))
        for address in _IN_CSS.findall(file.read_text(encoding="utf-8"))
    ]


class _Page(HTMLParser):
    """A built page: what it links to, what it loads, and where it can be linked to."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.file = file
        # Both are the beginning of every page (HTML, "find a potential indicated element").
        self.anchors = {"", "top"}
        self.links: list[str] = []
        self.loads: list[str] = []
        self.has_mermaid = False
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        self.has_mermaid |= "mermaid" in given.get("class", "").split()
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and not _ONLY_NAMED.intersection(given.get("rel", "").split()):
            self.loads.append(given.get("href", ""))
        elif _LOADED.get(tag) in given:
            self.loads.append(given[_LOADED[tag]])
        self.loads += _IN_CSS.findall(given.get("style", ""))

    def faults(self, pages: dict[Path, "_Page"]) -> Iterator[str]:
        if self.has_mermaid:
            yield "a Mermaid diagram loads its script from another host; make it a picture"
        for address in self.loads:
            if urlsplit(address).netloc:
                yield f"loads {address}"
            elif not self._target(address).is_file() and not address.startswith("data:"):
                yield f"loads {address}, which is not there"
        for address in self.links:
            if urlsplit(address).scheme or urlsplit(address).netloc:
                continue  # another host's: the network is not asked
            target = self._target(address)
            if not target.is_file():
                yield f"links to {address}, which is not there"
            elif target in pages and unquote(urldefrag(address)[1]) not in pages[target].anchors:
                yield f"links to {address}, and there is no such heading"

    def _target(self, address: str) -> Path:
        path = unquote(urlsplit(address).path)
        return (self.file.parent / path).resolve() if path else self.file
