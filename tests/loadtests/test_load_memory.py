import os
import socket
import subprocess
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from loadtests.memory import MOST_SAMPLES, Growth
from loadtests.memory_sources import LocalProcesses, source_behind, supervisor_behind
from testing.ports import free_port


def grown(megabytes_per_hour: float, seconds: int, since: int = 0) -> Growth:
    """A process that was sampled each second while it grew evenly."""
    growth = Growth("auth worker", spacing=1)
    for second in range(since, seconds + 1):
        growth.add(float(second), 60 + megabytes_per_hour * second / 3600)
    return growth


def test_the_slope_of_even_growth_is_that_growth() -> None:
    assert grown(30, seconds=400).figures(400)["slope"] == pytest.approx(30, abs=0.1)


def test_what_fills_in_the_first_half_and_then_stays_is_flat() -> None:
    growth = Growth("auth worker", spacing=1)
    for second in range(601):
        growth.add(float(second), 60 + min(second, 250) / 10)

    figures = growth.figures(600)

    assert (figures["first"], figures["last"], figures["most"]) == (60, 85, 85)
    assert figures["slope"] == 0
    assert figures["flat"] is True


def test_one_step_is_no_slope_but_is_seen_in_the_last_figure() -> None:
    growth = Growth("auth worker", spacing=1)
    for second in range(601):
        growth.add(float(second), 60 if second < 400 else 80)

    figures = growth.figures(600)

    assert (figures["slope"], figures["flat"], figures["last"]) == (0, True, 80)


@pytest.mark.parametrize(
    ("rate", "seconds", "flat"),
    [(5.9, 7200, True), (6.5, 7200, False), (11, 600, True), (13, 600, False)],
    ids=["slow-enough", "too-fast", "less-than-a-megabyte", "more-than-a-megabyte"],
)
def test_flat_is_a_megabyte_in_the_second_half_or_six_in_an_hour(
    rate: float, seconds: int, flat: bool
) -> None:
    assert grown(rate, seconds).figures(seconds)["flat"] is flat


def test_a_short_run_is_not_judged() -> None:
    figures = grown(1000, seconds=60).figures(60)

    assert figures["flat"] is None
    assert figures["slope"] == pytest.approx(1000, abs=1)


def test_a_process_that_came_late_or_left_early_has_no_slope() -> None:
    assert grown(10, seconds=600, since=500).figures(600)["slope"] is None
    assert grown(10, seconds=400).figures(600)["slope"] is None


def test_a_long_run_keeps_a_bounded_number_of_samples_from_its_first_to_its_last() -> None:
    growth = grown(30, seconds=5 * MOST_SAMPLES)

    gaps = {later - sooner for sooner, later in pairwise(growth.seconds)}
    assert MOST_SAMPLES / 4 < len(growth.seconds) <= MOST_SAMPLES
    assert len(gaps) == 1, "they stay evenly apart"
    assert growth.seconds[0] == 0
    assert growth.seconds[-1] > 5 * MOST_SAMPLES - gaps.pop()
    assert growth.figures(5 * MOST_SAMPLES)["slope"] == pytest.approx(30, abs=0.1)


def test_the_stack_is_this_checkouts_when_its_processes_listen_where_the_url_points(
    tmp_path: Path,
) -> None:
    pid_file = tmp_path / "supervisord.pid"
    pid_file.write_text(f"{os.getpid()}\n")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ours = listening.getsockname()[1]

        found = supervisor_behind(ours, pid_file)

        assert found is not None
        assert found.pid == os.getpid()
        assert supervisor_behind(free_port(), pid_file) is None
        assert supervisor_behind(ours, tmp_path / "missing") is None


def test_a_process_and_what_it_starts_are_told_with_their_memory() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        sample = dict(LocalProcesses(psutil.Process()).sample())
        child.kill()

    assert sample["supervisord"] > 10
    assert sample[f"sleep ({child.pid})"] > 0


def test_a_stack_elsewhere_is_out_of_sight() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737).
    assert source_behind("http://192.0.2.1:8080") is None


@pytest.mark.parametrize("name", ["anon", "total_rss"], ids=["cgroup v2", "cgroup v1"])
def test_of_a_container_what_its_processes_allocated_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    docker, port = tmp_path / "docker", free_port()
    docker.write_text(
        f"""#!/bin/sh
case "$*" in
"compose port proxy 8080") echo 0.0.0.0:{port} ;;
"compose ps --quiet") printf '%s\\n' 1a 2b 3c ;;
inspect*1a*2b*3c) printf '%s\\n' /stack-auth-1 /stack-ended-1 /stack-postgres-1 ;;
"exec stack-ended-1"*) exit 1 ;;
exec*) printf '%s\\n' "file 1" "{name} 41000000" "shmem 28000000" ;;
*) exit 1 ;;
esac
""",
        encoding="utf-8",
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    source = source_behind(f"http://127.0.0.1:{port}")

    assert source is not None
    assert [*source.sample()] == [("stack-auth-1", 41.0), ("stack-postgres-1", 41.0)]
