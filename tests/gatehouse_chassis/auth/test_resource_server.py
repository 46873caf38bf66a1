"""An application that is nobody's service checks the tokens of an issuer that it knows by its address alone."""

import asyncio
import json
from collections.abc import Iterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import FastAPI, Security, WebSocket
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketDenialResponse

from gatehouse_chassis import Principal, ResourceServer
from gatehouse_chassis.auth.access_tokens import ALGORITHMS, InvalidToken, KeysUnavailable
from gatehouse_chassis.auth.discovery import metadata_urls
from gatehouse_chassis.testing import TestIssuer, principal
from testing.background import until

ISSUER = "https://id.example.com/realms/one"
METADATA = "https://id.example.com/.well-known/oauth-authorization-server/realms/one"
JWKS = "https://id.example.com/keys"
LISTS = "https://id.example.com/lists"
LIST = "https://id.example.com/lists/1"
SCOPES = {"notes:read": "Read your notes", "notes:write": "Write notes"}


class FakeInternet:
    """Answers GETs with JSON documents by URL; everything else is 404."""

    def __init__(self, issuer: TestIssuer, metadata_url: str = METADATA, /, **more: Any) -> None:
        metadata = {"issuer": issuer.url, "jwks_uri": JWKS, **more}
        self.documents: dict[str, Any] = {metadata_url: metadata, JWKS: issuer.jwks()}
        self.asked: list[str] = []

    def client(self, _url: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        url = str(request.url)
        self.asked.append(url)
        if url not in self.documents:
            return httpx2.Response(404)
        document = self.documents[url]
        text = document if isinstance(document, str) else json.dumps(document)
        return httpx2.Response(200, text=text)


def issuer_of(algorithm: str = "ES256") -> TestIssuer:
    return TestIssuer(ISSUER, audience="notes", algorithm=algorithm)


def server_of(internet: FakeInternet, **options: Any) -> ResourceServer:
    defaults = {"issuer": ISSUER, "audience": "notes", "scopes": SCOPES}
    return ResourceServer(**{**defaults, **options}, new_client=internet.client)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_tokens_of_an_issuer_that_is_found_by_its_metadata_are_accepted(
    algorithm: str,
) -> None:
    issuer = issuer_of(algorithm)
    server = server_of(FakeInternet(issuer), algorithms=[algorithm])
    found = await server.verify(issuer.token(sub="me", scope="notes:read"))
    assert found.subject == "me"
    assert found.scopes == {"notes:read"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_an_algorithm_that_is_not_chosen_is_not_accepted(algorithm: str) -> None:
    issuer = issuer_of(algorithm)
    others = [name for name in ALGORITHMS if name != algorithm]
    with pytest.raises(KeysUnavailable):
        await server_of(FakeInternet(issuer), algorithms=others).verify(issuer.token())


def test_an_unknown_algorithm_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"algorithms has HS256, none; known are ES256, RS256"):
        ResourceServer(issuer=ISSUER, audience="notes", algorithms=["HS256", "ES256", "none"])


def test_metadata_is_looked_for_where_clients_look() -> None:
    assert metadata_urls(ISSUER) == [
        METADATA,
        "https://id.example.com/.well-known/openid-configuration/realms/one",
        "https://id.example.com/realms/one/.well-known/openid-configuration",
        "https://id.example.com/realms/one/.well-known/oauth-authorization-server",
    ]
    assert metadata_urls("https://id.example.com/") == [
        "https://id.example.com/.well-known/oauth-authorization-server",
        "https://id.example.com/.well-known/openid-configuration",
    ]


@pytest.mark.parametrize("url", metadata_urls(ISSUER))
async def test_each_of_these_addresses_serves(url: str) -> None:
    issuer = issuer_of()
    assert await server_of(FakeInternet(issuer, url)).verify(issuer.token())


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": f"{ISSUER}/"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": "http://id.example.com/keys"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_metadata_of_another_issuer_or_without_safe_keys_is_not_used(
    metadata: dict[str, Any],
) -> None:
    issuer = issuer_of()
    internet = FakeInternet(issuer, **metadata)
    with pytest.raises(KeysUnavailable):
        await server_of(internet).verify(issuer.token())
    assert internet.asked[:4] == metadata_urls(ISSUER)
    assert JWKS not in internet.asked


@pytest.mark.parametrize("document", ["<html>", "[]", "{", "[" * 70_000])
async def test_a_page_in_the_place_of_metadata_is_passed_over(document: str) -> None:
    issuer = issuer_of()
    internet = FakeInternet(issuer, metadata_urls(ISSUER)[3])
    internet.documents[METADATA] = document
    assert await server_of(internet).verify(issuer.token())


@pytest.mark.parametrize(
    "document",
    [
        "[" * 60_000,
        {"issuer": ISSUER, "jwks_uri": "https://a/\0"},
        {"issuer": ISSUER, "jwks_uri": JWKS, "status_list_aggregation_endpoint": "https://a/\0"},
    ],
    ids=["deep", "keys at no URL", "list at no URL"],
)
async def test_whatever_an_issuer_answers_no_request_waits_for_ever(document: Any) -> None:
    issuer = issuer_of()
    internet = FakeInternet(issuer)
    internet.documents[METADATA] = document
    server = server_of(internet)
    async with asyncio.timeout(10):
        for _ in range(3):
            with pytest.raises(KeysUnavailable):
                await server.verify(issuer.token())
    assert len(internet.asked) <= 3 * len(metadata_urls(ISSUER)), "each request asked anew"


@pytest.mark.parametrize("url", ["", "id.example.com", "https://i:port", "ftp://i", "https://"])
def test_an_issuer_that_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"issuer is|[Pp]ort"):
        ResourceServer(issuer=url, audience="notes")


async def test_an_issuer_that_comes_later_is_found_without_a_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    issuer = issuer_of()
    internet = FakeInternet(issuer)
    metadata = internet.documents.pop(METADATA)
    server = server_of(internet)
    with pytest.raises(KeysUnavailable):
        await server.verify(issuer.token())
    assert "issuer_not_found" in caplog.text
    internet.documents[METADATA] = metadata
    await until(lambda: JWKS in internet.asked)
    assert await server.verify(issuer.token())


async def test_its_address_can_be_given(caplog: pytest.LogCaptureFixture) -> None:
    issuer = issuer_of()
    inside = "http://auth:8000/metadata"
    internet = FakeInternet(issuer, inside)
    assert await server_of(internet, metadata_url=inside).verify(issuer.token())
    keys = FakeInternet(issuer)
    del keys.documents[METADATA]
    assert await server_of(keys, jwks_url=JWKS).verify(issuer.token())
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://evil.example"}, "another issuer"),
        ({"aud": ["items"]}, "another service"),
        ({"exp": 1}, "expired"),
    ],
)
async def test_foreign_and_old_tokens_are_refused(changes: dict[str, Any], reason: str) -> None:
    issuer = issuer_of()
    with pytest.raises(InvalidToken, match=reason):
        await server_of(FakeInternet(issuer)).verify(issuer.token(**changes))


async def test_a_status_list_of_the_issuer_is_found_and_read_before_the_first_token_counts() -> (
    None
):
    from testing.tokens import TestIssuer as IssuerWithLists

    issuer = IssuerWithLists(url=ISSUER, service="notes")
    internet = FakeInternet(issuer, status_list_aggregation_endpoint=LISTS)
    internet.documents[LISTS] = {"status_lists": [LIST]}
    internet.documents[LIST] = issuer.status_list(revoked=[3], sub=LIST)
    server = server_of(internet)
    for index, revoked in ((3, True), (4, False)):
        token = issuer.token(status={"status_list": {"uri": LIST, "idx": index}})
        if revoked:
            with pytest.raises(InvalidToken, match="revoked"):
                await server.verify(token)
        else:
            assert await server.verify(token)
    for check in server.checks.values():
        await check()


def test_it_works_on_one_event_loop_after_the_other() -> None:
    issuer = issuer_of()
    server = server_of(FakeInternet(issuer))
    for _ in range(3):
        assert asyncio.run(server.verify(issuer.token()))


def app_of(server: ResourceServer) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def read(
        user: Annotated[Principal, Security(server.bearer, scopes=["notes:read"])],
    ) -> str:
        return user.subject

    @app.websocket("/live")
    async def live(
        websocket: WebSocket,
        user: Annotated[Principal, Security(server.bearer, scopes=["notes:read"])],
    ) -> None:
        await websocket.accept(subprotocol="bearer")
        await websocket.send_text(user.subject)
        await websocket.close()

    return app


@pytest.fixture
def issuer() -> TestIssuer:
    return issuer_of()


@pytest.fixture
def client(issuer: TestIssuer) -> Iterator[TestClient]:
    server = ResourceServer(issuer=ISSUER, audience="notes", scopes=SCOPES)
    with issuer.trusted_by(server), TestClient(app_of(server)) as client:
        yield client


def with_token(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_plain_application_lets_in_who_has_the_scope(
    client: TestClient, issuer: TestIssuer
) -> None:
    token = issuer.token(scope="notes:read", sub="me")
    assert client.get("/", headers=with_token(token)).json() == "me"


def test_a_plain_application_challenges_as_rfc_6750_says(
    client: TestClient, issuer: TestIssuer
) -> None:
    none = client.get("/")
    assert (none.status_code, none.headers["www-authenticate"]) == (401, "Bearer")
    wrong = client.get("/", headers=with_token("x"))
    assert wrong.status_code == 401
    assert 'error="invalid_token"' in wrong.headers["www-authenticate"]
    little = client.get("/", headers=with_token(issuer.token(scope="notes:write")))
    assert little.status_code == 403
    assert 'error="insufficient_scope", scope="notes:read"' in little.headers["www-authenticate"]


def test_a_browser_opens_a_websocket_with_the_token_as_a_sub_protocol(
    client: TestClient, issuer: TestIssuer
) -> None:
    token = issuer.token(scope="notes:read", sub="me")
    with client.websocket_connect("/live", subprotocols=["bearer", token]) as socket:
        assert socket.accepted_subprotocol == "bearer"
        assert socket.receive_text() == "me"


@pytest.mark.parametrize("offered", [[], ["bearer"], ["bearer", "x"], ["x", "bearer"]])
def test_a_websocket_without_a_good_token_is_refused_and_no_error_is_logged(
    client: TestClient, offered: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect("/live", subprotocols=offered),
    ):
        pass
    assert refused.value.status_code == 401
    assert caplog.text == ""


def test_the_challenge_names_the_metadata_of_a_resource_and_the_metadata_the_issuer() -> None:
    resource = "https://api.example.com/notes"
    server = ResourceServer(issuer=ISSUER, audience="notes", scopes=SCOPES, resource=resource)
    app = app_of(server)
    app.include_router(server.metadata)
    with TestClient(app) as client:
        address = f"{resource}/.well-known/oauth-protected-resource"
        assert f'resource_metadata="{address}"' in client.get("/").headers["www-authenticate"]
        below = client.get("/.well-known/oauth-protected-resource")
        inserted = client.get("/.well-known/oauth-protected-resource/notes")
    assert below.json() == inserted.json()
    assert below.json() == {
        "resource": resource,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["notes:read", "notes:write"],
    }


def test_metadata_without_a_resource_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ResourceServer\(resource=\.\.\.\)"):
        _ = ResourceServer(issuer=ISSUER, audience="notes").metadata


def test_a_test_signs_a_user_in_by_overriding_one_dependency() -> None:
    server = ResourceServer(issuer=ISSUER, audience="notes")
    app = app_of(server)
    app.dependency_overrides[server.bearer] = lambda: principal(subject="me")
    with TestClient(app) as client:
        assert client.get("/").json() == "me"


def test_swagger_ui_is_told_where_tokens_are() -> None:
    def flows(**options: Any) -> Any:
        server = ResourceServer(issuer=ISSUER, audience="notes", scopes=SCOPES, **options)
        document = app_of(server).openapi()
        return document["components"]["securitySchemes"]["OAuth2PasswordBearer"]["flows"]

    assert flows()["password"] == {"scopes": SCOPES, "tokenUrl": f"{ISSUER}/token"}
    assert flows(auth_url="../auth/")["password"]["tokenUrl"] == "../auth/token"
    told = flows(token_url=f"{ISSUER}/t", authorization_url=f"{ISSUER}/a")["authorizationCode"]
    assert (told["tokenUrl"], told["authorizationUrl"]) == (f"{ISSUER}/t", f"{ISSUER}/a")


def test_a_document_that_is_kept_lets_a_service_start_while_the_issuer_is_down(
    tmp_path: Any,
) -> None:
    issuer = issuer_of()
    up, down = FakeInternet(issuer), FakeInternet(issuer)
    down.documents.clear()
    for internet in (up, down):
        server = server_of(internet, jwks_url=JWKS, keep_in=tmp_path)
        assert asyncio.run(server.verify(issuer.token()))


def test_keys_that_were_withdrawn_are_refused_after_the_next_fetch() -> None:
    issuer = issuer_of()
    internet = FakeInternet(issuer)

    async def story() -> None:
        server = server_of(internet, refresh_after=0.01)
        token = issuer.token()
        assert await server.verify(token)
        internet.documents[JWKS] = TestIssuer(ISSUER, audience="notes", kid="key-2").jwks()
        fetched = len(internet.asked)
        await until(lambda: len(internet.asked) > fetched + 1)
        with pytest.raises(InvalidToken, match="unknown key"):
            await server.verify(token)

    asyncio.run(story())
