"""What an OpenAPI 3 document says about addresses."""

import re
from collections.abc import Iterator
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


def read_spec(answer: Answer) -> Spec | None:
    """Return the OpenAPI 3 document of an answer, or None where it is none."""
    document = answer.json if answer.status == 200 else None
    if isinstance(document, dict) and str(document.get("openapi", "")).startswith("3"):
        return Spec(answer.url, document)
    return None


def _with_defaults(server: dict[str, Any]) -> str:
    url: str = server["url"]
    for name, variable in _dict(server.get("variables")).items():
        url = url.replace(f"{{{name}}}", str(_dict(variable).get("default", "")))
    return url


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
