import pytest

from bench.__main__ import main, outcome
from bench.figures import Spread
from bench.measures import MEASURES
from bench.rows import Figure, Row, at_least
from bench.wrk import Refused

MET = Row(at_least("Reads", 0.6), Figure(Spread(0.7, 0.6, 0.8), ""))
MISSED = Row(at_least("Reads", 0.6), Figure(Spread(0.5, 0.4, 0.7), ""))
REFUSED = Row(at_least("Reads", 0.6), Refused("7 answers were errors"))


def test_a_missed_target_is_a_failure_where_the_rule_is_strict() -> None:
    assert [outcome([MET, MISSED], strict=strict) for strict in (False, True)] == [0, 3]
    assert outcome([MET], strict=True) == 0


def test_a_refused_figure_is_a_failure_in_any_case() -> None:
    assert [outcome([MET, REFUSED], strict=strict) for strict in (False, True)] == [1, 1]


def test_a_measure_that_does_not_exist_is_told_with_those_that_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--only", "reads,sleep"])
    assert "--only knows no sleep; it knows reads, reads-postgresql, logins" in (
        capsys.readouterr().err
    )


def test_every_measure_has_a_name_of_its_own_and_help_tells_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    # argparse breaks lines at hyphens too.
    told = " ".join(capsys.readouterr().out.split()).replace("- ", "-")
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert [name for name in names if name not in told] == []
