"""Tokens for clients, compared with a bare form."""

from bench.baselines.bare import main as bare
from bench.measures.rates import compare, rates_of
from bench.rows import Findings, at_least
from bench.session import Measure, Session
from bench.wrk import Refused, Request
from testing.stack import Stack


def _measure(session: Session) -> Findings:
    stack, baseline = session.subjects.gatehouse, session.subjects.bare
    form = _client(stack)
    rates = rates_of(
        session,
        {
            "bare": Request(f"{baseline.url}{bare.FORM_PATH}", form=form),
            "tokens": Request(f"{stack.url}/auth/token", form=form),
        },
    )
    return Findings((compare(rates["tokens"], rates["bare"]),))


def _client(stack: Stack) -> dict[str, str]:
    """Register a client, and return the form with which it asks for tokens."""
    admin = stack.token_request(
        grant_type="password",
        username=stack.admin.username,
        password=stack.admin.password,
        scope="auth:admin",
    ).json["access_token"]
    new = {
        "name": "Bench",
        "confidential": True,
        "grants": ["client_credentials"],
        "scopes": ["items:read", "items:write"],
    }
    made = stack.call("POST", "/auth/clients", token=admin, json=new)
    if made.status != 201:
        raise Refused(f"POST /auth/clients answers {made.status}")
    return {
        "grant_type": "client_credentials",
        "client_id": made.json["client_id"],
        "client_secret": made.json["client_secret"],
    }


MEASURE = Measure(
    "tokens",
    "client_credentials, a bare form",
    _measure,
    (at_least("client_credentials tokens / a bare form POST", 0.5),),
)
