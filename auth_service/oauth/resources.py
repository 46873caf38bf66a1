"""Resource indicators (RFC 8707): a client names the service that a token is for, and gets one for no other."""

from collections.abc import Iterable

from auth_service.oauth.errors import InvalidTarget


class Resources:
    """The services by the URL that each is known by, which is the `resource` of its metadata (RFC 9728)."""

    def __init__(self, public_url: str, services: Iterable[str]) -> None:
        self._services = {f"{public_url}/{service}": service for service in services}

    @property
    def urls(self) -> list[str]:
        """Every service's `resource`."""
        return list(self._services)

    def narrow(self, scope: str, resource: str | None) -> str:
        """The scopes of `scope` that the service has; all of them when none is named.

        Raises:
            InvalidTarget: there is no such service, or none of the scopes is one of its.
        """
        if resource is None:
            return scope
        service = self._services.get(resource.removesuffix("/"))
        if service is None:
            raise InvalidTarget("there is no such resource")
        kept = [name for name in scope.split(" ") if name.startswith(f"{service}:")]
        if not kept:
            raise InvalidTarget("none of the granted scopes is one of this resource")
        return " ".join(kept)
