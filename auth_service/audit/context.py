"""Where what happens now comes from: what the audit log notes beside every event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from fastapi import Request


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asks, and from where.

    Attributes:
        actor: the id of the user who is signed in, or `command:<name>` for a person at a terminal of the server.
        address: the IP address of the client.
        request_id: the `X-Request-ID` of the answer.
    """

    actor: str | None = None
    address: str | None = None
    request_id: str | None = None


# Not a parameter, because nothing but the log's last function reads it, ten calls down.
_NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def current_origin() -> Origin:
    """Where what happens now comes from; nowhere, when the service does it by itself."""
    return _origin.get()


@contextmanager
def coming_from(origin: Origin) -> Iterator[None]:
    """What happens in the block comes from there."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def name_actor(actor: str) -> None:
    """From here on it is known who asks."""
    _origin.set(replace(_origin.get(), actor=actor))


async def remember_origin(request: Request) -> None:
    """A dependency of every router whose routes may write to the audit log."""
    address = request.client.host if request.client else None
    # Nothing takes it back: a request has a context of its own, as it is a task of its own.
    _origin.set(Origin(address=address, request_id=request.state.request_id))
