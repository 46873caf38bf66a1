"""The example behind the real nginx, with its entry in `services.toml`: below its prefix, and below one more."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from websockets.sync.client import connect

from gatehouse_chassis.testing import TestIssuer
from testing.examples import running_example, services_with_example
from testing.nginx import running_proxy
from testing.other_nginx import running_nginx
from testing.ports import free_port
from testing.processes import wait_until
from testing.serving import served

PICTURE = bytes(range(256)) * 20_480
"""5 MiB."""

_OUTER = """
client_max_body_size 0;
proxy_http_version 1.1;
proxy_set_header Host $http_host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection upgrade;
location /outer/ {
    proxy_pass http://127.0.0.1:%(port)d/;
    proxy_set_header X-Forwarded-Prefix "%(announced)s";
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection upgrade;
}
"""


def published(issuer: TestIssuer) -> Starlette:
    """What an authorization server publishes, at the addresses where nginx expects auth's."""

    async def metadata(_request: Request) -> JSONResponse:
        return JSONResponse({"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks.json"})

    async def keys(_request: Request) -> JSONResponse:
        return JSONResponse(issuer.jwks())

    return Starlette(
        routes=[
            Route("/.well-known/oauth-authorization-server/auth", metadata),
            Route("/auth/jwks.json", keys),
        ]
    )


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("example")


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def issuer(port: int) -> TestIssuer:
    return TestIssuer(f"http://127.0.0.1:{port}/auth", audience="memos")


@pytest.fixture(scope="module")
def origins(state: Path, port: int, issuer: TestIssuer) -> Iterator[dict[str, str]]:
    """Where the stack is: by itself, behind a proxy that says what it strips, and behind one that says nothing."""
    with ExitStack() as running:
        auth = running.enter_context(served(published(issuer)))
        memos = running.enter_context(running_example(state=state, MEMOS_ISSUER=issuer.url))
        ports = {"auth": auth, "items": free_port(), "memos": memos}
        running.enter_context(
            running_proxy(
                state,
                services=services_with_example(),
                ports=ports,
                port=port,
                settings={"GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1"},
            )
        )
        origins = {"direct": f"http://127.0.0.1:{port}"}
        for name, announced in (("announced", "/outer"), ("silent", "")):
            (state / name).mkdir()
            lines = _OUTER % {"port": port, "announced": announced}
            outer = running.enter_context(running_nginx(state / name, lines))
            origins[name] = f"{outer}/outer"
        yield origins


@pytest.fixture(params=["direct", "announced", "silent"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(origins: dict[str, str], way: str) -> str:
    """The address of the example, as a browser has it."""
    return f"{origins[way]}/memos/"


@pytest.fixture
def client(url: str, issuer: TestIssuer) -> Iterator[httpx2.Client]:
    """A client with cookies, and with a token."""
    token = issuer.token(sub="alice", scope="memos:write")
    with httpx2.Client(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        follow_redirects=True,
        timeout=10,
        trust_env=False,
    ) as client:
        yield client


def write_note(client: httpx2.Client) -> str:
    """Write a note and return its address."""
    written = client.post("notes/", json={"text": "Look"})
    assert written.status_code == 201, written.text
    return urljoin(str(written.url), written.headers["Location"])


def test_a_note_is_found_where_its_location_says(client: httpx2.Client, url: str) -> None:
    address = write_note(client)
    assert address.startswith(f"{url}notes/")
    assert client.get(address).json()["text"] == "Look"


def test_a_redirect_for_a_slash_stays_below_the_prefix(client: httpx2.Client, url: str) -> None:
    answer = client.get("notes")
    assert (answer.status_code, str(answer.url)) == (200, f"{url}notes/")


def test_nobody_reads_notes_without_a_token(client: httpx2.Client) -> None:
    answer = client.get("notes/", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"scope": "items:read"}, 403), ({"scope": "memos:write", "aud": "items"}, 401)],
)
def test_a_token_for_something_else_is_refused(
    client: httpx2.Client, issuer: TestIssuer, claims: dict[str, str], status: int
) -> None:
    token = issuer.token(**claims)
    answer = client.get("notes/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status


def test_a_picture_of_5_mb_is_taken_and_worked_on_afterwards(
    client: httpx2.Client, state: Path
) -> None:
    note = write_note(client)
    answer = client.put(f"{note}/picture", files={"picture": PICTURE})
    assert answer.status_code == 204, answer.text
    assert client.get(f"{note}/picture").content == PICTURE
    checksum = state / "pictures" / f"{note.rpartition('/')[2]}.sha256"
    wait_until(checksum.exists, seconds=5, what="the background task has written")


def test_larger_bodies_are_refused_by_nginx(client: httpx2.Client) -> None:
    picture = client.put("notes/1/picture", content=b"x" * 6_000_001)
    note = client.post("notes/", content=b"x" * 131_073)
    assert (picture.status_code, note.status_code) == (413, 413)
    assert picture.json()["code"] == note.json()["code"] == "content_too_large"


def test_events_arrive_when_they_happen(client: httpx2.Client) -> None:
    with client.stream("GET", "events") as events:
        lines = events.iter_lines()
        assert events.headers["Content-Type"].startswith("text/event-stream")
        assert next(lines) == "event: hello"
        note = write_note(client)
        assert f"data: {note.rpartition('/')[2]}" in lines


def test_a_websocket_echoes_and_has_the_session(client: httpx2.Client, url: str) -> None:
    client.get("./")
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    address = url.replace("http:", "ws:") + "echo"
    with connect(address, additional_headers={"Cookie": cookies}, proxy=None) as websocket:
        websocket.send("hello")
        assert websocket.recv(timeout=5) == "hello (1)"


def test_the_session_lives_on_below_the_prefix(client: httpx2.Client) -> None:
    pages = [client.get(path).text for path in ("./", "start", "./")]
    assert [f"Visit {number}" in page for number, page in enumerate(pages, 1)] == [True] * 3
    [cookie] = client.cookies.jar
    assert (cookie.name, cookie.path) == ("memos_session", "/")


def test_the_page_finds_its_style_sheet(client: httpx2.Client) -> None:
    page = client.get("./")
    assert 'href="static/memos.css"' in page.text
    style = client.get(urljoin(str(page.url), "static/memos.css"))
    assert style.headers["Content-Type"].startswith("text/css")


def test_url_for_knows_every_prefix_that_is_announced(
    client: httpx2.Client, url: str, way: str
) -> None:
    inner = url if way != "silent" else url.replace("/outer/", "/")
    assert f'href="{inner}"' in client.get("./").text


def test_the_sub_application_is_below_the_prefix_and_protected(client: httpx2.Client) -> None:
    write_note(client)
    assert client.get("admin/owners/alice").json() >= 1
    assert client.get("admin/owners/alice", headers={"Authorization": ""}).status_code == 401
    assert client.get("admin/openapi.json").status_code == 200


def test_the_docs_page_finds_its_document_and_the_token_endpoint(
    client: httpx2.Client, url: str, origins: dict[str, str], way: str
) -> None:
    assert "openapi.json" in client.get("docs").text
    document = client.get("openapi.json").json()
    [scheme] = document["components"]["securitySchemes"].values()
    token_url = urljoin(f"{url}docs", scheme["flows"]["password"]["tokenUrl"])
    assert token_url == f"{origins[way]}/auth/token"
    assert urlsplit(urljoin(f"{url}openapi.json", document["servers"][0]["url"])).path == (
        urlsplit(url).path
    )
