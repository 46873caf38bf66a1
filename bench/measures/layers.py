"""What each layer takes of one authenticated read, in microseconds of processor time."""

import json
import subprocess
import sys
from statistics import median
from uuid import UUID

from bench.markdown import table
from bench.plots import shares
from bench.processes import cpu_seconds
from bench.rows import Findings
from bench.session import Measure, Session
from bench.subjects import reads_of
from bench.wrk import Refused, Request
from testing.checkout import ROOT
from testing.processes import Program
from testing.stack import Stack

_SERVED = "counted in /proc while wrk reads"
_LOOP = "in process, in a loop"
_DIFFERENCE = "in process, the difference of two loops"


def _measure(session: Session) -> Findings:
    stack, nothing = session.subjects.gatehouse, session.subjects.nothing
    read, _ = reads_of(stack)
    session.say("nginx and the server")
    server = _served(session, Request(f"{nothing.url}/items/nothing"), nothing.service)
    nginx = _served(session, read, stack.proxy.program)
    items = _served(session, read, stack.services["items"])
    session.say("the service, in process")
    part = _in_process(session, stack, read)
    middleware = part["whole"] - part["inner"]
    known = part["token"] + part["database"] + part["serialisation"]
    layers = {
        "nginx": (nginx, _SERVED),
        "server": (server, f"{_SERVED} an application that does nothing"),
        "middleware": (middleware, _DIFFERENCE),
        "FastAPI": (part["inner"] - known, f"{_DIFFERENCE}: routing, dependencies, response"),
        "token check": (part["token"], f"{_LOOP}, the token being known"),
        "database": (part["database"], f"{_LOOP}, SQLite"),
        "serialisation": (part["serialisation"], _LOOP),
    }
    rows = [[name, f"{cost:.0f}", how] for name, (cost, how) in layers.items()]
    total = sum(cost for cost, _ in layers.values())
    rows.append(["sum", f"{total:.0f}", ""])
    rows.append(["the same, nginx and a worker of items", f"{nginx + items:.0f}", _SERVED])
    drawn = {name: cost for name, (cost, _) in layers.items()}
    return Findings(
        blocks={"layers": table(["layer", ">µs", "how"], rows)},
        plots={"performance-layers.svg": shares(drawn, "µs of processor time for one read")},
    )


def _served(session: Session, request: Request, program: Program) -> float:
    """Microseconds of a program and its children for one request."""
    costs = []
    for _ in range(session.plan.rounds):
        processes = [program.pid, *program.children]
        before = cpu_seconds(processes)
        run = session.wrk.run(request, session.plan.seconds)
        costs.append((cpu_seconds(processes) - before) / run.requests * 1e6)
    return median(costs)


def _in_process(session: Session, stack: Stack, read: Request) -> dict[str, float]:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench.in_process"),
            *(str(UUID(read.url.rpartition("/")[2])), str(session.plan.rounds)),
        ],
        cwd=ROOT,
        env={
            **stack.environment,
            "ITEMS_STATE_DIR": str(stack.folder / "in-process"),
            "BENCH_TOKEN": read.token,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        raise Refused(f"the parts cannot be measured in process: {why}")
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


MEASURE = Measure("layers", "what each layer costs", _measure, block="layers", quick=False)
