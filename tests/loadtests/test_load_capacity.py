from pathlib import Path

import pytest

from loadtests import capacity
from loadtests.capacity import Probe, draw, render, search
from loadtests.resources import Resources, bottleneck
from tests.loadtests.command import finish, start
from tests.loadtests.summaries import row, summary


def stack_that_holds(limit: float) -> list[Probe]:
    return search(lambda rate: Probe(rate, rate <= limit), first=50)


@pytest.mark.parametrize("limit", [7, 50, 123, 400, 3000])
def test_the_highest_rate_that_holds_is_found_to_a_tenth(limit: float) -> None:
    probes = stack_that_holds(limit)

    best = max(probe.rate for probe in probes if probe.held)
    assert limit / 1.1 <= best <= limit
    assert len(probes) <= 14


def test_a_stack_that_holds_at_no_rate_ends_the_search() -> None:
    assert not any(probe.held for probe in stack_that_holds(0))


def test_the_report_names_the_rate_and_what_was_full_above_it(tmp_path: Path) -> None:
    times = {"p50": 3.0, "p95": 9.0, "p99": 21.0}
    probes = [
        Probe(100, True, "every budget was kept.", 99.0, times, "nothing"),
        Probe(
            200,
            False,
            "broken: GET / (p50 of 90 ms, at most 75).",
            150.0,
            times,
            "the CPU of auth worker (7)",
        ),
    ]

    text = render(probes)
    draw(probes, tmp_path / "capacity.svg")

    assert text.startswith("# Capacity: 100 requests per second\n")
    assert "At 200 per second: broken: GET /" in text
    assert "What was full: the CPU of auth worker (7)." in text
    assert (tmp_path / "capacity.svg").exists()


@pytest.mark.parametrize(
    ("resources", "failures", "named"),
    [
        (Resources({"auth worker (7)": 97.0, "nginx": 20.0}, 60), {}, "the CPU of auth worker (7)"),
        (Resources({"a": 50.0, "b": 49.0}, 99), {}, "all cores of this machine: 99 %"),
        (Resources({"a": 9.0}, 20, {"vda": 98.0}), {}, "the disk vda"),
        (
            Resources({"a": 9.0}, 20),
            {"503 instead of 200: ...": 4},
            "4 requests were answered with 503",
        ),
        (Resources({"a": 9.0}, 20), {}, "a lock or for a connection"),
    ],
    ids=["process", "machine", "disk", "queue", "unseen"],
)
def test_what_was_full_is_named(resources: Resources, failures: dict[str, int], named: str) -> None:
    assert named in bottleneck(resources, failures)


@pytest.mark.parametrize(
    ("verdict", "state", "held"),
    [
        (
            "cannot tell (30 more seconds are needed): GET / (0 requests, at least 1).",
            "too few",
            True,
        ),
        (
            "cannot tell (30 more seconds are needed): GET / (p95 between ...).",
            "cannot tell",
            False,
        ),
        ("cannot tell: 9 of 90 requests that were due were not sent.", "ok", False),
    ],
    ids=["too few", "too close", "not sent"],
)
def test_a_row_that_a_low_rate_seldom_asks_does_not_stop_the_search(
    verdict: str, state: str, held: bool
) -> None:
    run = summary(exit_code=4, verdict=verdict, rows=[row("GET /", state=state)])

    assert capacity._held(run) is held


def test_containers_are_refused_because_what_was_full_is_seen_on_this_machine_only(
    tmp_path: Path,
) -> None:
    outcome = finish(start(tmp_path, "loadtests", "run", "--shape=capacity", "--containers=2"))

    assert outcome.exit_code == 2
    assert "use PROCESSES= instead of WORKERS=" in outcome.output
