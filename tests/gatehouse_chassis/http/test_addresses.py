"""What every address answers, whatever its routes say: both spellings, HEAD, OPTIONS and `Allow`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, WebSocket
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from fastapi.testclient import TestClient

from gatehouse_chassis.application import create_service
from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier
from gatehouse_chassis.settings import ServiceSettings
from testing.apps import client_of
from testing.tokens import TestIssuer

BASE = "http://localhost:8080/probe"
PAGE = '<!doctype html><html><head><title>A page</title></head><body><a href="next">next</a></body></html>'

router = APIRouter()


@router.get("/")
async def home() -> str:
    return "home"


@router.get("/things/")
async def things(page: Annotated[int, Query()] = 1) -> int:
    return page


@router.post("/things/")
async def make_thing(request: Request) -> str:
    return (await request.body()).decode()


@router.get("/things/{number:int}")
async def thing(number: int) -> int:
    return number


@router.delete("/things/{number:int}", status_code=204)
async def remove_thing(number: int) -> None: ...


@router.get("/page", response_class=HTMLResponse)
async def page() -> HTMLResponse:
    policy = {"Content-Security-Policy": "default-src 'self'; base-uri 'none'"}
    return HTMLResponse(PAGE, headers=policy)


@router.put("/only-put")
async def only_put() -> str:
    return "put"


@router.websocket("/talk/")
async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text(str(websocket.url.path))
    await websocket.close()


@pytest.fixture
def app(settings: ServiceSettings, issuer: TestIssuer, tmp_path: Path) -> FastAPI:
    app = create_service(
        settings,
        name="probe",
        title="Probe",
        description="A service.",
        routers=[router],
        token_verifier=AccessTokenVerifier(issuer=issuer.url, audience="probe", keys=issuer),
    )
    mounted = FastAPI()
    mounted.get("/hello/")(lambda: "hello")
    app.mount("/sub", mounted)
    (tmp_path / "a.txt").write_text("a")
    app.mount("/files", StaticFiles(directory=tmp_path))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(app, BASE) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("/", ""),
        ("/things/", "/things"),
        ("/things/?page=3", "/things?page=3"),
        ("/things/7", "/things/7/"),
        ("/sub/hello/", "/sub/hello"),
        ("/health/live", "/health/live/"),
        ("/openapi.json", "/openapi.json/"),
    ],
)
async def test_both_spellings_have_the_same_answer(
    client: httpx2.AsyncClient, path: str, other: str
) -> None:
    as_declared, otherwise = await client.get(path), await client.get(f"{BASE}{other}")
    assert otherwise.status_code == as_declared.status_code == 200
    assert otherwise.content == as_declared.content


async def test_a_body_survives_the_other_spelling(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/things", content=b"words")
    assert (answer.status_code, answer.json()) == (200, "words")


async def test_two_slashes_are_no_spelling(client: httpx2.AsyncClient) -> None:
    for path in ("/things//", "/things/7//", "//"):
        assert (await client.get(BASE + path)).status_code == 404


def test_a_websocket_has_both_spellings(app: FastAPI) -> None:
    with TestClient(app) as client:
        for path in ("/talk/", "/talk"):
            with client.websocket_connect(path) as websocket:
                assert websocket.receive_text().endswith("/talk/")


async def test_a_page_under_its_other_spelling_finds_what_it_names(
    client: httpx2.AsyncClient,
) -> None:
    as_declared, otherwise = await client.get("/page"), await client.get("/page/")
    assert as_declared.text == PAGE
    assert otherwise.text == PAGE.replace("<head>", '<head><base href="../page">')
    assert "base-uri 'none'" in as_declared.headers["content-security-policy"]
    assert "base-uri 'self'" in otherwise.headers["content-security-policy"]


async def test_the_docs_pages_are_read_under_both_spellings(client: httpx2.AsyncClient) -> None:
    for name in ("docs", "redoc", "docs/oauth2-redirect"):
        answer = await client.get(f"/{name}/")
        assert answer.status_code == 200
        assert f'<base href="../{name.rpartition("/")[2]}">' in answer.text


@pytest.mark.parametrize("path", ["/", "/things/", "/things", "/things/7", "/page", "/page/"])
async def test_head_is_get_without_the_body(client: httpx2.AsyncClient, path: str) -> None:
    get, head = await client.get(path), await client.head(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers.get("content-length") == get.headers.get("content-length")


async def test_head_is_refused_where_get_is(client: httpx2.AsyncClient) -> None:
    assert (await client.head("/only-put")).status_code == 405
    assert (await client.head("/nowhere")).status_code == 404


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/things/", "GET, HEAD, OPTIONS, POST"),
        ("/things", "GET, HEAD, OPTIONS, POST"),
        ("/things/7", "DELETE, GET, HEAD, OPTIONS"),
        ("/only-put", "OPTIONS, PUT"),
        ("/docs", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
        ("/sub/hello/", "GET, HEAD, OPTIONS"),
    ],
)
async def test_all_methods_of_an_address_are_told(
    client: httpx2.AsyncClient, path: str, methods: str
) -> None:
    options, refused = await client.options(path), await client.patch(path)
    assert (options.status_code, options.headers["allow"]) == (204, methods)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)


async def test_what_is_mounted_answers_for_itself(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/files/a.txt")).text == "a"
    assert (await client.head("/files/a.txt")).headers["content-length"] == "1"
    assert (await client.options("/files/a.txt")).headers["allow"] == "GET, HEAD, OPTIONS"


async def test_options_of_no_address_is_not_found(client: httpx2.AsyncClient) -> None:
    assert (await client.options("/nowhere")).status_code == 404


async def test_the_metrics_know_the_route_of_the_other_spelling(
    client: httpx2.AsyncClient,
) -> None:
    await client.get("/things/7/")
    metrics = (await client.get("/metrics")).text
    assert 'route="/things/{number}"' in metrics


async def test_a_line_break_is_no_part_of_a_path(client: httpx2.AsyncClient) -> None:
    """A pattern that ends in `$` matches before it, so a proxy that limits `/things/7` would not know the path."""
    for path in ("/things/7%0a", "/things/7%0a/", "/%0Athings/7"):
        assert (await client.get(path)).status_code == 400
