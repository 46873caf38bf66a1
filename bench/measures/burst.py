"""Two hundred people sign in at the same moment: does auth stay alive, and small?"""

import time

from bench.figures import spread
from bench.rows import Figure, Findings, at_most
from bench.session import Measure, Session
from bench.sign_in import password_form
from bench.wrk import Refused
from testing.http import send
from testing.stack import Stack
from testing.storm import own_process, storm_of_forms

PEOPLE = 200


def _measure(session: Session) -> Findings:
    figures: list[Figure] = []
    megabytes: list[float] = []
    for stack in (session.subjects.gatehouse, session.subjects.gatehouse_on_postgresql):
        slowest = []
        for number in range(1, session.plan.rounds + 1):
            session.tell_round(number)
            milliseconds, memory = _burst(stack)
            slowest.append(max(milliseconds))
            megabytes.append(memory)
        worst = spread([max(slowest)])
        each = ", ".join(f"{one:.0f}" for one in slowest)
        figures.append(Figure(worst, f"the slowest answer of each burst: {each} ms"))
    peak = Figure(
        spread([max(megabytes)]), f"the highest of {len(megabytes)} bursts, master and workers"
    )
    return Findings((*figures, peak))


def _burst(stack: Stack) -> tuple[list[float], float]:
    """How long each `/health/live` took meanwhile, in milliseconds, and the highest memory, in megabytes."""
    auth, milliseconds, memory = stack.services["auth"], [], 0.0
    with own_process() as process:
        burst = storm_of_forms(
            process, f"{stack.auth_url}/token", password_form(stack.demo), PEOPLE
        )
        while not burst.done():
            asked = time.perf_counter()
            status = send(stack.auth_url, "/health/live").status
            milliseconds.append((time.perf_counter() - asked) * 1000)
            memory = max(memory, auth.pss_megabytes)
            if status != 200:
                raise Refused(f"/health/live answers {status}")
        statuses = {status for status, _, _ in burst.result()}
    if statuses != {200, 503}:
        raise Refused(f"the sign-ins are answered {sorted(statuses)} instead of 200 and 503")
    return milliseconds, memory


_SLOWEST = f"Slowest `/auth/health/live` while {PEOPLE} people sign in at once"

MEASURE = Measure(
    "burst",
    f"{PEOPLE} people who sign in at once",
    _measure,
    (
        at_most(f"{_SLOWEST}, SQLite", 200, " ms"),
        at_most(f"{_SLOWEST}, PostgreSQL", 200, " ms"),
        at_most("Memory of auth meanwhile", 250, " MB PSS"),
    ),
)
