from urllib.parse import urljoin

import pytest
from behind_my_proxy import app
from fastapi.testclient import TestClient

FORWARDED = {"Host": "example.com", "X-Forwarded-Proto": "https"}


@pytest.fixture
def proxy() -> TestClient:
    """The proxy that is trusted: its address is 127.0.0.1."""
    return TestClient(app, client=("127.0.0.1", 50000), headers=FORWARDED)


@pytest.mark.parametrize("path", ["/notes/", "/"], ids=["kept", "stripped"])
def test_it_answers_whether_the_prefix_is_kept_or_stripped(proxy: TestClient, path: str) -> None:
    assert proxy.get(path).json() == ["Buy milk"]


@pytest.mark.parametrize("path", ["/notes/latest", "/latest"], ids=["kept", "stripped"])
def test_a_redirect_leads_to_the_public_address(proxy: TestClient, path: str) -> None:
    location = proxy.get(path, follow_redirects=False).headers["Location"]
    assert urljoin("https://example.com/outer/notes/latest", location) == (
        "https://example.com/outer/notes/"
    )


@pytest.mark.parametrize("path", ["/notes/address", "/address"], ids=["kept", "stripped"])
def test_url_for_gives_the_public_address(proxy: TestClient, path: str) -> None:
    assert proxy.get(path).json() == "https://example.com/notes/"


def test_an_outer_prefix_that_is_announced_is_in_the_address(proxy: TestClient) -> None:
    answer = proxy.get("/notes/address", headers={"X-Forwarded-Prefix": "/outer"})
    assert answer.json() == "https://example.com/outer/notes/"


def test_the_docs_load_everything_from_beside_themselves(proxy: TestClient) -> None:
    page = proxy.get("/notes/docs").text
    assert "//" not in page.replace("</", "")
    assert proxy.get("/notes/openapi.json").json()["servers"] == [{"url": "."}]


def test_a_client_cannot_choose_its_scheme_and_host() -> None:
    stranger = TestClient(app, client=("203.0.113.7", 50000), base_url="http://example.com")
    answer = stranger.get("/address", headers={"X-Forwarded-Host": "evil.example"})
    assert answer.json() == "http://example.com/notes/"
