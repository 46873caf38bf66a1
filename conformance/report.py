"""docs/compatibility.md: what the whole matrix showed, sealed so that a stale or an edited page is noticed."""

import hashlib
import platform
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby

from conformance.case import CASES
from conformance.deployments import THE_STACKS
from conformance.impossible import IMPOSSIBLE, NOT_ASKED_HERE
from conformance.matrix import PROXY_NAMES, cause_of_absence
from conformance.proxies import PROXIES
from conformance.run import Outcome, Verdict
from conformance.servers import SERVERS
from conformance.ways import WAYS
from testing.checkout import ROOT

PAGE = ROOT / "docs" / "compatibility.md"

_SEAL = re.compile(r"\n<!-- suite and configurations: (\w{64}); this page: (\w{64}) -->\n\Z")
_GROUPS = tuple(dict.fromkeys(case.group for case in CASES.values()))
_GROUP_TITLES = {
    "C": "core",
    "S": "stripped",
    "K": "kept",
    "N": "nested",
    "H": "https",
    "PORT": "port",
    "U": "untrusted",
}


def render(real: Sequence[Outcome], imitated: Sequence[Outcome], today: date) -> str:
    """The page, with its seal."""
    parts = [
        _introduction(real, imitated, today),
        _versions(),
        "## Real proxies\n\nA number is that of the cases that hold there; what does not is named.",
        *(_proxy_table(proxy, real) for proxy in PROXY_NAMES),
        "## Imitated proxies\n\nTraefik, the Ingress controller, the Gateway API and AWS ALB cannot be had here as "
        "programs. Their headers and paths are imitated in one process, by `conformance/imitations.py`; so are "
        "three of the real ones, which makes the quick test of every change.",
        _table("way", _columns(imitated, "proxy"), imitated, column="proxy"),
        "## By group of cases\n\nCases that hold / cases that were asked, over all real proxies and servers.",
        _group_table(real),
        "## What cannot be",
        _impossibilities(real),
        "## The cases",
        _cases(),
    ]
    body = "\n\n".join(parts) + "\n"
    return f"{body}\n<!-- suite and configurations: {inputs_digest()}; this page: {_digest(body)} -->\n"


def complaint_about(page: str) -> str:
    """What is wrong with a page that was written earlier, or nothing."""
    seal = _SEAL.search(page)
    if seal is None:
        return "has no seal: it was not written by the suite"
    if seal[2] != _digest(page[: seal.start()]):
        return "was edited by hand"
    if seal[1] != inputs_digest():
        return "is older than the suite or the configurations below proxy/"
    return ""


def inputs_digest() -> str:
    """The digest of the suite and of every configuration that it runs."""
    suite = ROOT / "conformance"
    files = [
        *(file for file in suite.rglob("*.py") if not file.name.startswith("test_")),
        *(file for file in (suite / "static").rglob("*") if file.is_file()),
        *(
            ROOT / "proxy" / "examples" / name
            for proxy in PROXIES.values()
            for name in (proxy.inner, proxy.outer)
        ),
        *(file for file in (ROOT / "proxy" / "gateway").iterdir() if file.is_file()),
    ]
    named = sorted((file.relative_to(ROOT).as_posix(), file.read_bytes()) for file in files)
    digest = hashlib.sha256()
    for name, content in named:
        digest.update(f"{name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _introduction(real: Sequence[Outcome], imitated: Sequence[Outcome], today: date) -> str:
    cells = {outcome.cell for outcome in real}
    verdicts = Counter(outcome.verdict for outcome in real)
    bad = sum(outcome.is_bad for outcome in real)
    return (
        "# Compatibility\n\n"
        "Written by `make conformance`; a test fails when this page is edited, or older than what it tells about.\n\n"
        f"On {today.isoformat()}, {len(cells)} combinations of a proxy, a way and a server were run, with "
        f"{len(real)} cases in all: {verdicts[Verdict.PASSED]} hold, {verdicts[Verdict.IMPOSSIBLE]} cannot "
        f"(see [what cannot be](#what-cannot-be)), {bad} fail. Imitated proxies add "
        f"{len({outcome.cell for outcome in imitated})} combinations with {len(imitated)} cases, of which "
        f"{sum(outcome.is_bad for outcome in imitated)} fail.\n\n"
        "Every service process runs with the same settings in all of them: `ROOT_PATH=/items` and the addresses of "
        "its proxies. The proxies run the files of `proxy/`, with other addresses and the options that those offer."
    )


def _versions() -> str:
    rows = [("Python", platform.python_version())]
    rows += [(proxy.name, proxy.told_version()) for proxy in PROXIES.values()]
    rows += [(server.name, server.version) for server in SERVERS.values()]
    return "## Versions\n\n" + _markdown(("what", "version"), rows)


def _proxy_table(proxy: str, outcomes: Sequence[Outcome]) -> str:
    own = [outcome for outcome in outcomes if outcome.cell.proxy == proxy]
    files = "`proxy/gateway/nginx.conf.template`"
    if proxy != THE_STACKS:
        files = f"`proxy/examples/{PROXIES[proxy].inner}`, `proxy/examples/{PROXIES[proxy].outer}`"
    return f"### {proxy}\n\n{files}\n\n" + _table(
        "way", tuple(SERVERS), own, column="server", proxy=proxy
    )


def _table(
    corner: str,
    columns: Sequence[str],
    outcomes: Sequence[Outcome],
    *,
    column: str,
    proxy: str = "",
) -> str:
    rows = []
    for way in WAYS:
        absent = cause_of_absence(proxy, way)
        if absent:
            continue
        found = {
            name: [
                o for o in outcomes if o.cell.way == way.name and getattr(o.cell, column) == name
            ]
            for name in columns
        }
        rows.append((way.name, *(_mark(found[name]) for name in columns)))
    return _markdown((corner, *columns), rows)


def _columns(outcomes: Sequence[Outcome], attribute: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(getattr(outcome.cell, attribute) for outcome in outcomes))


def _mark(outcomes: Sequence[Outcome]) -> str:
    """How many cases hold in a cell, and which do not."""
    holding = sum(outcome.verdict is Verdict.PASSED for outcome in outcomes)
    failing = [outcome.case.id for outcome in outcomes if outcome.is_bad]
    impossible = [outcome.case.id for outcome in outcomes if outcome.verdict is Verdict.IMPOSSIBLE]
    mark = f"✗ {', '.join(failing)}; {holding}" if failing else f"✓ {holding}"
    return mark + (f", not {', '.join(impossible)}" if impossible else "")


def _group_table(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for way in WAYS:
        row = [way.name]
        for group in _GROUPS:
            asked = [o for o in outcomes if o.cell.way == way.name and o.case.group == group]
            holding = sum(outcome.verdict is Verdict.PASSED for outcome in asked)
            row.append(f"{holding} / {len(asked)}" if asked else "")
        rows.append(tuple(row))
    return _markdown(("way", *(f"{group}, {_GROUP_TITLES[group]}" for group in _GROUPS)), rows)


def _impossibilities(outcomes: Sequence[Outcome]) -> str:
    rows = []
    for entry in IMPOSSIBLE:
        cells = [
            outcome.cell
            for outcome in outcomes
            if outcome.verdict is Verdict.IMPOSSIBLE and outcome.case.id == entry.case
        ]
        ways = "; ".join(dict.fromkeys(cell.way for cell in cells))
        rows.append((entry.case, f"{len(cells)} combinations: {ways}", entry.cause))
    for proxy in PROXY_NAMES:
        absent = [(cause, way.name) for way in WAYS if (cause := cause_of_absence(proxy, way))]
        for cause, group in groupby(sorted(absent), key=lambda pair: pair[0]):
            rows.append(("all", f"{proxy}: {'; '.join(way for _, way in group)}", cause))
    return _markdown(("case", "where", "cause"), rows)


def _cases() -> str:
    rows = [(case.id, case.promise) for case in CASES.values()]
    rows += [(name, f"No case of its own. {where}") for name, where in NOT_ASKED_HERE.items()]
    return _markdown(("case", "promise"), rows)


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
