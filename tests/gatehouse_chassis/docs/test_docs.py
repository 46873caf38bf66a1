"""The documentation pages in process: what they load, from where, and under which policy."""

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from gatehouse_chassis import docs

PAGES = ["/docs", "/redoc", "/docs/oauth2-redirect"]
OWN_FILES = sorted((Path(docs.__file__).parent / "assets").iterdir())
OWN_TYPES = {
    ".css": ("text/css",),
    ".html": ("text/html",),
    # Python before 3.12 says the latter; browsers take both.
    ".js": ("text/javascript", "application/javascript"),
    ".svg": ("image/svg+xml",),
}


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    docs.add_docs(app, title="Tea & <Biscuits>")
    return app


@pytest.fixture
def client(app: FastAPI) -> TestClient:
    return TestClient(app)


def addresses_in(html: str) -> list[str]:
    """All but the way home, which leaves the service."""
    return re.findall(r'(?<!class="brand" )(?:href|src|data-[a-z]+)="([^"]*)"', html)


def directives_of(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize("path", PAGES)
def test_every_address_in_a_page_is_relative_and_answers_200(client: TestClient, path: str) -> None:
    addresses = addresses_in(client.get(path).text)

    assert addresses
    for address in addresses:
        assert urlsplit(address)[:2] == ("", ""), address
        assert not address.startswith("/"), address
        assert client.get(urljoin(path, address)).status_code == 200, address


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("prefix", ["/items", "/outer/items"])
def test_a_page_loads_its_files_from_below_any_prefix(
    client: TestClient, path: str, prefix: str
) -> None:
    for address in addresses_in(client.get(path).text):
        assert urljoin(prefix + path, address).startswith(f"{prefix}/"), address


@pytest.mark.parametrize(
    ("root_path", "home"), [("", "./"), ("/items", "../"), ("/api/items", "../../")]
)
def test_a_page_leads_home_from_below_its_own_prefix(root_path: str, home: str) -> None:
    app = FastAPI(docs_url=None, redoc_url=None)
    docs.add_docs(app, title="Tea", root_path=root_path)
    client = TestClient(app)

    for path in ("/docs", "/redoc"):
        assert f'<a class="brand" href="{home}">' in client.get(path).text


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_script_and_no_style_of_its_own(client: TestClient, path: str) -> None:
    html = client.get(path).text

    assert re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL).count("") == html.count(
        "<script"
    )
    assert "<style" not in html
    assert not re.search(r"\s(style|on\w+)=", html)


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_title_is_text_and_never_markup(client: TestClient, path: str) -> None:
    html = client.get(path).text

    assert "Tea &amp; &lt;Biscuits&gt;" in html
    assert "<Biscuits>" not in html


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_lets_only_own_files_in(client: TestClient, path: str) -> None:
    policy = directives_of(client.get(path).headers["content-security-policy"])

    assert policy["default-src"] == ["'self'"]
    assert "script-src" not in policy
    assert not [source for sources in policy.values() for source in sources if "//" in source]


def test_each_page_is_allowed_what_it_needs_and_the_others_not(client: TestClient) -> None:
    swagger_ui, redoc, redirect = (
        directives_of(client.get(path).headers["content-security-policy"]) for path in PAGES
    )

    assert "style-src" not in swagger_ui
    assert "worker-src" not in swagger_ui
    assert redoc["style-src"] == ["'self'", "'unsafe-inline'"]
    assert redoc["worker-src"] == ["blob:"]
    assert "img-src" not in redirect


@pytest.mark.parametrize("file", OWN_FILES, ids=lambda file: file.name)
def test_an_own_file_has_the_type_that_browsers_insist_on(client: TestClient, file: Path) -> None:
    answer = client.get(f"/docs/assets/{file.name}")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(OWN_TYPES[file.suffix])


@pytest.mark.parametrize("file", OWN_FILES, ids=lambda file: file.name)
def test_an_own_file_loads_nothing_from_another_host(file: Path) -> None:
    # A link that a person may follow, and the name of a format, load nothing.
    loaded = re.sub(r'xmlns="[^"]*"|a\[href="[^"]*"\]', "", file.read_text(encoding="utf-8"))

    assert not re.search(r"https?://|\burl\(\s*['\"]?//|[\"']//", loaded)


@pytest.mark.parametrize(
    ("path", "cache_control"),
    [
        ("/docs/assets/docs.css", "no-cache"),
        ("/docs/assets/vendor/swagger-ui-dist/swagger-ui.css", "public, max-age=86400"),
    ],
)
def test_a_file_that_the_browser_has_is_not_sent_again(
    client: TestClient, path: str, cache_control: str
) -> None:
    first = client.get(path)
    second = client.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == second.headers["cache-control"] == cache_control
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/docs/assets/nothing.js",
        "/docs/assets/",
        "/docs/assets/..%2fpages.py",
        "/docs/assets/vendor/..%2f..%2fapps.py",
    ],
)
def test_nothing_but_the_files_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_pages_are_not_part_of_the_described_interface(app: FastAPI) -> None:
    assert app.openapi()["paths"] == {}
