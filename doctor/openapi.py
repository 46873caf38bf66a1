"""What an OpenAPI document says about addresses."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from doctor.addresses import resolve
from doctor.deployment import Answer
from doctor.harmless import is_harmless

_FLOW_URLS = ("tokenUrl", "authorizationUrl", "refreshUrl")


@dataclass(frozen=True)
class FlowUrl:
    """One URL of an OAuth2 flow as it is written, and where: `OAuth2PasswordBearer.password.tokenUrl`."""

    place: str
    url: str

    @property
    def is_token_endpoint(self) -> bool:
        return not self.place.endswith("authorizationUrl")


@dataclass(frozen=True)
class Spec:
    """An OpenAPI document and the absolute URL it came from."""

    url: str
    document: dict[str, Any]

    @property
    def servers(self) -> list[str]:
        """The URLs of the servers as they are written, their variables set to the defaults."""
        return [
            _with_defaults(server)
            for server in _list(self.document.get("servers"))
            if isinstance(server, dict) and isinstance(server.get("url"), str)
        ]

    @property
    def server(self) -> str | None:
        """The server that is selected by default: the first."""
        return self.servers[0] if self.servers else None

    @property
    def base(self) -> str:
        """Where requests go: the server resolved against the document, without a final slash."""
        return resolve(self.server or "/", self.url).rstrip("/")

    @property
    def paths(self) -> dict[str, Any]:
        return {
            path: item
            for path, item in _dict(self.document.get("paths")).items()
            if path.startswith("/") and isinstance(item, dict)
        }

    @property
    def plain_paths(self) -> list[str]:
        """Harmless paths without parameters, those that can be read (GET) first."""
        plain = [path for path in self._harmless if "{" not in path]
        return sorted(plain, key=lambda path: "get" not in self.paths[path])

    @property
    def readable_templates(self) -> list[str]:
        """Harmless paths that can be read (GET) and end in their one parameter."""
        return [
            path
            for path in self._harmless
            if "get" in self.paths[path] and re.fullmatch(r"[^{]*/\{[^{}]+\}", path)
        ]

    @property
    def _harmless(self) -> list[str]:
        return [path for path, item in self.paths.items() if is_harmless(path, item.get("get"))]

    @property
    def flow_urls(self) -> list[FlowUrl]:
        """Every URL of every OAuth2 flow, each once."""
        return list(dict.fromkeys(self._flow_urls()))

    def _flow_urls(self) -> Iterator[FlowUrl]:
        schemes = _dict(_dict(self.document.get("components")).get("securitySchemes"))
        for name, scheme in schemes.items():
            for flow_name, flow in _dict(_dict(scheme).get("flows")).items():
                for key in _FLOW_URLS:
                    if isinstance(url := _dict(flow).get(key), str) and url:
                        yield FlowUrl(f"{name}.{flow_name}.{key}", url)

    @property
    def websockets(self) -> list[str]:
        """Paths declared by `x-websocket`: a list at the top, or `true` on a path."""
        listed = [path for path in _list(self.document.get("x-websocket")) if isinstance(path, str)]
        marked = [path for path, item in self.paths.items() if item.get("x-websocket") is True]
        return [*listed, *marked]


AS_SWAGGER_UI_ASKS = ("Accept", "application/json,*/*")
"""With this header a service that also speaks YAML answers JSON."""


def read_spec(answer: Answer) -> Spec | None:
    """Return the OpenAPI document of an answer, or None where it is none or was cut off."""
    if answer.status != 200 or not answer.is_whole:
        return None
    return as_spec(answer.url, answer.json or _yaml(answer))


def as_spec(url: str, document: object) -> Spec | None:
    """Return a document that came from `url`, one of Swagger 2.0 in OpenAPI 3's words."""
    if isinstance(document, dict):
        if str(document.get("openapi", "")).startswith("3"):
            return Spec(url, document)
        if str(document.get("swagger", "")).startswith("2"):
            return Spec(url, _from_swagger_2(document))
    return None


def is_yaml(answer: Answer) -> bool:
    """Whether an answer is an OpenAPI document in YAML."""
    return (
        answer.status == 200
        and not answer.is_html
        and bool(re.match(r"(#.*\s+|---\s+)*[\"']?(openapi|swagger)[\"']?:\s", answer.text))
    )


def _yaml(answer: Answer) -> object:
    if not is_yaml(answer):
        return None
    try:
        import yaml  # type: ignore[import-untyped] # not needed, but read where it is installed
    except ImportError:
        return None
    with suppress(yaml.YAMLError, RecursionError):
        return yaml.safe_load(answer.text)
    return None


def _from_swagger_2(document: dict[str, Any]) -> dict[str, Any]:
    """Return what Swagger 2.0 says about addresses as OpenAPI 3 does."""
    host, path = document.get("host"), str(document.get("basePath") or "/")
    schemes = [f"{scheme}:" for scheme in _list(document.get("schemes"))] or [""]
    urls = [f"{scheme}//{host}{path}" for scheme in schemes] if host else [path]
    flows = {
        name: {"flows": {str(_dict(scheme).get("flow")): scheme}}
        for name, scheme in _dict(document.get("securityDefinitions")).items()
    }
    return {
        "paths": document.get("paths"),
        "servers": [{"url": url} for url in urls],
        "components": {"securitySchemes": flows},
    }


def _with_defaults(server: dict[str, Any]) -> str:
    url: str = server["url"]
    for name, variable in _dict(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(_dict(variable).get("default", "")))
    return url


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
