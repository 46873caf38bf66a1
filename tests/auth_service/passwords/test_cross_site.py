"""A page of another site cannot make its visitors fail to sign in, or anything else that is counted or hashed."""

from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI

from auth_service.container import Container
from auth_service.main import create_app
from testing.apps import running
from testing.services import LISTED
from tests.auth_service.databases import settings_for
from tests.auth_service.people import DEMO, URL, Person, bearer, refused

FRONT_END = "https://app.example.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG = urlencode(Person(DEMO.username, "wrong").password_grant)

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://evil.example.com"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    # Without the browser's word, as on plain http.
    {"Origin": "http://evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "http://[x"},
    {"Origin": "null"},
]
OURS = [
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://name-before-a-proxy.example"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": URL},
    {"Origin": "http://name-before-a-proxy.example", "Authorization": "Basic Og=="},
    {"Sec-Fetch-Site": "cross-site", "Origin": FRONT_END},
    {"Sec-Fetch-Site": "same-site", "Origin": FRONT_END},
    {"Origin": FRONT_END},
]


@pytest.fixture
def app(database_url: str) -> FastAPI:
    settings = settings_for(database_url, cors_origins=FRONT_END)
    return create_app(settings, Container.build(settings))


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_sign_in_from_another_site_is_refused_and_counts_for_nothing(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    for _ in range(7):
        answer = await client.post("/token", content=WRONG, headers={**FORM, **headers})
        assert refused(answer) == (403, "invalid_request")
    assert (await client.post("/token", data=DEMO.password_grant)).status_code == 200


@pytest.mark.parametrize("headers", OURS, ids=str)
async def test_a_sign_in_from_here_or_an_allowed_front_end_is_judged(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/token", content=WRONG, headers={**FORM, **headers})
    assert refused(answer) == (400, "invalid_grant")


async def test_the_public_url_is_ours_behind_a_proxy_that_changes_the_host(
    database_url: str,
) -> None:
    settings = settings_for(database_url, public_url="http://api.example.com/outer")
    async with running(create_app(settings), base_url=URL) as client:
        answer = await client.post(
            "/token", content=WRONG, headers={**FORM, "Origin": "http://api.example.com"}
        )
        assert refused(answer) == (400, "invalid_grant")


async def test_whatever_can_hash_or_counts_failures_refuses_other_sites(
    client: httpx2.AsyncClient,
) -> None:
    token = await bearer(client)
    # A test in test_sign_in_limit.py says that these are all.
    asked = {*LISTED["auth"].sign_in_limit, "POST /introspect", "POST /revoke"}
    for request in sorted(asked - {"POST /authorize", "POST /sign-in"}):  # their form has a token
        method, _, path = request.partition(" ")
        headers = {**token, "Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        answer = await client.request(method, path, headers=headers)
        assert answer.status_code == 403, request


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin", "Origin": "null"}]
)
async def test_the_forms_of_our_pages_are_taken_although_they_send_no_origin(
    client: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/password-reset", data={"username": "nobody"}, headers=headers)
    assert answer.status_code == 202


async def test_other_sites_may_read_and_follow_links(client: httpx2.AsyncClient) -> None:
    for path in ("/sign-up", "/health/live"):
        answer = await client.get(path, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
