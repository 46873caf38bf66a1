"""Whoever opens an address with a browser gets a page for an error; programs get the document."""

import re
from urllib.parse import urljoin

import httpx2
import pytest

from gatehouse_chassis.http.problem_page import asks_for_html

CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        (CHROMIUM, True),
        ("Text/HTML", True),
        ("text/html;q=0.5", True),
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("application/json, text/html;q=0.9", False),
        ("application/problem+json, text/html", False),
        ("text/html;q=0", False),
        ("text/html; q=0.000, */*", False),
    ],
)
def test_who_names_html_and_no_json_is_a_browser(accept: str, is_page: bool) -> None:
    assert asks_for_html(accept) is is_page


async def test_a_page_has_the_facts_of_the_document(client: httpx2.AsyncClient) -> None:
    page = await client.get("/nowhere", headers={"Accept": CHROMIUM})
    document = (await client.get("/nowhere")).json()

    assert (page.status_code, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    for fact in (document["title"], document["detail"], "404", document["code"]):
        assert fact in page.text
    assert page.headers["X-Request-ID"] in page.text
    assert page.headers["Vary"] == "Accept"
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_a_page_lists_what_is_wrong_with_the_input_as_text(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.post(
        "/closed", json={"<script>": 1}, headers={"Accept": CHROMIUM, "X-Request-ID": "known-1234"}
    )

    assert page.status_code == 422
    assert "&lt;script&gt;" in page.text
    assert "<script" not in page.text


async def test_the_headers_of_the_error_are_those_of_the_page_too(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/me", headers={"Accept": CHROMIUM})

    assert page.status_code == 401
    assert page.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "path", ["/nowhere", "/nowhere/", "/things/a/b/c", "/things/a%2Fb", "/me/nothing", "/"]
)
@pytest.mark.parametrize("outer", ["", "/outer", "/a/b"])
async def test_the_way_home_and_the_style_are_right_below_any_prefix(
    client: httpx2.AsyncClient, path: str, outer: str
) -> None:
    """The client is what a proxy is that strips `outer` and announces nothing."""
    page = await client.get(path, headers={"Accept": CHROMIUM})
    assert page.status_code == 404

    base = str(page.request.url)
    prefix = base.removesuffix(path)
    public = base.replace(prefix, f"https://example.com{outer}{httpx2.URL(prefix).path}", 1)
    references = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    resolved = {urljoin(public, reference) for reference in references}

    own = httpx2.URL(prefix).path.rstrip("/")
    assert resolved == {
        f"https://example.com{outer}/",
        f"https://example.com{outer}{own}/docs/assets/site.css",
        f"https://example.com{outer}{own}/docs/assets/favicon.svg",
    }
    assert (await client.get("/docs/assets/site.css")).status_code == 200
