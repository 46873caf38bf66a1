"""Who causes what the audit log records, and from where."""

from dataclasses import dataclass


@dataclass(slots=True)
class AuditContext:
    """What every entry of one request or one command has in common.

    It is made at the edge and passed as an argument down to the audit store. A route gets it as
    `auth_service.dependencies.Context`. Without arguments it stands for the service itself, which acts by schedule.

    Attributes:
        actor: the id of the signed-in user, or `command:uid=<number>(<name>)` for a person at a terminal of the server.
        address: the IP address of the client.
        request_id: the `X-Request-ID` of the response.
    """

    actor: str | None = None
    address: str | None = None
    request_id: str | None = None

    def set_actor(self, actor: str) -> None:
        """To be called as soon as it is known who acts."""
        self.actor = actor
