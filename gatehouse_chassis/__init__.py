"""What every service stands on: settings, proxy safety, bearer tokens, errors, database, health, metrics, logs.

The chassis knows no service: services import it, it imports none of them (the "microservice chassis" pattern).

What a service needs is imported from here: `from gatehouse_chassis import Bearer, Problem, create_service`. A name's
module is loaded when the name is first used (PEP 562), so `gatehouse_chassis.services` works without any package.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatehouse_chassis.extras import needs

if TYPE_CHECKING:  # for type checkers and editors: the same names as in _MODULES
    from gatehouse_chassis.application import create_service as create_service
    from gatehouse_chassis.auth.access_tokens import AccessTokenVerifier as AccessTokenVerifier
    from gatehouse_chassis.auth.access_tokens import Principal as Principal
    from gatehouse_chassis.auth.bearer import Bearer as Bearer
    from gatehouse_chassis.auth.bearer import protected as protected
    from gatehouse_chassis.auth.issuer_keys import IssuerKeys as IssuerKeys
    from gatehouse_chassis.auth.resource_server import ResourceServer as ResourceServer
    from gatehouse_chassis.auth.status_list import StatusList as StatusList
    from gatehouse_chassis.database import Database as Database
    from gatehouse_chassis.database import open_database as open_database
    from gatehouse_chassis.database.columns import UtcDateTime as UtcDateTime
    from gatehouse_chassis.docs.pages import add_docs as add_docs
    from gatehouse_chassis.http.health import health_routes as health_routes
    from gatehouse_chassis.http.paging import Page as Page
    from gatehouse_chassis.http.paging import Paging as Paging
    from gatehouse_chassis.http.problems import BadRequest as BadRequest
    from gatehouse_chassis.http.problems import Conflict as Conflict
    from gatehouse_chassis.http.problems import InvalidInput as InvalidInput
    from gatehouse_chassis.http.problems import NotFound as NotFound
    from gatehouse_chassis.http.problems import PreconditionFailed as PreconditionFailed
    from gatehouse_chassis.http.problems import Problem as Problem
    from gatehouse_chassis.http.problems import ServiceUnavailable as ServiceUnavailable
    from gatehouse_chassis.http.problems import add_problems as add_problems
    from gatehouse_chassis.http.request_id import RequestIdMiddleware as RequestIdMiddleware
    from gatehouse_chassis.http.text import StorableText as StorableText
    from gatehouse_chassis.observability.metrics import add_metrics as add_metrics
    from gatehouse_chassis.proxy.middleware import PublicPrefixMiddleware as PublicPrefixMiddleware
    from gatehouse_chassis.settings import DatabaseURL as DatabaseURL
    from gatehouse_chassis.settings import ServiceSettings as ServiceSettings
    from gatehouse_chassis.settings import SettingsError as SettingsError

__version__ = "0.1.0"

_MODULES = {
    "application": ("create_service",),
    "auth.access_tokens": ("AccessTokenVerifier", "Principal"),
    "auth.bearer": ("Bearer", "protected"),
    "auth.issuer_keys": ("IssuerKeys",),
    "auth.resource_server": ("ResourceServer",),
    "auth.status_list": ("StatusList",),
    "database": ("Database", "open_database"),
    "database.columns": ("UtcDateTime",),
    "docs.pages": ("add_docs",),
    "http.health": ("health_routes",),
    "http.paging": ("Page", "Paging"),
    "http.problems": (
        *("BadRequest", "Conflict", "InvalidInput", "NotFound", "PreconditionFailed", "Problem"),
        *("ServiceUnavailable", "add_problems"),
    ),
    "http.request_id": ("RequestIdMiddleware",),
    "http.text": ("StorableText",),
    "observability.metrics": ("add_metrics",),
    "proxy.middleware": ("PublicPrefixMiddleware",),
    "settings": ("DatabaseURL", "ServiceSettings", "SettingsError"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

# What a module needs beyond the core comes with one of these extras (pyproject.toml beside this file).
_EXTRAS_OF = {
    "application": ("server",),
    "database": ("sqlite", "postgresql"),
    "database.columns": ("sqlite", "postgresql"),
    "observability.metrics": ("metrics",),
    "settings": ("settings",),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _MODULE_OF[name]
    with needs(f"gatehouse_chassis.{name}", *_EXTRAS_OF.get(module, ())):
        return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULE_OF})
