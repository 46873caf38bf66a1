"""Applications that nobody here wrote, set up right and in two wrong ways: examined, and told right."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp

from testing.serving import Certificate, served
from tests.doctor import applications as apps
from tests.doctor.command import run
from tests.doctor.proxies import Proxy
from tests.doctor.services import on_uvicorn, service


def strips(app: ASGIApp, **settings: bool) -> ASGIApp:
    return Proxy(app, bare_redirect=lambda _host: "/items/", **settings)  # type: ignore[arg-type]


def keeps(app: ASGIApp, **settings: bool) -> ASGIApp:
    return strips(app, strips=False, **settings)


def static_site(*, missing: str = "") -> ASGIApp:
    files = {"/app.js": apps.SCRIPT, "/app.css": apps.STYLE}
    head = "<link rel=stylesheet href=app.css><script type=module src=/items/app.js></script>"
    files.pop(missing, None)
    return apps.site({"/": apps.page(head), **files})


@dataclass(frozen=True)
class Case:
    """One set-up: what is public, what is made with, and the finding that must come first, if any."""

    name: str
    public: Callable[[], ASGIApp]
    framework: str | None
    finding: str | None = None
    names: str = ""
    url: str = "/items"


RIGHT = (
    Case("gradio", lambda: strips(apps.gradio("/items")), "Gradio"),
    Case("streamlit, kept", lambda: keeps(apps.streamlit("/items")), "Streamlit"),
    Case("streamlit, stripped", lambda: strips(apps.streamlit("")), "Streamlit"),
    Case("dash, stripped", lambda: strips(apps.dash("/items")), "Dash"),
    Case("dash, kept", lambda: keeps(apps.dash("/items", routes_have_it=True)), "Dash"),
    Case("jupyter", lambda: keeps(apps.jupyter("/items")), "Jupyter"),
    Case("nicegui", lambda: strips(apps.announcing(apps.nicegui, "/items")), "NiceGUI"),
    Case("mcp, kept", lambda: keeps(apps.mcp("/items/mcp")), "MCP", url="/items/mcp"),
    Case("mcp, stripped", lambda: strips(apps.mcp("/mcp")), "MCP", url="/items/mcp"),
    Case("express", lambda: keeps(apps.express("/items")), "Express"),
    Case("litestar", lambda: strips(apps.written_into_the_page()), "FastAPI"),
    Case("springdoc", lambda: strips(apps.by_a_config_url()), "FastAPI"),
    Case("swagger 2.0", lambda: strips(apps.in_swagger_2("/items")), "FastAPI"),
    Case("spectacular", lambda: strips(apps.in_yaml()), "FastAPI"),
    Case("yaml", lambda: strips(apps.only_in_yaml()), "FastAPI"),
    Case("static site", lambda: strips(static_site()), None),
)

BROKEN = (
    Case("gradio", lambda: strips(apps.gradio("")), "Gradio", "prefix-unknown", "root_path="),
    Case("gradio", lambda: keeps(apps.gradio("")), "FastAPI", "nothing-below-the-prefix"),
    Case(
        "gradio without its port",
        lambda: strips(apps.gradio("/items", forgets_port=True)),
        "Gradio",
        "port-lost",
        "proxy_set_header Host $http_host",
    ),
    Case(
        "streamlit",
        lambda: keeps(apps.streamlit("/items"), passes_upgrades=False),
        "Streamlit",
        "websocket-upgrade-lost",
        "proxy_pass http://YOUR-SERVICE:8000;  # no slash",
    ),
    Case(
        "streamlit",
        lambda: strips(apps.streamlit("/items")),
        "Streamlit",
        "stripped-but-expected-kept",
        "no slash at the end",
    ),
    Case(
        "streamlit, its slash taken away",
        lambda: keeps(apps.streamlit("")),
        "Streamlit",
        "nothing-below-the-prefix",
        "--server.baseUrlPath=/items",
    ),
    Case(
        "dash",
        lambda: strips(apps.dash("")),
        "Dash",
        "prefix-unknown",
        'requests_pathname_prefix="/items/"',
    ),
    Case("dash, kept", lambda: keeps(apps.dash("")), "Dash", "prefix-unknown"),
    Case(
        "jupyter",
        lambda: strips(apps.jupyter("")),
        "Jupyter",
        "prefix-unknown",
        "--ServerApp.base_url=/items/",
    ),
    Case(
        "jupyter", lambda: strips(apps.jupyter("/items")), "Jupyter", "stripped-but-expected-kept"
    ),
    Case("jupyter", lambda: keeps(apps.jupyter("")), "Jupyter", "nothing-below-the-prefix"),
    Case(
        "nicegui",
        lambda: strips(apps.nicegui),
        "NiceGUI",
        "prefix-unknown",
        "X-Forwarded-Prefix: /items",
    ),
    Case(
        "nicegui",
        lambda: strips(apps.announcing(apps.nicegui, "/items"), passes_upgrades=False),
        "NiceGUI",
        "websocket-upgrade-lost",
        "proxy_set_header Upgrade",
    ),
    Case(
        "mcp",
        lambda: keeps(apps.mcp("/mcp")),
        None,
        "nothing-below-the-prefix",
        url="/items/mcp",
    ),
    Case(
        "mcp",
        lambda: strips(apps.mcp("/items/mcp")),
        None,
        "stripped-but-expected-kept",
        url="/items/mcp",
    ),
    Case(
        "express",
        lambda: strips(apps.express("")),
        "Express",
        "prefix-unknown",
        'app.use("/items"',
    ),
    Case(
        "express", lambda: strips(apps.express("/items")), "Express", "stripped-but-expected-kept"
    ),
    Case(
        "litestar",
        lambda: strips(apps.written_into_the_page("/")),
        "FastAPI",
        "servers-miss-prefix",
    ),
    Case("swagger 2.0", lambda: strips(apps.in_swagger_2("/")), "FastAPI", "servers-miss-prefix"),
    Case("spectacular", lambda: strips(apps.in_yaml("/")), "FastAPI", "servers-miss-prefix"),
    Case("yaml", lambda: strips(apps.only_in_yaml("/")), "FastAPI", "servers-miss-prefix"),
    Case(
        "static site",
        lambda: strips(static_site(missing="/app.js")),
        None,
        "asset-not-found",
    ),
)


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_an_application_that_is_set_up_right_has_no_finding(case: Case) -> None:
    with served(case.public()) as port:
        result = run(f"http://127.0.0.1:{port}{case.url}", "--json")
    assert result.findings == [], result.output
    assert result.code == 0
    assert result.report["services"] == [case.url]
    assert result.report["framework"] == case.framework


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case.name}: {case.finding}")
def test_one_that_is_not_is_told_why_in_its_own_words(case: Case) -> None:
    with served(case.public()) as port:
        result = run(f"http://127.0.0.1:{port}{case.url}", "--json")
    assert result.code == 1
    first = result.report["findings"][0]
    assert first["id"] == case.finding, result.output
    assert case.names in f"{first['change']} {first['configuration']}"
    assert result.report["framework"] == case.framework
    if case.framework not in (None, "FastAPI", "MCP", "Litestar"):
        assert "uvicorn" not in f"{first['why']} {first['change']}"


@pytest.mark.parametrize(
    ("public", "left"),
    [
        (lambda: Proxy(on_uvicorn(service(servers=["/items"]))), {"token-url-by-the-text"}),
        (
            lambda: Proxy(
                on_uvicorn(
                    service(
                        routes_prefix="/items",
                        servers=[],
                        token_url="/items/token",
                        oauth2_redirect=lambda _root_path: "/docs/oauth2-redirect",
                    ),
                    root_path="",
                ),
                strips=False,
            ),
            set(),
        ),
    ],
    ids=["stripped with --root-path", "kept in the routes"],
)
@pytest.mark.parametrize("tls", [False, True], ids=["http", "TLS"])
def test_fastapi_as_its_documentation_sets_it_up_is_not_called_broken(
    public: Callable[[], ASGIApp], left: set[str], tls: bool, certificate: Certificate
) -> None:
    with served(public(), certificate=certificate if tls else None) as port:
        url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/items"
        trust = ("--ca-file", str(certificate.certificate)) if tls else ()
        result = run(url, "--json", *trust)
    assert result.code == 0
    assert set(result.findings) == left


NOWHERE = {
    "Caddy": Response(status_code=200),
    "HAProxy": HTMLResponse(
        "<h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n", 503
    ),
    "Apache": HTMLResponse(
        "<address>Apache/2.4</address>", 404, headers={"allow": "GET,HEAD,POST,OPTIONS"}
    ),
}


@pytest.mark.parametrize("proxy", NOWHERE)
def test_a_token_url_outside_the_prefix_is_found_by_a_control_path(proxy: str) -> None:
    public = Proxy(on_uvicorn(service(token_url="/token")), at_the_root=NOWHERE[proxy])
    with served(public) as port:
        result = run(f"http://127.0.0.1:{port}/items", "--json")
    assert result.findings[0] == "token-url-not-found", result.output


@pytest.mark.parametrize(
    "cookie",
    ["session=; Path=/; Max-Age=0", "session=x; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
)
def test_a_cookie_that_is_deleted_is_not_shared(cookie: str) -> None:
    with served(Proxy(on_uvicorn(service(cookie=cookie)))) as port:
        assert run(f"http://127.0.0.1:{port}/items", "--json").findings == []


def test_only_what_is_broken_now_fails_unless_more_is_asked_for() -> None:
    public = Proxy(on_uvicorn(service(servers=["/items"])), checks_host=False)
    with served(public) as port:
        url = f"http://127.0.0.1:{port}/items"
        told = run(url)
        codes = {
            least: run(url, "--fail-on", least).code
            for least in ("broken", "some-clients", "risky", "never")
        }
        ignored = run(url, "--fail-on", "risky", "--ignore", "host-trusted", "--json")
    assert "1. broken for some clients" in told.output
    assert "2. risky" in told.output
    assert "none of them broken now" in told.output
    assert codes == {"broken": 0, "some-clients": 1, "risky": 1, "never": 0}
    assert ignored.findings == ["token-url-by-the-text"]
    assert "Left out by --ignore: host-trusted." in ignored.report["notes"]


def test_what_every_address_answers_is_no_service() -> None:
    with served(Response(status_code=200)) as port:
        result = run(f"http://127.0.0.1:{port}/items")
    assert result.code == 2
    assert "so does every other address" in result.errors


def test_a_page_over_https_whose_scripts_ask_over_http(certificate: Certificate) -> None:
    with served(strips(apps.gradio("/items")), certificate=certificate) as port:
        trust = ("--ca-file", str(certificate.certificate))
        result = run(f"https://127.0.0.1:{port}/items", "--json", *trust)
    assert result.findings == ["mixed-content"], result.output
