from pathlib import Path
from xml.etree import ElementTree

from loadtests import history, report_junit
from tests.loadtests.summaries import row, save, summary


def test_ci_sees_a_case_for_each_row_and_one_for_the_run() -> None:
    rows = [
        row("GET /items/"),
        row("POST /items/", state="broken", broken=["p95 of 900 ms, at most 100 ms"]),
        row("PATCH /items/{item_id}", state="cannot tell", unsure=["p95 between 90 and 110 ms"]),
        row("GET /other", state="no budget", budget=None),
    ]
    verdict = "broken: POST /items/ (p95 of 900 ms, at most 100 ms)."

    text = report_junit.render(summary(rows=rows, exit_code=3, verdict=verdict))

    suite = ElementTree.fromstring(text)[0]
    assert {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
        "skipped": "1",
    }
    messages = {case.attrib["name"]: [one.attrib["message"] for one in case] for case in suite}
    assert messages["GET /items/"] == []
    assert messages["POST /items/"] == ["p95 of 900 ms, at most 100 ms"]
    assert messages["PATCH /items/{item_id}"] == ["cannot tell: p95 between 90 and 110 ms"]
    assert messages["the whole run"] == [verdict]


def test_a_run_that_lost_a_part_is_an_error_of_the_whole_run() -> None:
    lost = "cannot tell: 1 of 2 processes ended, so part of the load is missing."

    suite = ElementTree.fromstring(report_junit.render(summary(exit_code=4, verdict=lost)))[0]

    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "1")


def test_the_history_shows_every_run_the_newest_first_with_its_revision_and_a_plot_of_each_row(
    tmp_path: Path,
) -> None:
    save(tmp_path / "2026-01-01", revision={"commit": "aaaaaaaaaaaaaaaa", "dirty": False})
    save(
        tmp_path / "2026-01-02", revision={"commit": "bbbbbbbbbbbbbbbb", "dirty": True}, exit_code=3
    )
    (tmp_path / "2026-01-03").mkdir()
    (tmp_path / "2026-01-03" / "summary.json").write_text("{")

    page = history.write(tmp_path).read_text()

    assert page.index("bbbbbbbbbbbb, with changes") < page.index("aaaaaaaaaaaa")
    assert 'href="2026-01-02/report.html"' in page
    assert page.count("<figure>") == 1
    assert page.count("<circle") == 6
    assert 'name="viewport"' in page


def test_what_a_run_says_is_text_in_the_history() -> None:
    page = history.render([("2026-01-01", summary(verdict="broken: <script>."))])

    assert "<script>" not in page
