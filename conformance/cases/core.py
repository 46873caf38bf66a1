"""C: what must hold however the service is deployed."""

import re
from urllib.parse import urljoin, urlsplit

from conformance.app import FOREIGN_ORIGIN
from conformance.case import case
from conformance.view import AUTHORIZED, DIRECT_HOST, View
from conformance.wire import Headers, Reply

_FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
# These answer with url_for, which can know no other host than the one it is told.
_LINKS_ITSELF = ("/who", "/hello", "/hello/", "/sign-in")
_ADDRESS_IN_HTML = re.compile(r'\s(?:href|src|action|data-spec)="([^"#]*)"')
_LINK_TO_THE_START_PAGE = re.compile(r'<a class="brand"[^>]*>')
_PREFLIGHT = (
    ("Origin", FOREIGN_ORIGIN),
    ("Access-Control-Request-Method", "GET"),
    ("Access-Control-Request-Headers", "authorization"),
)


def knows_its_host(view: View) -> bool:
    return not view.way.host_lost


@case(
    "C1", "The service knows its public URL, and links to itself with it", concerns=knows_its_host
)
def own_urls(view: View) -> None:
    reply = view.get("/who?a=1")
    assert reply.status == 200, reply
    assert reply.header("served-by") == "items"
    assert reply.json["url"] == f"{view.known_url}/who?a=1"
    assert reply.json["self"] == f"{view.known_url}/who"
    assert reply.json["static"] == f"{view.known_url}/static/a.txt"


@case(
    "C2",
    "An address without the slash of its route is answered, token and query kept, not redirected",
)
def without_the_slash(view: View) -> None:
    assert_same(view, "/things", "/things/")
    assert_same(view, "/things?a=1&b=%2F", "/things/?a=1&b=%2F")
    reply = view.get("/things?a=1", AUTHORIZED)
    assert reply.status == 200, reply
    assert reply.json == {"authorization": AUTHORIZED[0][1], "query": "a=1"}


@case("C3", "So is an address with a slash too many")
def with_a_slash(view: View) -> None:
    assert_same(view, "/protected/", "/protected")


@case("C4", "The bare prefix is the home of the service, or leads there without leaving the origin")
def bare_prefix(view: View) -> None:
    url, reply = view.follow(view.url)
    assert reply.status == 200, reply
    assert reply.json == "home of items"
    assert url.rstrip("/") == view.url


@case("C5", "Swagger UI's page finds its document and its files, all of them the service's own")
def swagger_ui(view: View) -> None:
    assert_docs_page(view, "/docs")


@case("C6", "ReDoc's page does too")
def redoc(view: View) -> None:
    assert_docs_page(view, "/redoc")


@case("C7", "The OpenAPI document leads every client to URLs with the prefix exactly once")
def openapi(view: View) -> None:
    document_url = f"{view.url}/openapi.json"
    document = view.ask(document_url).json
    server = urljoin(document_url, document["servers"][0]["url"])
    for path in document["paths"]:
        url = server.rstrip("/") + path
        assert url.startswith(f"{view.url}/"), url
        assert url.count("/items") == 1, url
    assert view.ask(f"{server.rstrip('/')}/who").status == 200


@case("C8", "Swagger UI finds the token endpoint of the sibling service")
def token_url_in_swagger_ui(view: View) -> None:
    # Swagger UI resolves it against its page, because the server is relative.
    assert_token_endpoint(view, urljoin(f"{view.url}/docs", token_url(view)))


@case("C9", "So does a client that follows the OpenAPI specification")
def token_url_in_specification(view: View) -> None:
    document_url = f"{view.url}/openapi.json"
    server = urljoin(document_url, view.ask(document_url).json["servers"][0]["url"])
    assert_token_endpoint(view, urljoin(server, token_url(view)))


@case("C10", "OAuth2 comes back to a page of the service")
def oauth2_redirect(view: View) -> None:
    page = f"{view.url}/docs/oauth2-redirect"
    assert view.ask(page).status == 200
    for address in _own_addresses(view.ask(page).text):
        assert_own_file(view, urljoin(page, address))
    script = view.get("/docs/assets/swagger-ui-init.js").text
    [reference] = re.findall(r'oauth2RedirectUrl: absolute\("([^"]+)"\)', script)
    assert urljoin(f"{view.url}/docs", reference) == page


@case("C11", "Static files are found, and a folder of them below its name")
def static_files(view: View) -> None:
    assert view.get("/static/a.txt").text == "a"
    assert_redirects(view, "/static/d", "/static/d/")
    assert "index of d" in view.get("/static/d/").text


@case("C12", "An application mounted in the service has right addresses, pages and document")
def mounted_application(view: View) -> None:
    assert_same(view, "/sub/hello", "/sub/hello/")
    if knows_its_host(view):
        assert view.get("/sub/hello/").json == f"{view.known_url}/sub/hello/"
    assert_docs_page(view, "/sub/docs")
    document_url = f"{view.url}/sub/openapi.json"
    document = view.ask(document_url).json
    server = urljoin(document_url, document["servers"][0]["url"])
    assert server.rstrip("/") == f"{view.url}/sub"


@case("C13", "A WebSocket opens under the public URL, and nowhere else")
def websocket(view: View) -> None:
    opened = view.open_websocket("/ws")
    assert opened.status == 101, opened
    if knows_its_host(view):
        assert f'"url":"ws{view.known_url.removeprefix("http")}/ws"' in opened.message
    assert view.open_websocket("/nowhere").status in (403, 404)


@case("C14", "A path that is not below the prefix is not the service's")
def segment_boundary(view: View) -> None:
    for url in (f"{view.origin}{view.outer}/who", f"{view.url}x/who", f"{view.url}x"):
        reply = view.ask(url)
        assert reply.status == 404, (url, reply)
        assert reply.values("served-by") == [], url


@case("C15", "Encoded and doubled slashes reach the service as the client wrote them")
def path_verbatim(view: View) -> None:
    assert view.get("/g/a%2Fb").status == view.direct("/g/a%2Fb").status == 404
    expected = {"path": "a/b//c", "raw": "/files/a%2Fb//c"}
    assert view.direct("/files/a%2Fb//c").json == expected
    assert view.get("/files/a%2Fb//c").json == expected


@case("C16", "The cookies of two services do not overwrite each other, and are Secure on https")
def cookies(view: View) -> None:
    jar = set()
    for url in (view.url, view.sibling_url):
        reply = view.ask(f"{url}/session", "POST", body=b"")
        assert reply.status == 200, reply
        name, *attributes = reply.header("set-cookie").split("; ")
        folder = next(
            (a[5:] for a in attributes if a.lower().startswith("path=")), urlsplit(url).path
        )
        assert urlsplit(url).path.startswith(folder), reply
        jar.add((name.partition("=")[0], folder))
        if knows_its_host(view):
            assert ("Secure" in attributes) == view.is_https, reply
    assert len(jar) == 2, jar


@case("C17", "A preflight from another origin is answered, with or without the slash")
def preflight(view: View) -> None:
    for path in ("/things/", "/things"):
        reply = view.ask(view.url + path, "OPTIONS", _PREFLIGHT)
        assert reply.status == 200, reply
        assert reply.header("access-control-allow-origin") == FOREIGN_ORIGIN


@case("C18", "A probe reaches the service past the proxy, whatever it calls the host")
def probe(view: View) -> None:
    for path in ("/health/live", "/health/ready", "/items/health/live"):
        assert view.direct(path).status == 200


@case(
    "C19", "No answer names the service's own address, another scheme or a path without the prefix"
)
def nothing_leaks(view: View) -> None:
    assert view.exchanges
    for url, reply in view.exchanges:
        kind = "".join(reply.values("content-type"))
        # The files of Swagger UI and ReDoc are the same everywhere.
        text = (
            "" if "javascript" in kind or "css" in kind else reply.body.decode("utf-8", "replace")
        )
        if not knows_its_host(view) and urlsplit(url).path.endswith(_LINKS_ITSELF):
            continue
        seen = text + "\n".join(value for _, value in reply.headers)
        assert view.behind.address not in seen, url
        assert DIRECT_HOST not in seen, url
        if view.is_https and knows_its_host(view):
            assert f"http://{view.host}" not in seen, url
        for address in [*_ADDRESS_IN_HTML.findall(text), *reply.values("location")]:
            target = urljoin(url, address)
            assert target.startswith(f"{view.origin}{view.outer}/"), (url, address)


@case("C20", "Metrics count a request under its route, without any prefix")
def metrics(view: View) -> None:
    view.get("/who")
    text = view.direct("/metrics").text
    assert 'route="/who"' in text
    assert 'route="/items' not in text
    assert "/outer" not in text


@case("C21", "Policy decides by the route, so a route is protected under each of its URLs")
def policy(view: View) -> None:
    def direct_with_prefix(path: str, headers: Headers = ()) -> Reply:
        return view.direct(f"/items{path}", headers)

    for get in (view.get, view.direct, direct_with_prefix):
        refused = get("/protected")
        assert refused.status == 401, refused
        assert refused.header("www-authenticate").split()[0] == "Bearer"
        assert get("/protected", AUTHORIZED).json == "somebody"
        assert get("//protected").status in (401, 404)
        assert get("/%70rotected").status == 401


def assert_same(view: View, path: str, other: str) -> None:
    """Both spellings are answered alike, without a redirect."""
    replies = [view.get(spelling, AUTHORIZED) for spelling in (path, other)]
    assert [reply.status for reply in replies] == [200, 200], replies
    assert replies[0].text == replies[1].text


def assert_redirects(view: View, path: str, target: str) -> None:
    """`path` must redirect to `target`, both below the public prefix."""
    reply = view.get(path)
    assert reply.status in (307, 308), reply
    location = reply.header("location")
    assert urljoin(view.url + path, location) == view.url + target, location


def assert_docs_page(view: View, path: str) -> None:
    page = view.url + path
    reply = view.ask(page)
    assert reply.status == 200, reply
    addresses = [urljoin(page, address) for address in _own_addresses(reply.text)]
    assert urljoin(page, "openapi.json") in addresses
    for address in addresses:
        assert_own_file(view, address)


def _own_addresses(html: str) -> list[str]:
    return _ADDRESS_IN_HTML.findall(_LINK_TO_THE_START_PAGE.sub("", html))


def assert_own_file(view: View, url: str) -> None:
    assert url.startswith(f"{view.url}/"), url
    reply = view.ask(url, "HEAD" if "/vendor/" in url else "GET")
    assert reply.status == 200, (url, reply)
    expected = {".js": "javascript", ".css": "text/css", ".json": "json", ".svg": "image/svg"}
    suffix = re.search(r"\.[a-z]+$", url)
    assert expected.get(suffix[0] if suffix else "", "text/html") in reply.header("content-type")


def token_url(view: View) -> str:
    schemes = view.get("/openapi.json").json["components"]["securitySchemes"]
    url: str = schemes["OAuth2PasswordBearer"]["flows"]["password"]["tokenUrl"]
    return url


def assert_token_endpoint(view: View, url: str) -> None:
    assert url == f"{view.sibling_url}/token"
    reply: Reply = view.ask(url, "POST", _FORM, b"grant_type=password&username=a&password=b")
    assert reply.status == 200, reply
    assert "access_token" in reply.json
