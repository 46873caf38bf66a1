"""Whether the time of an answer shows who has an account: sign-in, sign-up and reset, for known and unknown people.

Every try comes from an address of its own and, where a person is known, is about an account of its
own, so that no counter against guessing is ever reached. Known and unknown take turns in the order
known, unknown, unknown, known, so that what an answer leaves behind slows both alike.
"""

import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from json import dumps
from statistics import median
from urllib.parse import urlencode
from uuid import UUID

from auth_service.tables import users
from bench.bulk import copy_row
from bench.figures import Spread
from bench.rows import Figure, Findings, at_most
from bench.session import Measure, Session
from bench.wrk import Refused
from testing.http import Answer, send
from testing.nginx import Proxy, running_proxy
from testing.stack import Stack

_PARTS = 5
_PASSWORD = "wrong but long enough to be one"
_FIRST_ADDRESS = IPv4Address("10.0.0.0")
_ROOM = 100_000  # numbers of no account begin here; all names are equally long


def _measure(session: Session) -> Findings:
    stack = session.subjects.new_gatehouse("gatehouse-of-unknown")
    tries = session.plan.tries
    _make_known(stack, tries)
    figures = []
    # Addresses that clients are behind are believed from us, so that each try has its own.
    networks = {
        "GATEHOUSE_TRUSTED_PROXIES": "127.0.0.1",
        "GATEHOUSE_RATE_LIMIT_EXEMPT": "10.0.0.0/8",
    }
    folder = stack.folder / "unknown"
    folder.mkdir()
    with running_proxy(
        folder,
        ports={name: int(url.rpartition(":")[2]) for name, url in stack.urls.items()},
        settings=networks,
    ) as proxy:
        for number, (name, ask) in enumerate(_KINDS.items()):
            session.say(f"{name}: {tries} tries each")
            figures.append(_compare(proxy, ask, tries, kind=number))
    return Findings(tuple(figures))


def _make_known(stack: Stack, count: int) -> None:
    """Accounts with the demo user's password."""
    me = stack.call("GET", "/auth/users/me", token=stack.sign_in()).json
    name = "printf('someone-%06d', i)"
    copy_row(
        stack.environment["AUTH_DATABASE_URL"],
        users,
        UUID(me["id"]),
        range(len(_KINDS) * count),
        {
            "username": name,
            "email": f"{name} || '@example.com'",
            "email_verified_at": "created_at",
        },
    )


def _compare(
    proxy: Proxy, ask: Callable[[Proxy, str, str], Answer], tries: int, kind: int
) -> Figure | Refused:
    """How far the median times of known and unknown people lie apart."""
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses: dict[bool, set[int]] = {True: set(), False: set()}
    for number in range(tries):
        for known in (True, False) if number % 2 else (False, True):
            person = kind * tries + number + (0 if known else _ROOM)
            address = str(_FIRST_ADDRESS + person)
            began = time.perf_counter()
            answer = ask(proxy, f"someone-{person:06}", address)
            times[known].append(time.perf_counter() - began)
            statuses[known].add(answer.status)
    if statuses[True] != statuses[False]:
        return Refused(
            f"the answers tell who exists: {sorted(statuses[True])} for the known, "
            f"{sorted(statuses[False])} for the unknown"
        )
    return _apart(times[True], times[False], statuses[True])


def _apart(known: Sequence[float], unknown: Sequence[float], statuses: set[int]) -> Figure:
    """The difference of the medians in percent, of all tries and of each part of them."""
    size = len(known) // _PARTS
    parts = [slice(start, start + size) for start in range(0, size * _PARTS, size)]
    differences = [_difference(known[part], unknown[part]) for part in parts]
    milliseconds = f"{median(known) * 1000:.1f} and {median(unknown) * 1000:.1f} ms"
    return Figure(
        Spread(_difference(known, unknown), min(differences), max(differences)),
        f"known and unknown: {milliseconds}; both answered {', '.join(map(str, statuses))}",
    )


def _difference(known: Sequence[float], unknown: Sequence[float]) -> float:
    return abs(median(known) / median(unknown) - 1) * 100


def _sign_in(proxy: Proxy, person: str, address: str) -> Answer:
    form = {"grant_type": "password", "username": person, "password": _PASSWORD}
    kind = "application/x-www-form-urlencoded"
    return _post(proxy, "/auth/token", urlencode(form), kind, address)


def _sign_up(proxy: Proxy, person: str, address: str) -> Answer:
    new = {"username": person, "email": f"{person}@example.com"}
    return _post(proxy, "/auth/users", dumps(new), "application/json", address)


def _reset(proxy: Proxy, person: str, address: str) -> Answer:
    asked = dumps({"username": person})
    return _post(proxy, "/auth/users/password-reset", asked, "application/json", address)


def _post(proxy: Proxy, path: str, body: str, kind: str, address: str) -> Answer:
    headers = [("Content-Type", kind), ("X-Forwarded-For", address)]
    return send(proxy.url, path, method="POST", headers=headers, body=body.encode())


_KINDS = {"sign-in": _sign_in, "sign-up": _sign_up, "password reset": _reset}

MEASURE = Measure(
    "equal-times",
    "whether time shows who has an account",
    _measure,
    tuple(
        at_most(f"Time of a {kind}, known / unknown person: medians apart", 5, " %")
        for kind in _KINDS
    ),
    quick=False,
)
