"""Proxy safety, in process: one service, one setting, every kind of proxy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin

import pytest
from fastapi import FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.responses import JSONResponse, RedirectResponse
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Scope
from starlette.websockets import WebSocketDisconnect

from gatehouse_chassis.http.problems import BadRequest
from gatehouse_chassis.proxy.forwarded import TrustedProxies
from gatehouse_chassis.proxy.public_prefix import PublicPrefix, is_below, normalise_root_path
from testing.proxies import Proxy, PublicService

ORIGIN = "https://api.example.com:8443"
CLIENT = ("203.0.113.9", 50000)
INNER, OUTER = "10.0.0.2", "10.0.0.1"
TRUSTED = TrustedProxies.parse("10.0.0.0/8")


@dataclass(frozen=True)
class Deployment:
    """Proxies in front of the service.

    `public` is the prefix at which a client finds it, `known` the one that the proxies tell it.
    """

    public: str
    known: str
    root_path: str
    in_front_of: Callable[[ASGIApp], ASGIApp]


def _nested(*, inner_strips: bool, announces: bool) -> Callable[[ASGIApp], ASGIApp]:
    def build(service: ASGIApp) -> ASGIApp:
        inner = Proxy(service, INNER, "/items", strips=inner_strips, trusts=(OUTER,))
        return Proxy(inner, OUTER, "/outer", strips=True, announces=announces)

    return build


def _nested_traefik(service: ASGIApp) -> ASGIApp:
    inner = Proxy(service, INNER, "/items", strips=True, announces=True, trusts=(OUTER,))
    return Proxy(inner, OUTER, "/outer", strips=True, announces=True)


DEPLOYMENTS = {
    "strip": Deployment(
        "/items", "/items", "/items", lambda app: Proxy(app, INNER, "/items", strips=True)
    ),
    "strip, announced": Deployment(
        "/items",
        "/items",
        "/items",
        lambda app: Proxy(app, INNER, "/items", strips=True, announces=True),
    ),
    "keep": Deployment("/items", "/items", "/items", lambda app: Proxy(app, INNER, "/items")),
    "keep, two segments": Deployment(
        "/outer/items", "/outer/items", "/outer/items", lambda app: Proxy(app, INNER, "/outer")
    ),
    "no prefix": Deployment("", "", "", lambda app: Proxy(app, INNER)),
    "nested, strip, announced": Deployment(
        "/outer/items", "/outer/items", "/items", _nested(inner_strips=True, announces=True)
    ),
    "nested, keep, announced": Deployment(
        "/outer/items", "/outer/items", "/items", _nested(inner_strips=False, announces=True)
    ),
    "nested, each announced": Deployment("/outer/items", "/outer/items", "/items", _nested_traefik),
    "nested, strip, unannounced": Deployment(
        "/outer/items", "/items", "/items", _nested(inner_strips=True, announces=False)
    ),
    "nested, keep, unannounced": Deployment(
        "/outer/items", "/items", "/items", _nested(inner_strips=False, announces=False)
    ),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("static")
    (folder / "a.txt").write_text("a")
    (folder / "d").mkdir()
    (folder / "d" / "index.html").write_text("index of d")
    return _fixture_app(folder)


def _fixture_app(static: Path) -> FastAPI:
    app = FastAPI()
    hello = FastAPI()

    @app.get("/")
    def home() -> str:
        return "home"

    @app.get("/who")
    def who(request: Request) -> dict[str, Any]:
        return {
            "url": str(request.url),
            "self": str(request.url_for("who")),
            "static": str(request.url_for("static", path="a.txt")),
            "client": list(request.client or ()),
            "headers": {k: v for k, v in request.headers.items() if "forwarded" in k},
            "root_path": request.scope["root_path"],
        }

    @app.api_route("/things/", methods=["GET", "POST"])
    def things(request: Request) -> dict[str, Any]:
        return {"method": request.method, "authorization": request.headers.get("authorization")}

    @app.get("/g/{name}")
    def one_segment(name: str) -> str:
        return name

    @app.get("/files/{path:path}")
    def any_path(path: str, request: Request) -> dict[str, str]:
        root = request.scope["root_path"]
        return {"path": path, "raw": request.scope["raw_path"].decode().removeprefix(root)}

    @app.websocket("/ws")
    async def echo_url(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json({"url": str(websocket.url), "scheme": websocket.scope["scheme"]})
        await websocket.close()

    @hello.get("/hello/")
    def say_hello(request: Request) -> str:
        return str(request.url)

    app.mount("/static", StaticFiles(directory=static, html=True), name="static")
    app.mount("/sub", hello)
    return app


@pytest.fixture(params=DEPLOYMENTS)
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return DEPLOYMENTS[request.param]


@pytest.fixture
def client(deployment: Deployment, app: FastAPI) -> TestClient:
    service = PublicService(app, PublicPrefix(deployment.root_path, TRUSTED))
    return _client(deployment.in_front_of(service))


def _client(app: ASGIApp, peer: tuple[str, int] = CLIENT, origin: str = ORIGIN) -> TestClient:
    return TestClient(app, base_url=origin, client=peer, follow_redirects=False)


def _service(app: ASGIApp, root_path: str = "/items", trusted: str = "10.0.0.0/8") -> ASGIApp:
    return PublicService(app, PublicPrefix(root_path, TrustedProxies.parse(trusted)))


def test_a_service_knows_its_own_public_addresses(
    client: TestClient, deployment: Deployment
) -> None:
    answer = client.get(f"{deployment.public}/who?q=1").json()
    known = ORIGIN + deployment.known
    assert answer["url"] == f"{known}/who?q=1"
    assert answer["self"] == f"{known}/who"
    assert answer["static"] == f"{known}/static/a.txt"
    assert answer["client"] == [CLIENT[0], 0]
    assert answer["headers"] == {}


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("/things", "/things/"),
        ("/things?a=1&b=%2F", "/things/?a=1&b=%2F"),
        ("/who/", "/who"),
        ("/static/d", "/static/d/"),
        ("/sub/hello", "/sub/hello/"),
    ],
)
def test_a_redirect_stays_at_the_public_address(
    client: TestClient, deployment: Deployment, asked: str, answered: str
) -> None:
    address = f"{ORIGIN}{deployment.public}{asked}"
    redirect = client.get(address)
    assert redirect.status_code == 307
    assert "://" not in redirect.headers["location"]
    assert not redirect.headers["location"].startswith("/")
    assert (
        urljoin(address, redirect.headers["location"]) == f"{ORIGIN}{deployment.public}{answered}"
    )
    assert client.get(address, follow_redirects=True).status_code == 200


def test_a_redirected_request_keeps_its_method_and_its_authorization(
    client: TestClient, deployment: Deployment
) -> None:
    answer = client.post(
        f"{deployment.public}/things",
        headers={"authorization": "Bearer abc"},
        follow_redirects=True,
    )
    assert answer.json() == {"method": "POST", "authorization": "Bearer abc"}


def test_the_bare_prefix_leads_to_the_home_of_the_service(
    client: TestClient, deployment: Deployment
) -> None:
    answer = client.get(f"{ORIGIN}{deployment.public}", follow_redirects=True)
    assert (answer.status_code, answer.json()) == (200, "home")
    assert str(answer.url).rstrip("/") == f"{ORIGIN}{deployment.public}"


def test_static_files_and_applications_below_a_mount_are_served(
    client: TestClient, deployment: Deployment
) -> None:
    assert client.get(f"{deployment.public}/static/a.txt").text == "a"
    assert client.get(f"{deployment.public}/static/d/").text == "index of d"
    hello = client.get(f"{deployment.public}/sub/hello/").json()
    assert hello == f"{ORIGIN}{deployment.known}/sub/hello/"


def test_a_websocket_sees_the_public_url(client: TestClient, deployment: Deployment) -> None:
    origin = ORIGIN.replace("https:", "wss:")
    with client.websocket_connect(f"{origin}{deployment.public}/ws") as websocket:
        assert websocket.receive_json() == {
            "url": f"{origin}{deployment.known}/ws",
            "scheme": "wss",
        }


def test_a_websocket_at_a_wrong_path_is_refused(client: TestClient, deployment: Deployment) -> None:
    url = f"{ORIGIN.replace('https:', 'wss:')}{deployment.public}/nowhere"
    with pytest.raises(WebSocketDisconnect), client.websocket_connect(url):
        pass


def test_an_encoded_slash_reaches_the_service_as_it_was_written(
    client: TestClient, deployment: Deployment
) -> None:
    answer = client.get(f"{deployment.public}/files/a%2Fb//c").json()
    assert answer == {"path": "a/b//c", "raw": "/files/a%2Fb//c"}
    assert client.get(f"{deployment.public}/g/a%2Fb").status_code == 404


def test_a_path_that_only_begins_like_the_prefix_is_not_the_services(
    client: TestClient, deployment: Deployment
) -> None:
    assert client.get(f"{deployment.public}x/who").status_code == 404


@pytest.mark.parametrize("path", ["/who", "/items/who"])
def test_a_direct_request_is_answered_with_and_without_the_prefix(app: FastAPI, path: str) -> None:
    answer = _client(_service(app), origin="http://127.0.0.1:8002").get(path)
    assert answer.json()["url"] == "http://127.0.0.1:8002/items/who"


def test_a_kept_prefix_is_matched_on_segments(app: FastAPI) -> None:
    assert _client(_service(app)).get("/itemsx/who").status_code == 404


def test_a_doubled_prefix_is_found_only_where_the_proxy_strips_one(app: FastAPI) -> None:
    stripping = Proxy(_service(app), INNER, "/items", strips=True)
    keeping = Proxy(_service(app), INNER, "/items")
    assert _client(stripping).get("/items/items/who").status_code == 200
    assert _client(keeping).get("/items/items/who").status_code == 404


def test_one_service_answers_under_several_prefixes_at_once(app: FastAPI) -> None:
    service = _service(app)
    nested = _nested(inner_strips=True, announces=True)(service)
    nested_client = _client(nested)
    single_client = _client(Proxy(service, INNER, "/items"))
    for _ in range(2):
        assert nested_client.get("/outer/items/who").json()["url"] == f"{ORIGIN}/outer/items/who"
        assert single_client.get("/items/who").json()["url"] == f"{ORIGIN}/items/who"


@pytest.mark.parametrize(
    "lines", [["/outer", "/items"], ["/outer, /items"], ["/outer/"], ["/outer/items"], ["/outer"]]
)
@pytest.mark.parametrize("path", ["/who", "/items/who", "/outer/items/who"])
def test_an_announced_prefix_counts_once_however_it_is_written(
    app: FastAPI, lines: list[str], path: str
) -> None:
    client = _client(_service(app), peer=(INNER, 1))
    answer = client.get(path, headers=[("x-forwarded-prefix", line) for line in lines]).json()
    assert answer["url"] == f"{ORIGIN}/outer/items/who"


@pytest.mark.parametrize("origin", ["https://api.example.com", "http://api.example.com"])
def test_a_default_port_is_not_written(app: FastAPI, origin: str) -> None:
    client = _client(Proxy(_service(app), INNER, "/items", strips=True), origin=origin)
    assert client.get("/items/who").json()["url"] == f"{origin}/items/who"


def test_a_strangers_forwarded_headers_change_nothing(app: FastAPI) -> None:
    client = _client(_service(app))
    plain = client.get("/who").json()
    assert client.get("/who", headers=_FORGED).json() == plain
    # Nor do they leave a trace for the next request.
    assert client.get("/who").json() == plain


def test_forged_headers_do_not_survive_the_proxy(app: FastAPI) -> None:
    client = _client(Proxy(_service(app), INNER, "/items", strips=True))
    answer = client.get("/items/who", headers=_FORGED)
    assert answer.json()["client"] == [CLIENT[0], 0]
    assert "evil" not in answer.text
    assert "6.6.6.6" not in answer.text


_FORGED = {
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil.example",
    "x-forwarded-port": "1",
    "x-forwarded-prefix": "/evil",
    "forwarded": "for=6.6.6.6;host=evil.example;proto=http",
    "script_name": "/evil",
}


@pytest.mark.parametrize("prefix", ["/x';alert(1);//", "evil", "/a//b", "/..", "/a/./b", "/a%2Fb"])
def test_a_malformed_prefix_from_a_trusted_proxy_is_a_bad_request(
    app: FastAPI, prefix: str
) -> None:
    client = _client(_service(app), peer=(INNER, 1))
    answer = client.get("/docs", headers={"x-forwarded-prefix": prefix})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "bad_request"
    assert "alert" not in answer.text
    assert client.get("/docs").status_code == 200


def test_a_websocket_with_a_malformed_prefix_is_refused(app: FastAPI) -> None:
    client = _client(_service(app), peer=(INNER, 1))
    headers = {"x-forwarded-prefix": "evil"}
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("wss://api.example.com/ws", headers=headers),
    ):
        pass


@pytest.mark.parametrize(
    "host", ["a b", "evil/x", "a:99999", "a:b", "[::1", "[1.2.3.4]", "", "a@b"]
)
def test_a_malformed_host_is_a_bad_request(app: FastAPI, host: str) -> None:
    assert _client(_service(app)).get("/who", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["api.example.com", "a_b-c:1", "127.0.0.1:8002", "[::1]:80"])
def test_a_well_formed_host_is_served(app: FastAPI, host: str) -> None:
    answer = _client(_service(app)).get("/who", headers={"host": host})
    assert answer.json()["self"] == f"https://{host}/items/who"


def test_a_path_that_a_client_made_up_never_names_another_host(app: FastAPI) -> None:
    for path in [
        "//evil.example/..",
        "//evil.example/who/",
        "/%5Cevil.example/who/",
        "/\\evil/who/",
    ]:
        answer = _client(_service(app)).get(f"{ORIGIN}{path}")
        location = urljoin(ORIGIN + path, answer.headers.get("location", ""))
        assert location.startswith(f"{ORIGIN}/")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("", ""),
        ("/", ""),
        ("items", "/items"),
        ("/items/", "/items"),
        (" /items ", "/items"),
        ("/a/b-c_d.e~f", "/a/b-c_d.e~f"),
    ],
)
def test_a_root_path_is_normalised(text: str, prefix: str) -> None:
    assert normalise_root_path(text) == prefix


@pytest.mark.parametrize(
    "text",
    ["//", "//items", "/a//b", "/items//", "/a?b", "/a#b", "/..", "/a/./b", "/a b", "/é", "/%41"],
)
def test_a_root_path_that_cannot_work_is_refused_with_the_way_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="it must be a path such as /items"):
        normalise_root_path(text)


def test_a_root_path_that_the_server_was_given_is_refused_loudly() -> None:
    prefix = PublicPrefix("/items", TRUSTED)
    with pytest.raises(RuntimeError, match=r"Remove --root-path .* set the service's ROOT_PATH"):
        prefix.public_scope({**_scope("/items/who"), "root_path": "/items"})


@pytest.mark.parametrize("part", [{"path": "*", "raw_path": b"*"}, {"query_string": b"\xff"}])
def test_a_request_target_that_is_no_path_is_a_bad_request(part: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        PublicPrefix("/items", TRUSTED).public_scope({**_scope("/who"), **part})


def test_the_servers_scope_is_left_as_it_was() -> None:
    scope = _scope("/who", [(b"x-forwarded-for", b"203.0.113.9")])
    before = {**scope, "headers": list(scope["headers"])}
    PublicPrefix("/items", TRUSTED).public_scope(scope)
    assert scope == before


def test_an_encoded_prefix_is_recognised_and_its_spelling_kept() -> None:
    scope = {**_scope("/items/a/b"), "raw_path": b"/%69tems/a%2Fb"}
    public = PublicPrefix("/items", TRUSTED).public_scope(scope)
    assert (public["path"], public["raw_path"]) == ("/items/a/b", b"/%69tems/a%2Fb")


def test_a_server_that_gives_no_raw_path_gets_one() -> None:
    scope = _scope("/a b/é")
    del scope["raw_path"]
    assert PublicPrefix("/items", TRUSTED).public_scope(scope)["raw_path"] == (
        b"/items/a%20b/%C3%A9"
    )


_SEGMENT = st.text("abAB09._~-", min_size=1, max_size=4).filter(lambda s: s not in (".", ".."))
_PREFIX = st.lists(_SEGMENT, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts))
_ROUTE_PATH = st.text("abé/ %?#\\.:", max_size=12).map(lambda path: f"/{path}")


@given(root_path=_PREFIX, outer=_PREFIX, path=_ROUTE_PATH)
def test_strip_and_keep_give_the_same_scope(root_path: str, outer: str, path: str) -> None:
    # What is ambiguous by nature is told in docs/decisions/0001-one-setting-for-strip-and-keep.md.
    prefixes = filter(None, [root_path, outer, outer + root_path])
    assume(not any(is_below(path, prefix) for prefix in prefixes))
    assume(not root_path or not outer.endswith(root_path))

    service = PublicPrefix(root_path, TRUSTED)
    announced = [(b"x-forwarded-prefix", outer.encode())]
    stripped = service.public_scope(_scope(path, announced))
    for kept in (root_path, outer + root_path):
        assert service.public_scope(_scope(kept + path, announced)) == stripped
    assert stripped["path"] == outer + root_path + path
    assert unquote(stripped["raw_path"].decode()) == stripped["path"]


def _scope(path: str, headers: list[tuple[bytes, bytes]] | None = None) -> Scope:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"api.example.com"), *(headers or [])],
        "client": (INNER, 1),
        "server": ("10.0.0.9", 8000),
    }


def test_a_service_answers_lifespan_events_untouched(app: FastAPI) -> None:
    with TestClient(_service(app)) as client:
        assert client.get("/who").status_code == 200


def test_an_own_redirect_to_an_absolute_path_becomes_relative_too() -> None:
    async def to_token(scope: Scope, receive: Any, send: Any) -> None:
        await RedirectResponse("/auth/token", 303)(scope, receive, send)

    answer = _client(_service(to_token)).get("/who")
    assert answer.headers["location"] == "../auth/token"


def test_a_created_resource_is_named_relative_to_the_request() -> None:
    async def create(scope: Scope, receive: Any, send: Any) -> None:
        location = f"{ORIGIN}/items/7"
        await JSONResponse({}, 201, {"location": location})(scope, receive, send)

    answer = _client(_service(create)).post("/items/")
    assert answer.headers["location"] == "7"
