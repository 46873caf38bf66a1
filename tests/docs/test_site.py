"""`make docs`: the site that it builds, by its files and in Chromium, and what it refuses.

One module, because the site is built in one place.
"""

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import gatehouse_chassis
from deploy import documentation
from deploy.checkout import Checkout
from deploy.errors import DeployError
from testing.checkout import ROOT
from tests.browser.chromium import running_chromium, visiting

CONFIGURATION = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))


def without_network() -> list[str]:
    """What runs a command where there is no network, if the kernel allows that to this user."""
    command = ["unshare", "--map-root-user", "--net"]
    allowed = shutil.which("unshare") and not subprocess.run([*command, "true"]).returncode
    return command if allowed else []


@pytest.fixture(scope="module")
def site() -> Path:
    done = subprocess.run(
        [*without_network(), sys.executable, "-m", "deploy", "docs"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert f"{ROOT}/var/site/index.html" in done.stdout, done.stderr
    return ROOT / "var" / "site"


def page(folder: Path, body: str, name: str = "index.html") -> None:
    (folder / name).write_text(f"<!doctype html><title>A page</title>{body}", encoding="utf-8")


def in_the_navigation(entries: object) -> Iterator[str]:
    if isinstance(entries, str):
        yield entries
        return
    assert isinstance(entries, dict | list)
    for entry in entries.values() if isinstance(entries, dict) else entries:
        yield from in_the_navigation(entry)


def test_it_is_built_without_a_warning_and_without_a_fault(site: Path) -> None:
    assert documentation.faults(site) == []
    assert "sign-in that survives any proxy" in (site / "index.html").read_text(encoding="utf-8")


def test_no_page_and_no_style_sheet_loads_anything_from_another_host(site: Path) -> None:
    loading = re.compile(
        r"<(?:script|img|iframe|link|source|video)\b[^>]*\b(?:src|href|srcset)=[\"']?(?:https?:)?//[^>]*>"
        r"|url\([\"']?(?:https?:)?//[^)]*\)|@import[^;]*//[^;]*;",
        re.IGNORECASE,
    )
    found = [
        f"{file.relative_to(site)}: {load}"
        for file in (*site.rglob("*.html"), *site.rglob("*.css"))
        for load in loading.findall(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_the_docstrings_are_in_the_reference(site: Path) -> None:
    reference = (site / "docs" / "reference" / "chassis.html").read_text(encoding="utf-8")
    names = sorted(gatehouse_chassis._MODULE_OF)
    assert [name for name in names if f'id="gatehouse_chassis.{name}"' not in reference] == [], (
        "docs/reference/chassis.md lacks them"
    )


def test_every_page_is_in_the_navigation_and_every_decision_in_its_list() -> None:
    entries = list(in_the_navigation(CONFIGURATION["project"]["nav"]))
    navigation = set(entries)
    assert len(entries) == len(navigation), "a page is there twice"
    listed = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    files = documentation.sources(ROOT)
    pages = {file.relative_to(ROOT).as_posix() for file in files if file.suffix == ".md"}
    assert (
        sorted(
            page
            for page in pages - navigation
            if not (page.startswith("docs/decisions/") and f"({Path(page).name})" in listed)
        )
        == []
    )


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('<a href="other.html">', "links to other.html, which is not there"),
        ('<a href="folder">', "links to folder, which is not there"),
        ('<a href="#below">', "links to #below, and there is no such heading"),
        ('<img src="picture.png">', "loads picture.png, which is not there"),
        ('<script src="https://cdn.example/x.js">', "loads https://cdn.example/x.js"),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', "loads //cdn.example/x.css"),
        ('<p style="background: url(http://a.example/b)">', "loads http://a.example/b"),
    ],
)
def test_a_fault_is_named_with_its_page(tmp_path: Path, body: str, fault: str) -> None:
    (tmp_path / "folder").mkdir()
    page(tmp_path, body)
    assert documentation.faults(tmp_path) == [f"index.html: {fault}"]


def test_a_diagram_that_needs_a_script_of_another_host_is_a_fault(tmp_path: Path) -> None:
    page(tmp_path, '<pre class="mermaid"><code>graph</code></pre>')
    (fault,) = documentation.faults(tmp_path)
    assert "Mermaid" in fault


def test_a_style_sheet_may_not_load_a_font_from_another_host(tmp_path: Path) -> None:
    (tmp_path / "main.css").write_text("@font-face { src: url('https://fonts.example/a.woff2') }")
    assert documentation.faults(tmp_path) == ["main.css: loads https://fonts.example/a.woff2"]


def test_links_to_pages_headings_and_other_hosts_are_no_faults(tmp_path: Path) -> None:
    page(tmp_path, '<a href="other.html#here"><a href="#top"><a href="https://example.com/x">')
    page(tmp_path, '<h2 id="here">Here</h2><img src="data:image/png;base64,">', "other.html")
    assert documentation.faults(tmp_path) == []


def test_a_link_between_pages_that_leads_nowhere_stops_the_build(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path)
    (tmp_path / "README.md").write_text("# A page\n\n[Gone](gone.md)\n", encoding="utf-8")
    checkout.venv.symlink_to(ROOT / ".venv")
    (tmp_path / "zensical.toml").write_text(
        '[project]\nsite_name = "A site"\ndocs_dir = "var/site-pages"\nsite_dir = "var/site"\n'
    )
    with pytest.raises(DeployError, match=r"page does not exist(?s:.*)README\.md:3"):
        documentation.build(checkout)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin(site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_chromium() as running:
        yield running


def test_every_page_is_whole_without_another_host(
    browser: Browser, origin: str, site: Path
) -> None:
    with visiting(browser, origin) as visit:
        for file in sorted(site.rglob("*.html")):
            name = file.relative_to(site).as_posix()
            visit.page.goto(f"{origin}/{name}", wait_until="load")
            for width in (1280, 375):
                visit.page.set_viewport_size({"width": width, "height": 800})
                too_wide = visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert too_wide <= 0, f"{name} is wider than a window of {width} pixels"


def test_its_search_finds_a_tutorial(browser: Browser, origin: str) -> None:
    with visiting(browser, origin) as visit:
        visit.page.goto(f"{origin}/index.html")
        visit.page.keyboard.press("/")
        visit.page.keyboard.type("first protected route")
        expect(
            visit.page.get_by_role("link", name="My first protected route").first
        ).to_be_visible()
