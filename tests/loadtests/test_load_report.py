import re
from html import escape
from itertools import pairwise
from pathlib import Path

import pytest

from tests.loadtests.command import Outcome, finish, start_run
from tests.loadtests.stub_api import StubApi


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    with StubApi().running() as stub:
        return finish(start_run(tmp_path_factory.mktemp("run"), stub.url, "--time=4s"))


@pytest.fixture(scope="module")
def run_of_two_processes(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    with StubApi().running() as stub:
        folder = tmp_path_factory.mktemp("processes")
        return finish(start_run(folder, stub.url, "--time=7s", "--processes=2"))


def test_a_run_leaves_a_page_two_summaries_and_a_plot(run: Outcome) -> None:
    left = {file.name for file in run.report.iterdir()}

    assert {
        "report.html",
        "locust.html",
        "summary.json",
        "summary.md",
        "plot.svg",
        "junit.xml",
    } <= left
    assert "/items/{item_id}" in (run.report / "report.html").read_text()
    assert run.summary["verdict"].partition(":")[0].rstrip(".") in run.output
    assert "| GET /items/{item_id} " in (run.report / "summary.md").read_text()


def test_the_page_that_is_printed_has_the_verdict_the_budgets_and_the_plot(run: Outcome) -> None:
    page = (run.report / "report.html").read_text()

    assert f"<p>{escape(run.summary['verdict'])}</p>" in page
    assert '<img src="plot.svg"' in page
    assert '<a href="locust.html">' in page
    assert re.search(r"GET /items/\{item_id\} .* / 75", page), "a figure and its budget"
    assert "report.html" in run.output


def test_the_summary_says_what_was_asked_for_and_where_it_ran(run: Outcome) -> None:
    summary = run.summary

    assert summary["settings"].items() >= {"shape": "steady", "users": 10, "seconds": 4}.items()
    assert summary["settings"]["budgets"] == "budgets.toml"
    assert summary["versions"]["Locust"]
    assert summary["machine"]["cores"] >= 1
    assert summary["exit_code"] == run.exit_code
    assert str(Path.home()) not in str(summary["settings"]), "no path of this machine"


def test_every_row_has_its_figures_its_budget_and_what_became_of_it(run: Outcome) -> None:
    read = next(row for row in run.summary["rows"] if row["row"] == "GET /items/{item_id}")

    times = [read[name] for name in ("p50", "p95", "p99") if name in read]
    assert times
    assert times == sorted(times)
    assert read["slower"].keys() == read["bounds"].keys() == {"p50", "p95", "p99"} & read.keys()
    assert read["budget"]["p95"] > 0
    assert read["state"] in ("ok", "broken", "cannot tell")


@pytest.mark.parametrize("which", ["run", "run_of_two_processes"])
def test_the_points_of_the_plot_hold_every_request_but_those_before_and_after(
    which: str, request: pytest.FixtureRequest
) -> None:
    summary = request.getfixturevalue(which).summary

    ends = [0.0, *(point["seconds"] for point in summary["series"])]
    widths = [until - since for since, until in pairwise(ends)]
    requests = sum(
        point["rate"] * width for point, width in zip(summary["series"], widths, strict=True)
    )
    expected = sum(
        row["requests"]
        for row in summary["rows"]
        if not row["row"].endswith(("[prepare]", "[clean up]"))
    )
    # Times are rounded to a tenth of a second.
    assert requests == pytest.approx(expected, rel=0.1)
    assert ends[-1] == summary["seconds"]
    assert min(widths) > 0.4


def test_the_load_generator_tells_how_much_of_its_core_it_used(run: Outcome) -> None:
    (own,) = run.summary["generator"]["processes"]

    assert own["process"] == "this process"
    assert 0 < own["mean"] <= own["peak"]


def test_each_worker_tells_it_too(run_of_two_processes: Outcome) -> None:
    usage = {
        one["process"]: one["mean"]
        for one in run_of_two_processes.summary["generator"]["processes"]
    }

    assert usage.keys() == {"master", "worker 1", "worker 2"}
    assert all(mean > 0 for mean in usage.values())


def test_the_memory_of_another_stack_than_this_checkouts_is_not_measured(run: Outcome) -> None:
    assert run.summary["memory"] is None
