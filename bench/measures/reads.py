"""Authenticated reads, compared with a bare route and with the tutorial's way."""

from bench.baselines.bare import main as bare
from bench.measures.rates import compare, rates_of
from bench.rows import Findings, at_least
from bench.session import Measure, Session
from bench.sign_in import access_token
from bench.subjects import PAGE, Baseline, reads_of
from bench.wrk import Refused, Request
from testing.http import send


def _on_sqlite(session: Session) -> Findings:
    subjects = session.subjects
    one, page = reads_of(subjects.gatehouse)
    rates = rates_of(
        session,
        {
            "bare": bare_read(subjects.bare),
            "tutorial": tutorial_read(subjects.tutorial),
            "one": one,
            "page": page,
        },
    )
    return Findings(
        (
            compare(rates["one"], rates["bare"]),
            compare(rates["one"], rates["tutorial"]),
            compare(rates["page"], rates["bare"]),
        )
    )


def _on_postgresql(session: Session) -> Findings:
    one, _ = reads_of(session.subjects.gatehouse_on_postgresql)
    rates = rates_of(session, {"bare": bare_read(session.subjects.bare), "one": one})
    return Findings((compare(rates["one"], rates["bare"]),))


def bare_read(baseline: Baseline) -> Request:
    """A read of the bare application."""
    return Request(f"{baseline.url}{bare.ITEM_PATH}")


def tutorial_read(baseline: Baseline) -> Request:
    """A read of the tutorial's application, which signs in and adds an item before."""
    token = access_token(baseline.url, baseline.user)
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    made = send(
        f"{baseline.url}/items/", method="POST", headers=headers, body=b'{"title": "Item 1"}'
    )
    if made.status != 201:
        raise Refused(f"the tutorial's POST /items/ answers {made.status}")
    return Request(f"{baseline.url}/items/{made.json['id']}", token)


ON_SQLITE = Measure(
    "reads",
    "reads on SQLite, a bare route, the tutorial's way",
    _on_sqlite,
    (
        at_least("Authenticated read of one item / a bare FastAPI route, SQLite", 0.50),
        at_least("Authenticated read of one item / the tutorial's way", 6),
        at_least(f"Authenticated list of {PAGE} / a bare FastAPI route, SQLite", 0.35),
    ),
)
ON_POSTGRESQL = Measure(
    "reads-postgresql",
    "reads on PostgreSQL, a bare route",
    _on_postgresql,
    (at_least("Authenticated read of one item / a bare FastAPI route, PostgreSQL", 0.4),),
)
