"""What readers notice of a login storm."""

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from bench.figures import ratio, take_turns
from bench.rows import Figure, Findings, at_most
from bench.session import Measure, Session
from bench.subjects import login_of, reads_of

# Until every hashing thread has work.
_STORM_RISES_S = 0.5


def _measure(session: Session) -> Findings:
    stack = session.subjects.gatehouse
    read, _ = reads_of(stack)
    login = login_of(stack)
    seconds = session.plan.hashing_seconds
    session.wrk.run(read, 1)

    def quiet() -> float:
        return session.wrk.run(read, seconds).p99

    def stormy() -> float:
        with ThreadPoolExecutor(1) as thread:
            storm = thread.submit(session.wrk.run, login, seconds + 1)
            time.sleep(_STORM_RISES_S)
            p99 = session.wrk.run(read, seconds).p99
            storm.result()  # raises when a sign-in failed, for then it was no storm
        return p99

    p99 = take_turns({"quiet": quiet, "stormy": stormy}, session.plan.rounds, session.tell_round)
    detail = f"{median(p99['stormy']):.1f} of {median(p99['quiet']):.1f} ms"
    return Findings((Figure(ratio(p99["stormy"], p99["quiet"]), detail),))


MEASURE = Measure(
    "storm",
    "reads while logins saturate auth",
    _measure,
    (at_most("p99 of item reads while logins saturate auth / p99 without", 3),),
)
