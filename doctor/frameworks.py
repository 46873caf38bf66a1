"""What a service is made with, by what its answers cannot help saying, and how each is told about its proxy."""

from collections.abc import Iterable
from dataclasses import dataclass

from doctor.deployment import Answer

_TELLING_HEADERS = ("server", "x-powered-by", "set-cookie", "content-type")
_UVICORN_TRUSTS = "uvicorn --forwarded-allow-ips=<address or network of the proxy>"
_UVICORN_STRIPS = "uvicorn --root-path @PREFIX@"


@dataclass(frozen=True)
class Framework:
    """One framework or application.

    Attributes:
        name: as its makers write it, empty where it is not known.
        marks: words of its pages or headers, in lower case.
        stripped: its setting for the prefix behind a proxy that strips it, empty where it has none.
        kept: its setting for the prefix behind a proxy that keeps it, empty where it has none.
        trust: its setting for believing X-Forwarded-Proto and -Host of its proxy.
        servers: how it is told what its OpenAPI document shall name as the server.
        websocket: the WebSocket, below the prefix, that its pages open.
        describes_itself: whether it may have an OpenAPI document and a docs page.
        root: how its pages write the address that their scripts ask below (a regular expression).
    """

    name: str
    marks: tuple[str, ...] = ()
    stripped: str = ""
    kept: str = ""
    trust: str = ""
    servers: str = 'servers=[{"url": "."}], which is right under every prefix'
    websocket: str = ""
    root: str = ""
    describes_itself: bool = True

    @property
    def is_asgi(self) -> bool:
        """Whether uvicorn and its kin may run it."""
        return not self.name or "uvicorn" in self.stripped + self.trust

    @property
    def way(self) -> str:
        """What its proxy must do with the prefix, where only one way is right: `strip` or `keep`."""
        if bool(self.stripped) == bool(self.kept):
            return ""
        return "strip" if self.stripped else "keep"


UNKNOWN = Framework(
    "",
    stripped="its own setting for the public prefix @PREFIX@ (a base URL, root path or script name)",
    kept="its own setting for the prefix @PREFIX@ in front of all its routes",
    trust=f"its own setting for the proxy's address (an ASGI service: {_UVICORN_TRUSTS})",
)

# An application comes before the framework that it is made with.
FRAMEWORKS = (
    Framework(
        "Gradio",
        ("gradio_config", "gradio-app"),
        stripped='demo.launch(root_path="@PREFIX@"), or GRADIO_ROOT_PATH=@PREFIX@',
        trust='demo.launch(root_path="https://example.com@PREFIX@"), the whole public address',
        root=r'"root":\s*"([^"]*)"',
    ),
    Framework(
        "Streamlit",
        ("<title>streamlit</title>",),
        kept="streamlit run --server.baseUrlPath=@PREFIX@",
        websocket="_stcore/stream",
        describes_itself=False,
    ),
    Framework(
        "Dash",
        ("_dash-config", "_dash-component-suites"),
        stripped='Dash(requests_pathname_prefix="@PREFIX@/")',
        kept='Dash(url_base_pathname="@PREFIX@/")',
        trust="app.server.wsgi_app = ProxyFix(app.server.wsgi_app, x_proto=1, x_host=1)",
        root=r'"requests_pathname_prefix":\s*"([^"]*)"',
        describes_itself=False,
    ),
    Framework(
        "Jupyter",
        ("jupyter-config-data", "<title>jupyter server</title>", "jupyterlab"),
        kept="jupyter lab --ServerApp.base_url=@PREFIX@/",
        trust="jupyter lab --ServerApp.trust_xheaders=True",
        root=r'"baseUrl":\s*"([^"]*)"',
        describes_itself=False,
    ),
    Framework(
        "Datasette",
        ("datasette.io", "/-/static/app.css"),
        stripped="datasette serve --setting base_url @PREFIX@/",
        kept="datasette serve --setting base_url @PREFIX@/",
        trust="datasette serve --setting force_https_urls on",
        describes_itself=False,
    ),
    Framework(
        "MLflow",
        ("<title>mlflow</title>",),
        kept="mlflow server --static-prefix @PREFIX@",
        describes_itself=False,
    ),
    Framework(
        "NiceGUI",
        ("_nicegui/",),
        stripped='ui.run(root_path="@PREFIX@"), or a header X-Forwarded-Prefix: @PREFIX@ from the proxy',
        trust='ui.run(forwarded_allow_ips="<address or network of the proxy>")',
        websocket="_nicegui_ws/socket.io/?EIO=4&transport=websocket",
    ),
    Framework(
        "MCP",
        ('"jsonrpc"', "mcp-protocol-version"),
        kept='FastMCP.run(transport="http", path="@PREFIX@")',
        trust=_UVICORN_TRUSTS,
    ),
    Framework(
        "Django",
        (
            "csrfmiddlewaretoken",
            "csrftoken",
            "vnd.oai.openapi",
            "drf-spectacular",
            "<p>the requested resource was not found on this server.</p>",
        ),
        servers='SPECTACULAR_SETTINGS = {"SERVERS": [{"url": "@PREFIX@"}]}',
        stripped='FORCE_SCRIPT_NAME = "@PREFIX@"',
        kept='path("@PREFIX@/", include(...)) in urls.py',
        trust='SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") and USE_X_FORWARDED_HOST = True',
    ),
    Framework(
        "Litestar",
        ("litestar", '{"status_code":404,'),
        stripped=_UVICORN_STRIPS,
        kept='Litestar(path="@PREFIX@")',
        trust=_UVICORN_TRUSTS,
        servers='OpenAPIConfig(servers=[Server(url="@PREFIX@")])',
    ),
    Framework(
        "Express",
        ("x-powered-by: express", "<pre>cannot get /"),
        kept='app.use("@PREFIX@", router)',
        trust='app.set("trust proxy", "<address or network of the proxy>")',
    ),
    Framework(
        "Flask",
        (
            "server: werkzeug",
            '{"code":404,"status":',
            "if you entered the url manually please check your spelling",
        ),
        servers='app.config["API_SPEC_OPTIONS"] = {"servers": [{"url": "@PREFIX@"}]} (flask-smorest)',
        stripped="ProxyFix(app.wsgi_app, x_prefix=1), with a header X-Forwarded-Prefix: @PREFIX@ from the proxy",
        kept='Blueprint(..., url_prefix="@PREFIX@")',
        trust="app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)",
    ),
    Framework(
        "FastAPI",
        ("window.location.origin + '", '{"detail":"not found"}', "fastapi"),
        stripped=f"{_UVICORN_STRIPS} (or fastapi run --root-path @PREFIX@); gunicorn with the uvicorn worker ignores "
        "it: use uvicorn --workers there",
        kept="no --root-path, and the prefix @PREFIX@ in every route, docs_url and openapi_url",
        trust=_UVICORN_TRUSTS,
        servers='servers=[{"url": "."}] with root_path_in_servers=False, which is right under every prefix',
    ),
)


def framework_of(answers: Iterable[Answer]) -> Framework:
    """Return what made these answers, or `UNKNOWN`."""
    said = [
        "\n".join(
            [
                answer.text[:20_000],
                *(f"{name}: {answer.headers.get(name, '')}" for name in _TELLING_HEADERS),
            ]
        ).lower()
        for answer in answers
        if answer.is_html or answer.content_type.endswith("json") or answer.status >= 400
    ]
    for framework in FRAMEWORKS:
        if any(mark in text for text in said for mark in framework.marks):
            return framework
    return UNKNOWN
