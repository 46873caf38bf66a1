"""What cannot be, and why: the one place where the suite lets a case fail or leaves a cell out.

A case that is named here must fail: one that passes after all is an error of this table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from conformance.ways import Way


@dataclass(frozen=True)
class Impossible:
    """A case that cannot pass where `where` (proxy, way, server) holds."""

    case: str
    where: Callable[[str, Way, str], bool]
    cause: str


IMPOSSIBLE = (
    Impossible(
        "S5",
        lambda proxy, way, server: True,
        "Behind a proxy that strips, a request for /items/items/who arrives as /items/who: the same bytes that a "
        "proxy sends which keeps the prefix. It is answered with the same resource under the same policy "
        "(docs/decisions/0001-one-setting-for-strip-and-keep.md).",
    ),
)

NOT_ASKED_HERE = {
    "S1": "The core set C1-C21, in the ways that strip.",
    "S3": "A setting, judged at start: "
    "tests/gatehouse_chassis/proxy/test_public_prefix.py::test_a_root_path_is_normalised.",
    "K1": "The core set C1-C21, in the ways that keep.",
    "K3": "C7 counts the prefix in every URL of the document.",
    "N1": "The core set C1-C21, in the ways with an outer prefix.",
    "PORT4": "HTTP/3: the suite has no client for it, and Debian's nginx no HTTP/3. Host is then what the proxy "
    "makes of :authority; a request without one is a 400 (U4).",
    "U7": "A setting, judged at start: "
    "tests/gatehouse_chassis/proxy/test_forwarded.py::test_an_entry_that_cannot_mean_what_was_meant_is_refused.",
}
"""Promises that are no cases of a cell, and where they are kept."""


def cause_of(case: str, proxy: str, way: Way, server: str) -> str:
    """Why the case cannot pass there, or nothing."""
    causes = (
        entry.cause
        for entry in IMPOSSIBLE
        if entry.case == case and entry.where(proxy, way, server)
    )
    return next(causes, "")
