"""Clients that are known by the URL of a document about them."""

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from auth_service.clients import documents
from auth_service.clients.public_fetch import NotFetched
from auth_service.container import Container
from auth_service.errors import TryLater
from auth_service.main import create_app
from auth_service.settings import AuthSettings
from auth_service.tables import clients
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now
from testing.apps import running
from tests.auth_service.authorization import allow, answer_in, redeem, request_of
from tests.auth_service.databases import on_both_databases, settings_for
from tests.auth_service.oauth.test_token_endpoint import parts_of
from tests.auth_service.parts import Parts
from tests.auth_service.people import ADMIN, URL, bearer, refresh, refused

DOCUMENT = "https://editor.example/oauth/client-metadata.json"
LONGEST = f"https://editor.example/{'x' * 77}"
CALLBACK = "http://localhost/callback"
SAYS: dict[str, Any] = {
    "client_id": DOCUMENT,
    "client_name": "An editor",
    "client_uri": "https://editor.example",
    "redirect_uris": [CALLBACK, "https://editor.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
}
EDITOR = {"client_id": DOCUMENT}


class Web:
    """What stands at URLs of the Internet, and how often each was fetched."""

    def __init__(self) -> None:
        self.documents: dict[str, Any] = {DOCUMENT: SAYS}
        self.fetched: list[str] = []

    async def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        await asyncio.sleep(0)
        if url not in self.documents:
            raise NotFetched("its server answered 404")
        said = self.documents[url]
        return said if isinstance(said, bytes) else json.dumps(said).encode()


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def parts(web: Web) -> Parts:
    return {"fetch": web.fetch}


@pytest.fixture
def settings(database_url: str) -> AuthSettings:
    return settings_for(database_url, client_metadata_documents="on")


def asking(uri: str = CALLBACK, **changes: str) -> dict[str, str]:
    return request_of({"client_id": DOCUMENT, **changes}, redirect_uri=uri, **changes)


async def expire(database: Database, **columns: datetime) -> None:
    rows = update(clients).where(clients.c.client_id == DOCUMENT).values(**columns)
    await database.execute(rows)


@on_both_databases
async def test_a_client_signs_somebody_in_that_nobody_registered(
    client: httpx2.AsyncClient, web: Web
) -> None:
    document = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert document["client_id_metadata_document_supported"] is True
    uri = "http://localhost:50123/callback"
    answer = await allow(client, asking(uri, scope="items:read offline_access", prompt="consent"))
    tokens = await redeem(client, answer_in(answer, uri)["code"], EDITOR, redirect_uri=uri)
    tokens = await refresh(client, tokens.json()["refresh_token"], client_id=DOCUMENT)
    assert parts_of(tokens.json()["access_token"])[1]["client_id"] == DOCUMENT
    assert web.fetched == [DOCUMENT]


@on_both_databases
async def test_the_longest_url_fits(client: httpx2.AsyncClient, web: Web) -> None:
    assert len(LONGEST) == documents.MAX_URL_CHARS
    web.documents[LONGEST] = {**SAYS, "client_id": LONGEST}
    answer = await allow(client, asking(client_id=LONGEST))
    code = answer_in(answer, CALLBACK)["code"]
    made = {"client_id": LONGEST}
    assert (await redeem(client, code, made, redirect_uri=CALLBACK)).status_code == 200


async def test_the_page_shows_the_host_of_the_document_and_that_of_the_answer(
    client: httpx2.AsyncClient,
) -> None:
    page = (await client.get("/authorize", params=asking())).text
    assert "calls itself so at <strong>editor.example</strong>" in page
    assert "a program on your own computer (localhost)" in page
    assert "Nobody here has checked it" in page


async def test_where_it_is_off_nothing_is_fetched(database_url: str, web: Web) -> None:
    settings = settings_for(database_url)
    app = create_app(settings, Container.build(settings, fetch=web.fetch))
    async with running(app, base_url=URL) as client:
        page = await client.get("/authorize", params=asking())
        metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert page.status_code == 400
    assert metadata["client_id_metadata_document_supported"] is False
    assert web.fetched == []


async def test_when_it_is_turned_off_those_that_were_used_end(
    client: httpx2.AsyncClient, database_url: str
) -> None:
    code = answer_in(await allow(client, asking()), CALLBACK)["code"]
    tokens = (await redeem(client, code, EDITOR, redirect_uri=CALLBACK)).json()
    async with running(create_app(settings_for(database_url)), base_url=URL) as later:
        answer = await refresh(later, tokens["refresh_token"], client_id=DOCUMENT)
    assert refused(answer) == (401, "invalid_client")


async def test_only_who_sends_a_person_here_makes_auth_fetch(
    client: httpx2.AsyncClient, web: Web
) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK}
    answer = await client.post("/token", data={**form, "client_id": DOCUMENT})
    assert refused(answer) == (401, "invalid_client")
    await client.post("/revoke", data={"token": "x", "client_id": DOCUMENT})
    await client.get("/logout", params={"client_id": DOCUMENT})
    assert web.fetched == []


REFUSED: list[Any] = [
    {**SAYS, "client_id": "https://editor.example/another"},
    {**SAYS, "client_id": None},
    {**SAYS, "redirect_uris": []},
    {**SAYS, "redirect_uris": ["http://editor.example/"]},
    {**SAYS, "token_endpoint_auth_method": "client_secret_post"},
    {**SAYS, "token_endpoint_auth_method": "private_key_jwt"},
    {**SAYS, "client_secret": "x"},
    {**SAYS, "client_name": "two\nlines"},
    {**SAYS, "grant_types": ["client_credentials"]},
    b"[]",
    b"<html>",
    b'{"x": "' + b"x" * 20_000 + b'"}',
]


async def test_a_document_of_no_client_is_refused_on_a_page(
    client: httpx2.AsyncClient, web: Web
) -> None:
    for number, said in enumerate(REFUSED):
        url = f"https://editor.example/{number}"
        if isinstance(said, dict) and said["client_id"] == DOCUMENT:
            said = {**said, "client_id": url}
        web.documents[url] = said
        page = await client.get("/authorize", params=asking(client_id=url))
        assert page.status_code == 400, said
        assert "describes itself at" in page.text
        assert "Location" not in page.headers


@pytest.mark.parametrize(
    "url",
    [
        *("https://localhost/x", "https://127.0.0.1/x", "https://a.example:8443/x", "https://a.example"),
        *("https://a.example/x?y", "https://a.example/../x", f"{LONGEST}x", "https://a.example/<b>"),
    ],
)  # fmt: skip
async def test_a_url_that_leads_elsewhere_is_not_fetched(
    client: httpx2.AsyncClient, web: Web, url: str
) -> None:
    page = await client.get("/authorize", params=asking(client_id=url))
    assert page.status_code == 400
    assert web.fetched == []


async def test_an_answer_goes_to_the_addresses_of_the_document_only(
    client: httpx2.AsyncClient,
) -> None:
    page = await client.get("/authorize", params=asking("https://evil.example/callback"))
    assert page.status_code == 400
    assert "Location" not in page.headers


async def test_a_document_is_fetched_again_when_it_is_an_hour_old(
    client: httpx2.AsyncClient, web: Web, database: Database
) -> None:
    for _ in range(3):
        await client.get("/authorize", params=asking())
    assert len(web.fetched) == 1
    web.documents[DOCUMENT] = {**SAYS, "client_name": "Another", "redirect_uris": [CALLBACK]}
    await expire(database, document_fresh_until=now())
    assert "Another" in (await client.get("/authorize", params=asking())).text
    page = await client.get("/authorize", params=asking("https://editor.example/callback"))
    assert page.status_code == 400
    assert len(web.fetched) == 2
    # What is gone is not believed any longer.
    web.documents.clear()
    await expire(database, document_fresh_until=now())
    assert (await client.get("/authorize", params=asking())).status_code == 400


async def test_what_failed_is_not_fetched_again_at_once(
    client: httpx2.AsyncClient, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.documents.clear()
    for _ in range(3):
        assert (await client.get("/authorize", params=asking())).status_code == 400
    assert len(web.fetched) == 1
    monkeypatch.setattr(documents, "_FAILURE_KEPT_FOR", 0.0)
    web.documents[DOCUMENT] = SAYS
    assert (await client.get("/authorize", params=asking())).status_code == 200


async def test_a_worker_fetches_only_a_few_at_once(container: Container) -> None:
    found = container.clients
    many = [f"https://editor.example/{number}" for number in range(documents.MAX_FETCHES + 3)]
    answers = await asyncio.gather(*map(found.find_or_fetch, many), return_exceptions=True)
    late = [answer for answer in answers if isinstance(answer, TryLater)]
    assert len(late) == 3
    assert "looked up" in str(late[0])


async def test_two_requests_at_once_make_one_client(
    client: httpx2.AsyncClient, container: Container
) -> None:
    both = [client.get("/authorize", params=asking()) for _ in range(2)]
    assert [page.status_code for page in await asyncio.gather(*both)] == [200, 200]
    assert len(await container.client_store.list(limit=5)) == 1


async def test_a_person_takes_back_what_it_was_allowed_and_it_is_forgotten(
    client: httpx2.AsyncClient, container: Container, database: Database
) -> None:
    code = answer_in(await allow(client, asking()), CALLBACK)["code"]
    tokens = (await redeem(client, code, EDITOR, redirect_uri=CALLBACK)).json()
    owner = await bearer(client, scope="auth:account")
    [listed] = (await client.get("/users/me/applications", headers=owner)).json()["items"]
    assert listed["client_id"] == DOCUMENT
    answer = await client.delete(f"/users/me/applications/{DOCUMENT}", headers=owner)
    assert answer.status_code == 204
    gone = await refresh(client, tokens["refresh_token"], client_id=DOCUMENT)
    assert refused(gone) == (400, "invalid_grant")
    await expire(database, unused_until=now() - timedelta(minutes=1))
    assert await container.client_store.purge_expired(10) == 1


async def test_administrators_see_it(client: httpx2.AsyncClient) -> None:
    await client.get("/authorize", params=asking())
    admin = await bearer(client, ADMIN, scope="auth:admin")
    [listed] = (await client.get("/clients", headers=admin)).json()["items"]
    assert (listed["client_id"], listed["self_registered"]) == (DOCUMENT, True)
