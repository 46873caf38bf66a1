from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from loadtests import report_markdown, report_plot
from tests.loadtests.summaries import cells, row, summary


def page(**changes: Any) -> str:
    return report_markdown.render(summary(**changes), "plot.svg", "report.html")


def test_the_page_says_what_was_loaded_with_what_and_how_it_ended() -> None:
    text = page()

    assert text.startswith("# Load test: every budget was kept\n")
    assert "shape steady, 10 users, 30 s from 2026-01-02T03:04:05+00:00 on; exit code 0" in text
    assert "| 0123456789ab " in text
    assert "Python 3.13.1, Locust 2.47.0" in text
    assert "2 cores, a processor, 8.0 GB" in text


def test_a_broken_budget_and_a_failure_have_sections_of_their_own() -> None:
    slow = row("GET /items/", state="broken", broken=["p95 of 900 ms, at most 100 ms"])
    failure = {"row": "GET /items/", "sentence": "503 instead of 200 | or so", "count": 3}

    text = page(rows=[slow], failures=[failure])

    assert "## Broken budgets\n\n- GET /items/: p95 of 900 ms, at most 100 ms\n" in text
    assert "503 instead of 200 \\| or so" in text
    assert "## Failures" not in page()
    assert "## Broken" not in page()


def test_a_row_without_requests_has_no_times() -> None:
    silent = row("POST /items/", requests=0, failures=0, rate=0.0, as_sent={}, bounds={}, slower={})
    silent = {name: value for name, value in silent.items() if name not in ("p50", "p95", "p99")}

    text = page(rows=[{**silent, "budget": None, "state": "not measured", "broken": []}])

    judged, bounds, as_sent = (
        [cell.strip() for cell in line.strip("|").split("|")][1:]
        for line in text.splitlines()
        if line.startswith("| POST /items/ ")
    )
    assert judged == ["0", "0", "0.0", *"----", "not measured"]
    assert bounds == as_sent == [*"----"]


def test_a_load_generator_at_its_limit_is_warned_of() -> None:
    busy = [{"process": "this process", "mean": 80.0, "peak": 97.0}]

    text = page(generator={"limit": 90.0, "near_limit": True, "processes": busy})

    assert "**The load generator was at its limit (90 % of a core or more)" in text
    assert "at its limit" not in page()


def test_a_machine_that_was_busy_before_is_warned_of() -> None:
    assert "was busy before the run began (load average 2.1 on 2 cores)" in page(load_before=2.1)
    assert "busy" not in page(load_before=2.0)


def test_memory_that_was_not_measured_is_said_to_be_so() -> None:
    assert "Not measured" in page()


MEMORY = {
    "definition": "How it is measured.",
    "flat": False,
    "processes": [
        {
            "process": "auth worker (7)",
            "first": 60.0,
            "last": 90.0,
            "most": 90.0,
            "slope": 12.5,
            "flat": False,
        }
    ],
    "series": {"auth worker (7)": [[0.0, 60.0], [10.0, 70.0], [20.0, 90.0]]},
}


def test_memory_that_grows_is_said_to_grow_and_how_that_is_defined() -> None:
    text = page(memory=MEMORY)

    assert cells(text, "auth worker (7)") == [
        "auth worker (7)",
        *("60.0", "90.0", "90.0", "+12.5", "grows"),
    ]
    assert "How it is measured." in text


def test_the_plot_has_a_panel_more_where_memory_was_measured(tmp_path: Path) -> None:
    heights = []
    for name, memory in (("without", None), ("with", MEMORY)):
        path = tmp_path / f"{name}.svg"
        report_plot.draw(summary(memory=memory), path)
        heights.append(float(ElementTree.parse(path).getroot().attrib["height"].removesuffix("pt")))

    assert heights[1] > heights[0]


def test_a_run_that_ended_before_its_first_point_is_plotted_too(tmp_path: Path) -> None:
    path = tmp_path / "plot.svg"

    report_plot.draw(summary(series=[], seconds=0.0), path)

    assert path.exists()


def test_a_point_without_answers_is_a_gap_in_the_percentiles(tmp_path: Path) -> None:
    silent = {**summary()["series"][0], "rate": 0.0, "p50": None, "p95": None, "p99": None}
    path = tmp_path / "plot.svg"

    report_plot.draw(summary(series=[silent, *summary()["series"][1:]]), path)

    assert path.exists()
