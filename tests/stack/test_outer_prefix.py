"""The same stack behind a proxy that adds a prefix and tells nobody."""

import re
from urllib.parse import urlencode, urljoin, urlsplit

import pytest

from testing.http import Answer, send
from testing.stack import Stack

PAGES = ("/", "/docs", "/auth/docs", "/auth/redoc", "/items/docs", "/items/redoc")


def get(url: str) -> Answer:
    """Ask for an absolute URL, as a browser does after it resolved a relative one."""
    address = urlsplit(url)
    path = address.path + (f"?{address.query}" if address.query else "")
    return send(f"{address.scheme}://{address.netloc}", path)


def addresses_in(html: str) -> list[str]:
    return re.findall(r'(?:\shref|src|action|data-services|data-spec)="([^"#]+)"', html)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_and_every_file_it_names_is_reachable(outer: str, path: str) -> None:
    page = get(outer + path)
    assert page.status == 200
    files = [name for name in addresses_in(page.body.decode()) if re.search(r"\.[a-z]+$", name)]
    assert files
    for name in files:
        assert not name.startswith(("/", "http:", "https:"))
        assert get(urljoin(outer + path, name)).status == 200, name


@pytest.mark.parametrize("path", PAGES)
def test_a_page_names_no_other_host(outer: str, path: str) -> None:
    html = get(outer + path).body.decode()
    assert not [name for name in addresses_in(html) if re.match(r"(https?:)?//", name)]


@pytest.mark.parametrize(("service", "token_url"), [("auth", "token"), ("items", "../auth/token")])
def test_an_openapi_document_names_only_relative_addresses(
    outer: str, service: str, token_url: str
) -> None:
    document = get(f"{outer}/{service}/openapi.json").json
    assert document["servers"] == [{"url": "."}]
    scheme = document["components"]["securitySchemes"]["OAuth2PasswordBearer"]
    assert scheme["flows"]["password"]["tokenUrl"] == token_url


def test_signing_in_at_the_token_url_of_the_document_works(outer: str, stack: Stack) -> None:
    document_url = f"{outer}/items/openapi.json"
    flows = get(document_url).json["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]
    form = {
        "grant_type": "password",
        "username": stack.demo.username,
        "password": stack.demo.password,
    }
    signed_in = send(
        urljoin(document_url, flows["password"]["tokenUrl"]),
        method="POST",
        headers=[("Content-Type", "application/x-www-form-urlencoded")],
        body=urlencode(form).encode(),
    )
    assert signed_in.status == 200
    bearer = [("Authorization", f"Bearer {signed_in.json['access_token']}")]
    assert send(f"{outer}/items/", headers=bearer).status == 200


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/items/health/live", "/items/health/live/"),
        ("/items/docs", "/items/docs/"),
        ("/auth/sign-up", "/auth/sign-up/"),
        ("/docs", "/docs/"),
    ],
)
def test_both_spellings_are_answered_without_a_redirect(outer: str, path: str, other: str) -> None:
    """What a page names by relative addresses is found from both: see tests/browser/test_docs_pages.py."""
    assert [get(outer + spelling).status for spelling in (path, other)] == [200, 200]
    assert get(f"{outer}/items").status == get(f"{outer}/items/").status == 401


def test_without_the_prefix_the_same_stack_answers_as_well(stack: Stack) -> None:
    for path in PAGES:
        assert stack.get(path).status == 200
