"""Resource indicators (RFC 8707): a client names the service that a token is for, and gets one for no other."""

from collections.abc import Mapping

from auth_service.oauth.scopes import AUTH
from gatehouse_chassis.services import ServiceEntry


class UnknownResource(Exception):
    """The named resource is none of the services, or none that the granted scopes are for."""


class Resources:
    """The services by the URL that each is known by, which is the `resource` of its metadata (RFC 9728).

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

    def narrow(self, scope: str, resource: str | None) -> str:
        """The scopes of `scope` that the service has; all of them when none is named.

        Raises:
            UnknownResource: there is no such service, or none of the scopes is one of its.
        """
        if resource is None:
            return scope
        service = self._services.get(resource.removesuffix("/"))
        if service is None:
            raise UnknownResource("there is no such resource")
        kept = [name for name in scope.split() if name.startswith(f"{service}:")]
        if not kept and (scope or service != AUTH):
            raise UnknownResource("none of the granted scopes is one of this resource")
        return " ".join(kept)
