"""What a browser finds in an HTML page: files to load, scripts, and the OpenAPI documents it shows."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from json import JSONDecoder
from typing import Any

from doctor.addresses import path_of, resolve
from doctor.deployment import Answer

_URL_IN_SCRIPT = re.compile(r"""(?<![\w$])["']?url["']?\s*:\s*(["'])((?:(?!\1).)+)\1""")
_URLS_IN_SCRIPT = re.compile(r"""(?<![\w$])["']?urls["']?\s*:\s*\[(.*?)\]""", re.DOTALL)
_REDOC_IN_SCRIPT = re.compile(r"""Redoc\.init\(\s*(["'])((?:(?!\1).)+)\1""")
_OAUTH2_REDIRECT = re.compile(
    r"""oauth2RedirectUrl["']?\s*:\s*(?:window\.)?location\.origin\s*\+\s*(["'])((?:(?!\1).)+)\1"""
)
_CONFIG_IN_SCRIPT = re.compile(r"""(?<![\w$])["']?configUrl["']?\s*:\s*(["'])((?:(?!\1).)+)\1""")
_DOCUMENT_IN_SCRIPT = re.compile(
    r"""(?<![\w$])["']?(?:spec|swaggerDoc)["']?\s*:\s*\{|Redoc\.init\(\s*\{"""
)
_DOCS_PROGRAM = re.compile(r"swagger-?ui|redoc", re.IGNORECASE)
_LOOKS_LIKE_SPEC = re.compile(r"openapi|swagger|api-docs|\.(json|ya?ml)$", re.IGNORECASE)


@dataclass(frozen=True)
class Asset:
    """One file that the page loads: `script`, `style` or `image`, and its absolute URL."""

    kind: str
    url: str
    nonce: str = ""
    is_module: bool = False


@dataclass(frozen=True)
class InlineScript:
    """One script that is written in the page itself."""

    text: str
    nonce: str


@dataclass
class Page:
    """An HTML page that has been read.

    Attributes:
        url: its absolute URL.
        policies: its Content-Security-Policies, from headers and `<meta>`.
        inline, data: scripts written in it, and scripts of a type that no browser runs (JSON).
        links: addresses in `data-` attributes and `spec-url`, as they are written.
        shows_docs: whether Swagger UI or ReDoc runs on it.
        asks_for_a_password: whether it has a field for one.
        base: what `<base href>` says, absolute.
        text: its HTML.
    """

    url: str
    policies: list[str] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    inline: list[InlineScript] = field(default_factory=list)
    data: list[InlineScript] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    shows_docs: bool = False
    asks_for_a_password: bool = False
    base: str = ""
    text: str = ""

    def absolute(self, reference: str) -> str:
        return resolve(reference, self.base or self.url)

    @property
    def named_specs(self) -> list[str]:
        """Addresses of OpenAPI documents as the page writes them."""
        written = [link for link in self.links if _LOOKS_LIKE_SPEC.search(path_of(link))]
        for script in self.inline:
            written += specs_in_script(script.text)
        return list(dict.fromkeys(written))

    @property
    def oauth2_redirect(self) -> str | None:
        """The path of the OAuth2 redirect page, where the page writes it as FastAPI does."""
        for script in self.inline:
            if found := _OAUTH2_REDIRECT.search(script.text):
                return found[2]
        return None


def read_page(answer: Answer) -> Page | None:
    """Return the HTML page of an answer, or None where it is none."""
    if answer.status != 200 or not answer.is_html:
        return None
    policies = answer.headers.get_list("content-security-policy")
    page = Page(answer.url, policies=policies, text=answer.text)
    reader = _Reader(page)
    reader.feed(answer.text)
    reader.close()
    loaded = [path_of(asset.url) for asset in page.assets if asset.kind == "script"]
    written = [script.text for script in page.inline]
    page.shows_docs |= any(_DOCS_PROGRAM.search(text) for text in (*loaded, *written))
    return page


def documents_in_script(script: str) -> list[dict[str, Any]]:
    """Return the OpenAPI documents that are written into a script, as `spec:` or `swaggerDoc:`."""
    return [document for _, _, document in _documents(script)]


def _documents(script: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield each document with where it begins and ends."""
    for found in _DOCUMENT_IN_SCRIPT.finditer(script):
        start = found.end() - 1
        with suppress(ValueError, RecursionError):
            document, end = JSONDecoder().raw_decode(script, start)
            if "openapi" in document or "swagger" in document:
                yield start, end, document


def specs_in_script(script: str) -> list[str]:
    """Return the addresses that a script gives to Swagger UI or ReDoc.

    In a JavaScript object the last of several equal keys counts, so the last `url` does. What is
    written inside a document, such as the URL of a server, is none.
    """
    for start, end, _ in reversed([*_documents(script)]):
        script = script[:start] + script[end:]
    if config := _CONFIG_IN_SCRIPT.search(script):
        return [config[2]]
    if several := _URLS_IN_SCRIPT.search(script):
        return [found[2] for found in _URL_IN_SCRIPT.finditer(several[1])]
    found = [*_URL_IN_SCRIPT.finditer(script), *_REDOC_IN_SCRIPT.finditer(script)]
    return [found[-1][2]] if found else []


class _Reader(HTMLParser):
    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._script: list[str] | None = None
        self._nonce = ""
        self._runs = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        page = self._page
        for name, value in given.items():
            if value and (name.startswith("data-") or name == "spec-url"):
                page.links.append(value)
        if tag == "redoc" or given.get("id") == "swagger-ui":
            page.shows_docs = True
        if tag == "input" and given.get("type", "").lower() == "password":
            page.asks_for_a_password = True
        elif tag == "base" and given.get("href"):
            page.base = resolve(given["href"], page.url)
        elif tag == "meta" and given.get("http-equiv", "").lower() == "content-security-policy":
            page.policies.append(given.get("content", ""))
        elif tag == "script":
            self._nonce = given.get("nonce", "")
            if given.get("src"):
                self._add("script", given["src"], given)
            else:
                self._script = []
                self._runs = given.get("type", "") in ("", "module", "text/javascript")
        elif tag == "link" and given.get("href"):
            relations = given.get("rel", "").lower().split()
            if "stylesheet" in relations:
                self._add("style", given["href"], given)
            elif "modulepreload" in relations:
                self._add("script", given["href"], given)
            elif "icon" in relations:
                self._add("image", given["href"], given)
        elif tag == "img" and given.get("src"):
            self._add("image", given["src"], given)

    def handle_data(self, data: str) -> None:
        if self._script is not None:
            self._script.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "script" and self._script is not None:
            text = "".join(self._script)
            if text.strip():
                written = self._page.inline if self._runs else self._page.data
                written.append(InlineScript(text, self._nonce))
            self._script = None

    def _add(self, kind: str, reference: str, given: dict[str, str]) -> None:
        url = self._page.absolute(reference)
        if url.startswith(("http:", "https:")):
            self._page.assets.append(
                Asset(
                    kind,
                    url,
                    given.get("nonce", ""),
                    _is_module(given),
                )
            )


def _is_module(given: dict[str, str]) -> bool:
    return given.get("type") == "module" or "modulepreload" in given.get("rel", "")
