"""Sign-ins with a password, compared with what the cores can hash at most."""

import os
import subprocess
import sys

from bench.figures import take_turns
from bench.measures.rates import compare
from bench.rows import Findings, at_least
from bench.session import Measure, Session
from bench.subjects import login_of
from testing.checkout import ROOT


def _measure(session: Session) -> Findings:
    seconds = session.plan.hashing_seconds
    login = login_of(session.subjects.gatehouse)
    session.wrk.run(login, 1)
    rates = take_turns(
        {
            "logins": lambda: session.wrk.run(login, seconds).rate,
            "argon2id": lambda: _argon2id_alone(seconds),
        },
        session.plan.rounds,
        session.tell_round,
    )
    return Findings((compare(rates["logins"], rates["argon2id"], "passwords/s"),))


def _argon2id_alone(seconds: int) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.baselines.argon2id", str(seconds)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


MEASURE = Measure(
    "logins",
    "password sign-ins, argon2id alone",
    _measure,
    (at_least("Password logins / what argon2id alone allows on these cores", 0.85),),
)
