from bench.figures import Spread
from bench.report import for_a_terminal, for_the_page
from bench.rows import Figure, Promise, Row, at_least, at_most
from bench.wrk import Refused

FAST = at_least("Reads / a bare route", 0.6)
SMALL = at_most("Memory", 320, " MB")


def row(promise: Promise, median: float) -> Row:

    spread = Spread(median, median * 0.9, median * 1.1)
    return Row(promise, Figure(spread, "3,000 of 5,000 requests/s"))


def test_a_target_is_met_at_its_very_value_and_missed_beyond_it() -> None:
    assert [row(FAST, value).verdict for value in (0.6, 0.59)] == ["met", "**not met**"]
    assert [row(SMALL, value).verdict for value in (320, 320.1)] == ["met", "**not met**"]


def test_a_missed_target_is_said_with_its_figures() -> None:
    line = for_the_page([row(FAST, 0.5)]).splitlines()[-1]
    assert line == (
        "| Reads / a bare route | ≥ 0.6 | 0.50 | 0.45 to 0.55 | **not met** | "
        "3,000 of 5,000 requests/s |"
    )
    assert for_a_terminal([row(FAST, 0.5)]).startswith("not met        0.50  (0.45 to 0.55; target")


def test_a_refused_figure_is_no_figure_and_says_why() -> None:
    refused = Row(SMALL, Refused("7 answers were errors"))
    assert refused.verdict == "refused"
    assert for_the_page([refused]).endswith("| - | - | refused | 7 answers were errors |")


def test_units_stand_at_the_figure() -> None:
    assert "| ≤ 320 MB | 317 MB | 285 to 349 | met |" in for_the_page([row(SMALL, 317)])
