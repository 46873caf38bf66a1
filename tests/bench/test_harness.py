"""The bench itself, with the baselines as they are served, for fractions of a second."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import wrk
from bench.measures.reads import bare_read, tutorial_read
from bench.processes import cpu_seconds
from bench.subjects import Subjects
from bench.wrk import Refused, Request, Wrk
from deploy.checkout import Checkout
from testing.checkout import ROOT


@pytest.fixture(scope="module")
def generator() -> Wrk:
    found = wrk.find(Checkout(ROOT))
    if found is None and os.environ.get("CI"):
        pytest.fail("wrk is not installed, and CI must not skip what needs it")
    if found is None:
        pytest.skip(wrk.PACKAGE.how_to_install())
    return found


@pytest.fixture(scope="module")
def subjects(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Subjects]:
    with Subjects(tmp_path_factory.mktemp("bench")) as subjects:
        yield subjects


def test_baselines_answer_through_nginx(generator: Wrk, subjects: Subjects) -> None:
    form = {"grant_type": "client_credentials", "client_id": "a", "client_secret": "b"}
    for request in (
        bare_read(subjects.bare),
        Request(f"{subjects.bare.url}/auth/token", form=form),
        tutorial_read(subjects.tutorial),
        Request(f"{subjects.nothing.url}/items/nothing"),
    ):
        assert generator.run(request, 1, connections=2).requests > 0


def test_requests_of_a_file_are_sent_in_turn(
    generator: Wrk, subjects: Subjects, tmp_path: Path
) -> None:
    read = tutorial_read(subjects.tutorial)
    path = read.url.removeprefix(subjects.tutorial.url)
    file = tmp_path / "requests.txt"
    file.write_text(f"{path} {read.token}\n")
    turns = Request(subjects.tutorial.url, cycle=file)
    assert generator.run(turns, 1, connections=2).requests > 0

    file.write_text(f"{path} {read.token}\n{path} broken\n")

    with pytest.raises(Refused, match="answers were errors"):
        generator.run(turns, 1, connections=2)


def test_a_wrong_answer_is_refused_before_it_is_measured(
    generator: Wrk, subjects: Subjects
) -> None:
    with pytest.raises(Refused, match="answers 404"):
        generator.run(Request(f"{subjects.bare.url}/items/none"), 1)


def test_what_a_process_costs_is_counted(subjects: Subjects) -> None:
    service = subjects.bare.service
    assert len(service.children) == 2
    assert cpu_seconds([service.pid, *service.children]) > 0
    assert 1 < service.pss_megabytes < 1000


def test_nothing_outlives_the_bench(tmp_path: Path) -> None:
    with Subjects(tmp_path) as subjects:
        service, proxy = subjects.nothing.service, subjects.nothing.proxy.program
        assert service.is_running
        assert proxy.is_running
    assert not service.is_running
    assert not proxy.is_running
