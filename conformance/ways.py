"""The ways in which a proxy can stand in front of a service."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Way:
    """One way, and what follows from it for whoever asks.

    Attributes:
        name: how tables and tests call it.
        strips: the proxy next to the service removes its prefix.
        outer: another proxy in front puts everything below `/outer`, and says so to the services or not.
        https: TLS ends at the outermost proxy.
        port: what the public URL says: the port on which the proxy listens, none at all (the scheme's default), or
            another one that is published for it, as containers do.
        in_a_row: two proxies, of which the outer one adds no prefix.
        unix: the proxy reaches the service on a unix socket.
        twice: the same service is asked below the outer prefix and without it, in turns.
        host_lost: the proxy writes its own idea of a host into the Host header.
    """

    name: str
    strips: bool = False
    outer: Literal["announced", "unannounced"] | None = None
    https: bool = False
    port: Literal["own", "default", "published"] = "own"
    in_a_row: bool = False
    unix: bool = False
    twice: bool = False
    host_lost: bool = False


WAYS = (
    Way("stripped", strips=True),
    Way("kept"),
    Way("outer prefix announced, kept", outer="announced", https=True, port="published"),
    Way(
        "outer prefix announced, stripped",
        strips=True,
        outer="announced",
        https=True,
        port="published",
    ),
    Way("outer prefix unannounced, kept", outer="unannounced", https=True, port="default"),
    Way(
        "outer prefix unannounced, stripped",
        strips=True,
        outer="unannounced",
        https=True,
        port="default",
    ),
    Way("two prefixes at once", outer="unannounced", twice=True),
    Way("TLS ended at the proxy", https=True, port="default"),
    Way("TLS on a non-standard port", strips=True, https=True),
    Way("published port is another", port="published"),
    Way("two proxies in a row", https=True, port="default", in_a_row=True),
    Way("unix socket", strips=True, unix=True),
    Way("host rewritten by the proxy", strips=True, host_lost=True),
)
