import pytest

from bench.figures import Spread, ratio, take_turns


def test_a_ratio_compares_what_was_measured_in_the_same_round() -> None:
    # The machine was twice as slow in the last round, for both.
    assert ratio([50, 60, 25], [100, 100, 50]) == Spread(median=0.5, lowest=0.5, highest=0.6)


def test_figures_of_different_rounds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])


def test_subjects_take_turns_and_the_order_turns_round() -> None:
    order: list[str] = []
    rounds: list[int] = []

    def measure(name: str) -> int:
        order.append(name)
        return len(order)

    figures = take_turns(
        {"a": lambda: measure("a"), "b": lambda: measure("b")}, rounds=3, on_round=rounds.append
    )

    assert "".join(order) == "abbaab"
    assert rounds == [1, 2, 3]
    assert figures == {"a": [1, 4, 5], "b": [2, 3, 6]}
