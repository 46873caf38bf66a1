"""What is counted of a request, and how: the arithmetic without Locust."""

import numpy as np
import pytest

from loadtests.confidence import bounds, warm_up_length
from loadtests.latency import Latencies, Samples, together


def note(
    latencies: Latencies, milliseconds: float, second: float = 100.0, **context: float
) -> None:
    latencies.note(
        request_type="GET",
        name="/",
        response_time=milliseconds,
        start_time=second,
        context=context,
    )


def test_times_are_kept_to_three_digits_where_locust_rounds_to_two() -> None:
    latencies = Latencies()
    note(latencies, 123.4)

    assert latencies.due()["GET /"].percentile(0.5) == pytest.approx(123.4, rel=0.001)


def test_what_a_waiting_user_did_not_ask_is_added() -> None:
    latencies = Latencies()
    for _ in range(99):
        note(latencies, 1.0, expected_interval=0.1)
    note(latencies, 1000.0, expected_interval=0.1)

    due, as_sent = latencies.due()["GET /"], latencies.as_sent()["GET /"]

    assert as_sent.percentile(0.99) == pytest.approx(1, rel=0.001), "one of a hundred stalled"
    assert due.percentile(0.99) > 800
    assert due.total == as_sent.total + 9


def test_a_request_of_the_open_model_counts_in_the_second_when_it_was_due() -> None:
    latencies = Latencies()
    note(latencies, 2100.0, second=102.5, late=2.0)

    samples = latencies.due()["GET /"]

    assert samples.starts.tolist() == [100]
    assert samples.percentile(0.5) == pytest.approx(2100, rel=0.001)
    assert latencies.as_sent()["GET /"].percentile(0.5) == pytest.approx(100, rel=0.001)


def test_what_workers_report_is_merged_exactly() -> None:
    master, alone = Latencies(), Latencies()
    for number in range(3):
        worker = Latencies()
        for milliseconds in range(number * 50 + 1, number * 50 + 51):
            for latencies in (worker, alone):
                note(latencies, milliseconds, second=100 + milliseconds % 2)
        report: dict[str, object] = {}
        worker._report(report)
        master._merge(report)

    merged, expected = master.due()["GET /"], alone.due()["GET /"]

    assert merged.values.tolist() == expected.values.tolist()
    assert merged.counts.tolist() == expected.counts.tolist()
    assert merged.total == 150


def test_rows_together_are_all_their_requests() -> None:
    latencies = Latencies()
    note(latencies, 5.0, second=100)
    note(latencies, 9.0, second=103)
    rows = latencies.due().values()

    both = together([*rows, *rows])

    assert (both.total, both.starts.tolist()) == (4, [100, 103])


def test_bounds_become_narrower_with_more_blocks() -> None:
    random = np.random.default_rng(1)

    def width(blocks: int) -> float:
        latencies = Latencies()
        for second in range(blocks):
            for time in random.exponential(10, size=20):
                note(latencies, time + 0.1, second=second)
        low, high = bounds(latencies.due()["GET /"], 0.95)
        return high - low

    assert width(200) < width(20)


def test_bounds_hold_the_true_figure_nearly_always() -> None:
    random = np.random.default_rng(2)
    values, held = np.arange(1.0, 101.0), 0
    for _ in range(100):
        times = random.integers(1, 101, size=(20, 20))
        counts = np.array([np.bincount(block, minlength=101)[1:] for block in times])
        low, high = bounds(Samples(np.arange(20.0), values, counts), 0.5)
        held += low <= 50 <= high

    assert held >= 88


def test_the_warm_up_is_cut_off_and_no_more_than_a_fifth() -> None:
    steady = [5.0, 5.1, 4.9, 5.0] * 8

    assert warm_up_length([50.0, 20.0, 8.0, *steady]) == 3
    assert warm_up_length([50.0] * 20 + steady[:5]) <= 5
    assert warm_up_length([50.0, 5.0, 5.0]) == 0


def test_a_stall_in_the_middle_is_no_warm_up() -> None:
    assert warm_up_length([5.0] * 14 + [900.0, 900.0] + [5.0] * 14) <= 6
