"""Each application as its documentation sets it up below /items, and in ways that break it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.doctor.foreign.environment import PROGRAMS

Command = Callable[[int], list[str | Path]]

HEADERS = """
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_redirect off;
"""
WEBSOCKETS = """
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
"""
ANNOUNCED = "proxy_set_header X-Forwarded-Prefix /items;"


def _location(target: str, *more: str) -> str:
    lines = f"location /items/ {{ proxy_pass http://UPSTREAM{target}; {' '.join(more)} }}"
    return f"absolute_redirect off; location = /items {{ return 308 /items/; }} {lines}"


STRIPS = _location("/", HEADERS, WEBSOCKETS)
KEEPS = _location("", HEADERS, WEBSOCKETS)
STRIPS_AND_ANNOUNCES = _location("/", HEADERS, WEBSOCKETS, ANNOUNCED)
STRIPS_WITHOUT_WEBSOCKETS = _location("/", HEADERS)
KEEPS_WITHOUT_WEBSOCKETS = _location("", HEADERS)
STRIPS_AND_ANNOUNCES_WITHOUT_WEBSOCKETS = _location("/", HEADERS, ANNOUNCED)
STRIPS_WITHOUT_HOST = _location("/", WEBSOCKETS, "proxy_redirect off;")
STRIPS_WITHOUT_PORT = _location(
    "/",
    HEADERS.replace("$http_host", "$host"),
    WEBSOCKETS,
    "proxy_set_header X-Forwarded-Host $host;",
)
KEEPS_WITHOUT_HOST = _location("", WEBSOCKETS, "proxy_redirect off;")
STRIPS_IN_CADDY = "redir /items /items/ 308\nhandle_path /items/* {\n reverse_proxy UPSTREAM\n}"
KEEPS_IN_CADDY = "redir /items /items/ 308\nhandle /items/* {\n reverse_proxy UPSTREAM\n}"


@dataclass(frozen=True)
class Setup:
    """One application behind one proxy.

    Attributes:
        application: its name, as its makers write it.
        how: what is special, in words.
        command: runs it on a port.
        proxy: its lines inside `server { }` of nginx, or in a site of Caddy; UPSTREAM is the application.
        findings: which of them may come first where it is broken; none: nothing may be broken now.
        environment: what it is told besides.
        url: what is examined.
    """

    application: str
    how: str
    command: Command
    proxy: str
    findings: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    url: str = "/items"

    @property
    def name(self) -> str:
        return f"{self.application}: {self.how}"

    @property
    def is_caddy(self) -> bool:
        return self.proxy in (STRIPS_IN_CADDY, KEEPS_IN_CADDY)

    def but(self, how: str, *findings: str, **changes: object) -> "Setup":
        """Return the same set-up with something changed."""
        return replace(self, how=how, findings=findings, **changes)  # type: ignore[arg-type]


def _program(name: str, *arguments: str) -> Command:
    return lambda port: ["python", PROGRAMS / name, str(port), *arguments]


def _datasette(*settings: str) -> Command:
    return lambda port: ["datasette", "serve", "--memory", "-p", str(port), *settings]


def _streamlit(*options: str) -> Command:
    return lambda port: [
        *("streamlit", "run", PROGRAMS / "streamlit_app.py", "--server.headless=true"),
        *("--server.address=127.0.0.1", f"--server.port={port}"),
        *("--browser.gatherUsageStats=false", *options),
    ]


def _jupyter(*options: str) -> Command:
    return lambda port: [
        *("jupyter-lab", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", *options),
    ]


def _panel(*options: str) -> Command:
    return lambda port: [
        *("panel", "serve", PROGRAMS / "panel_app.py", "--address=127.0.0.1"),
        *(f"--port={port}", "--allow-websocket-origin=*", *options),
    ]


def _uvicorn(app: str, *options: str) -> Command:
    return lambda port: [
        *("uvicorn", "--app-dir", PROGRAMS, app, "--port", str(port)),
        *("--forwarded-allow-ips", "127.0.0.1", *options),
    ]


def _gunicorn(app: str) -> Command:
    return lambda port: [
        *("gunicorn", "--chdir", PROGRAMS, "--bind", f"127.0.0.1:{port}"),
        *("--no-control-socket", app),
    ]


_SMOREST = Setup(
    "flask-smorest",
    "ProxyFix, stripped and announced",
    _gunicorn("smorest_app:app"),
    STRIPS_AND_ANNOUNCES,
    environment={"PROXY_FIX": "1", "SERVER": "/items"},
)
_DATASETTE = Setup(
    "Datasette", "base_url, stripped", _datasette("--setting", "base_url", "/items/"), STRIPS
)
_GRADIO = Setup(
    "Gradio",
    "root_path, stripped",
    _program("gradio_app.py"),
    STRIPS,
    environment={"GRADIO_ROOT_PATH": "/items"},
)
_STREAMLIT = Setup(
    "Streamlit", "baseUrlPath, kept", _streamlit("--server.baseUrlPath=/items"), KEEPS
)
_DASH = Setup(
    "Dash",
    "requests_pathname_prefix, stripped",
    _program("dash_app.py"),
    STRIPS,
    environment={"DASH_REQUESTS_PATHNAME_PREFIX": "/items/"},
)
_DASH_KEPT = _DASH.but(
    "url_base_pathname, kept", proxy=KEEPS, environment={"DASH_URL_BASE_PATHNAME": "/items/"}
)
_JUPYTER = Setup("JupyterLab", "base_url, kept", _jupyter("--ServerApp.base_url=/items/"), KEEPS)
_NICEGUI = Setup(
    "NiceGUI", "stripped and announced", _program("nicegui_app.py"), STRIPS_AND_ANNOUNCES
)
_PANEL = Setup("Panel", "prefix, kept", _panel("--prefix=/items"), KEEPS)
_FASTMCP = Setup(
    "FastMCP", "path, kept", _program("fastmcp_app.py", "/items/mcp"), KEEPS, url="/items/mcp"
)
_DJANGO = Setup(
    "drf-spectacular",
    "FORCE_SCRIPT_NAME, stripped",
    _gunicorn("django_app:application"),
    STRIPS,
    environment={"SCRIPT_NAME_OF_DJANGO": "/items", "SERVER": "/items"},
)
_LITESTAR = Setup(
    "Litestar",
    "--root-path, stripped",
    _uvicorn("litestar_app:app", "--root-path", "/items"),
    STRIPS,
    environment={"SERVER": "/items"},
)
_FASTAPI = Setup(
    "FastAPI",
    "--root-path, stripped",
    _uvicorn("fastapi_app:app", "--root-path", "/items"),
    STRIPS,
)
_FASTAPI_KEPT = _FASTAPI.but(
    "the prefix in the routes, kept",
    command=_uvicorn("fastapi_app:app"),
    proxy=KEEPS,
    environment={"ROUTES": "/items"},
)

RIGHT = (
    _DATASETTE,
    _GRADIO,
    _GRADIO.but("root_path, stripped by Caddy", proxy=STRIPS_IN_CADDY),
    _STREAMLIT,
    _STREAMLIT.but("kept by Caddy", proxy=KEEPS_IN_CADDY),
    _DASH,
    _DASH_KEPT,
    _JUPYTER,
    _NICEGUI,
    _PANEL,
    _FASTMCP,
    _FASTMCP.but("stripped", command=_program("fastmcp_app.py", "/mcp"), proxy=STRIPS),
    _SMOREST,
    _DJANGO,
    _DJANGO.but("the prefix in the routes, kept", proxy=KEEPS, environment={"ROUTES": "/items"}),
    _LITESTAR,
    _LITESTAR.but("--root-path, stripped by Caddy", proxy=STRIPS_IN_CADDY),
    _FASTAPI,
    _FASTAPI_KEPT,
    _FASTAPI.but("--root-path, stripped by Caddy", proxy=STRIPS_IN_CADDY),
)

UNKNOWN = ("prefix-unknown",)
NOTHING = ("nothing-below-the-prefix",)
KEPT = ("stripped-but-expected-kept",)
UPGRADE = ("websocket-upgrade-lost",)

BROKEN = (
    _DATASETTE.but("told nothing, stripped", *UNKNOWN, command=_datasette()),
    _DATASETTE.but("told nothing, kept", *NOTHING, command=_datasette(), proxy=KEEPS),
    _GRADIO.but("told nothing, stripped", *UNKNOWN, environment={}),
    _GRADIO.but("told nothing, kept", *NOTHING, environment={}, proxy=KEEPS),
    _GRADIO.but("the port lost", "port-lost", proxy=STRIPS_WITHOUT_PORT),
    _STREAMLIT.but("stripped", *KEPT, proxy=STRIPS),
    _STREAMLIT.but("no upgrade", *UPGRADE, proxy=KEEPS_WITHOUT_WEBSOCKETS),
    _STREAMLIT.but("told nothing, kept", *NOTHING, command=_streamlit()),
    _DASH.but("told nothing, stripped", *UNKNOWN, environment={}),
    _DASH.but("told nothing, kept", *UNKNOWN, *NOTHING, environment={}, proxy=KEEPS),
    _DASH_KEPT.but("url_base_pathname, stripped", *KEPT, proxy=STRIPS),
    _JUPYTER.but("told nothing, stripped", *UNKNOWN, command=_jupyter(), proxy=STRIPS),
    _JUPYTER.but("told nothing, kept", *NOTHING, command=_jupyter()),
    _JUPYTER.but("base_url, stripped", *KEPT, proxy=STRIPS),
    _NICEGUI.but("not announced", *UNKNOWN, proxy=STRIPS),
    _NICEGUI.but("no upgrade", *UPGRADE, proxy=STRIPS_AND_ANNOUNCES_WITHOUT_WEBSOCKETS),
    # Its page answers at every path, and its absolute addresses are what fails.
    _NICEGUI.but("kept", *NOTHING, *UNKNOWN, proxy=KEEPS),
    _PANEL.but("prefix, stripped", *KEPT, proxy=STRIPS),
    _PANEL.but("told nothing, kept", *NOTHING, command=_panel()),
    _FASTMCP.but("told nothing, kept", *NOTHING, command=_program("fastmcp_app.py", "/mcp")),
    _FASTMCP.but("path, stripped", *KEPT, proxy=STRIPS),
    _SMOREST.but("no server", "servers-miss-prefix", environment={"PROXY_FIX": "1"}),
    _SMOREST.but("no ProxyFix", *UNKNOWN, "servers-miss-prefix", environment={}),
    _SMOREST.but("not announced", *UNKNOWN, "servers-miss-prefix", proxy=STRIPS),
    _DJANGO.but("told nothing, stripped", *UNKNOWN, environment={}),
    _DJANGO.but(
        "no server", "servers-miss-prefix", environment={"SCRIPT_NAME_OF_DJANGO": "/items"}
    ),
    _DJANGO.but("FORCE_SCRIPT_NAME, kept", *NOTHING, proxy=KEEPS),
    _DJANGO.but("the prefix in the routes, stripped", *KEPT, environment={"ROUTES": "/items"}),
    _LITESTAR.but(
        "told nothing, stripped",
        *UNKNOWN,
        "servers-miss-prefix",
        command=_uvicorn("litestar_app:app"),
        environment={},
    ),
    _LITESTAR.but("no server", "servers-miss-prefix", environment={}),
    _LITESTAR.but("--root-path, kept", *NOTHING, proxy=KEEPS),
    _FASTAPI.but("told nothing, stripped", *UNKNOWN, command=_uvicorn("fastapi_app:app")),
    _FASTAPI.but("--root-path, kept", *NOTHING, proxy=KEEPS),
    _FASTAPI_KEPT.but("the prefix in the routes, stripped", *KEPT, proxy=STRIPS),
    _FASTAPI.but(
        "nothing listens",
        "backend-unreachable",
        command=lambda _port: ["python", "-c", "input()"],
    ),
)

# What the project's own environment has, and takes a second: these run with every run of the tests.
SAMPLE = ("FastAPI: --root-path, stripped", "Litestar: no server")
