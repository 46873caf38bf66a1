"""docs/routes.md, from the applications themselves."""

import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from pydantic import SecretStr

from deploy.pages.settings import settings_classes
from gatehouse_chassis.auth.bearer import Bearer
from gatehouse_chassis.services import ServiceEntry
from gatehouse_chassis.settings import ServiceSettings

PAGE = Path("docs/routes.md")

_HEADER = """\
# Routes

Every route of every service: who may call it, and what limits and records it.

- **Who.** *Anyone* needs no credentials. A *token* is an access token of auth with these scopes. *User*: the token is a
  person's, who is not disabled. *Administrator*: the database says now that this person is one. *Client*: it
  authenticates as RFC 6749 section 2.3 says; a public client only names itself.
- **Limit.** *Sign-in* is nginx's limit for what hashes a password or asks for a mail: 5 requests a second from one
  network, 20 at once.
- **Audit.** The events that auth may write to its audit log. Where a token is needed, `token_refused` tells of forged
  ones and `access_denied` of rights that were missing.

Written by `make sync` from the applications and `services.toml`; do not edit it.
"""
# What a dependency of this name makes sure of.
_WHO = {
    "get_administrator": "administrator",
    "get_administrator_if_any": "anyone; administrator, when a token is sent",
    "get_current_user": "user",
    "get_authenticated_client": "client",
}


@dataclass(frozen=True, order=True)
class Route:
    """One line of the table."""

    path: str
    method: str
    who: str
    limit: str
    audit: str

    def __str__(self) -> str:
        return f"| `{self.method} {self.path}` | {self.who} | {self.limit} | {self.audit} |"


def page(services: Mapping[str, ServiceEntry]) -> str:
    """The page for these services."""
    parts = [_HEADER]
    for service in services.values():
        if service.package:
            lines = ["| route | who | limit | audit |", "| --- | --- | --- | --- |"]
            lines += [str(route) for route in sorted(routes(service))]
            parts += [f"## {service.title}\n", "\n".join([*lines, ""])]
    return "\n".join(parts)


def routes(service: ServiceEntry) -> Iterator[Route]:
    """Each method of each route of a service of ours."""
    with tempfile.TemporaryDirectory() as folder:
        app = _application(service, Path(folder))
        for route in iter_route_contexts(app.routes):
            for method in sorted((route.methods or {"GET"}) - {"HEAD", "OPTIONS"}):
                inside = f"{method} {route.path}"
                yield Route(
                    path=f"{service.prefix}{route.path}",
                    method=method,
                    who=_who(route),
                    limit="sign-in" if inside in service.sign_in_limit else "",
                    audit=", ".join(_audit_events(route)),
                )


def _application(service: ServiceEntry, folder: Path) -> FastAPI:
    """The application with a database of its own and secrets that nobody else has."""
    settings_class = next(
        each for each in settings_classes(service) if issubclass(each, ServiceSettings)
    )
    required: dict[str, Any] = {
        name: secrets.token_hex(32)
        for name, field in settings_class.model_fields.items()
        if field.is_required() and field.annotation is SecretStr
    }
    settings = settings_class(
        **required, database_url=f"sqlite:///{folder / 'routes.db'}", state_dir=folder
    )
    app: FastAPI = import_module(f"{service.package}.main").create_app(settings)
    return app


def _who(route: RouteContext) -> str:
    """Who may call the route, by what it depends on."""
    if route.path == "/metrics":
        return "anyone who reaches the service's own port"
    if not isinstance(route.route, APIRoute):
        return "anyone"
    found = [*_dependencies(route.dependant)]
    words = [_WHO[name] for name in _WHO if name in {_name(one) for one in found}]
    scopes = {
        scope
        for one in found
        if isinstance(one.call, Bearer)
        for scope in (*(one.own_oauth_scopes or ()), *(one.parent_oauth_scopes or ()))
    }
    has_token = any(isinstance(one.call, Bearer) for one in found)
    token = ["token with " + " ".join(f"`{scope}`" for scope in sorted(scopes))] if scopes else []
    return ", ".join([*words[:1], *token]) or ("token" if has_token else "anyone")


def _dependencies(dependant: Dependant) -> Iterator[Dependant]:
    for dependency in dependant.dependencies:
        yield dependency
        yield from _dependencies(dependency)


def _name(dependant: Dependant) -> str:
    return getattr(dependant.call, "__name__", "")


def _audit_events(route: RouteContext) -> Iterable[str]:
    extra = getattr(route.route, "openapi_extra", None) or {}
    return [f"`{event}`" for event in extra.get("x-audit-events", ())]
