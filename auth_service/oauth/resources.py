"""Resource indicators (RFC 8707): a client names the services that a token is for, and gets one for no other.

Several are written as scopes are: with one space between, which no URL holds.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from auth_service.oauth.scopes import OF_OPENID, service_of
from gatehouse_chassis.services import ServiceEntry

MAX_CHARS = 512

# No other spelling of a path: neither `.` and `..` as a segment, nor an escape, a query or a fragment.
_PLAIN = re.compile(r"https?://[^/?#\s]+(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")


class UnknownResource(Exception):
    """The named resource is none of the services, or none that the granted scopes are for."""


class Target(NamedTuple):
    """What a token is for."""

    scope: str
    resource: str = ""
    """The URLs that were named, as each resource calls itself in its metadata (RFC 9728)."""

    audience: tuple[str, ...] = ()
    """What `aud` of the token names; empty where the scopes say it."""


class Resources:
    """The services by the URL that each is known by, which is the `resource` of its metadata (RFC 9728).

    What lies below such a URL is a resource of its own, such as an MCP server at `/items/mcp`. A token that is bound to
    it names it alone, so the service itself and its other resources refuse that token.

    Args:
        public_url: where the public finds the stack.
        services: the list of services; those without scopes take no token, so they are no resource.
    """

    def __init__(self, public_url: str, services: Mapping[str, ServiceEntry]) -> None:
        self._services = {
            f"{public_url}{service.prefix}": name
            for name, service in services.items()
            if service.scopes
        }

    @property
    def urls(self) -> list[str]:
        """Every service's `resource`."""
        return list(self._services)

    def narrow(self, scope: str, resource: str | None, *, granted: str = "") -> Target:
        """The scopes of `scope` that the named services have; all of them when none is named.

        Those of OpenID Connect stay: they ask for an ID token, which is for the client and for no resource.

        Args:
            scope: what was granted.
            resource: what this request names.
            granted: what the request for the grant named; it counts when this one names nothing.

        Raises:
            UnknownResource: there is no such service, or none of the scopes is one of its.
        """
        services = {service_of(name) for name in scope.split()}
        if resource is None:
            # What was lost since, such as an administrator's rights, is no error of this request.
            named = [url for url in granted.split() if self._service_at(url) in services]
        else:
            named = list(dict.fromkeys(url.removesuffix("/") for url in resource.split(" ")))
        if not named:
            return Target(scope)
        wanted = {self._service_at(url) for url in named}
        if None in wanted:
            raise UnknownResource("there is no such resource")
        if not wanted <= services:
            raise UnknownResource("none of the granted scopes is one of this resource")
        kept = [name for name in scope.split() if service_of(name) in wanted or name in OF_OPENID]
        whole = {self._services[url] for url in named if url in self._services}
        return Target(" ".join(kept), " ".join(named), (*sorted(whole), *named))

    def _service_at(self, url: str) -> str | None:
        """The service with this URL, or with the one that it lies below."""
        if not _PLAIN.fullmatch(url) or len(url) > MAX_CHARS:
            return None
        found = (name for base, name in self._services.items() if f"{url}/".startswith(f"{base}/"))
        return next(found, None)
