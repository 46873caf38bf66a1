"""The shapes, ticked in a process of their own: Locust patches the standard library of its importer."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

from loadtests import shapes
from testing.checkout import ROOT

PEAK, SECONDS = 20, 60

TICKS = f"""
import importlib, json
from types import SimpleNamespace
from loadtests.shapes.shape import Shape

options = SimpleNamespace(num_users={PEAK}, run_time={SECONDS})
curves, at_once = {{}}, {{}}
for name in {sorted(shapes.DEFAULT_TIMES)}:
    importlib.import_module(f"loadtests.shapes.{{name}}")
for kind in Shape.__subclasses__():
    shape = kind()
    shape.runner = SimpleNamespace(environment=SimpleNamespace(parsed_options=options), user_count=0)
    curve = []
    for second in range({SECONDS}):
        shape.get_run_time = lambda: second
        users, rate = shape.tick()
        assert rate == max(1, abs(users - shape.runner.user_count))
        shape.runner.user_count = users
        curve.append(users)
    shape.get_run_time = lambda: {SECONDS}
    curves[kind.__name__.lower()] = [*curve, shape.tick()]
    at_once[kind.__name__.lower()] = kind.arrivals_at_once({PEAK})
print(json.dumps([curves, at_once]))
"""


Ticked = tuple[dict[str, list[int]], dict[str, float]]


@pytest.fixture(scope="module")
def ticked() -> Ticked:
    """How many users each shape wants at every second, and how many it says come at once."""
    done = subprocess.run(
        [sys.executable, "-c", TICKS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    curves, at_once = json.loads(done.stdout)
    return curves, at_once


@pytest.fixture(scope="module")
def curves(ticked: Ticked) -> dict[str, list[int]]:
    """The users of every second, and None when the run is over."""
    return ticked[0]


@pytest.mark.parametrize("shape", sorted(shapes.DEFAULT_TIMES))
def test_every_shape_reaches_the_peak_keeps_below_it_and_ends(
    shape: str, curves: dict[str, list[int]]
) -> None:
    *curve, end = curves[shape]

    assert max(curve) == PEAK
    assert min(curve) >= 1
    assert end is None


@pytest.mark.parametrize("shape", sorted(shapes.DEFAULT_TIMES))
def test_every_shape_says_how_many_users_come_at_once(shape: str, ticked: Ticked) -> None:
    curves, at_once = ticked
    most = max(after - before for before, after in pairwise([0, *curves[shape][:-1]]))

    assert most <= at_once[shape] + 1


def test_steady_users_come_one_after_the_other_and_stay(curves: dict[str, list[int]]) -> None:
    assert curves["steady"][:6] == [4, 8, 12, 16, 20, 20]
    assert set(curves["steady"][5:-1]) == {PEAK}


def test_steps_are_five_and_each_is_a_fifth_higher(curves: dict[str, list[int]]) -> None:
    assert [curves["steps"][second] for second in (10, 22, 34, 46, 58)] == [4, 8, 12, 16, 20]


def test_a_spike_is_the_middle_third(curves: dict[str, list[int]]) -> None:
    spike = curves["spike"]

    assert set(spike[:18]) == set(spike[40:-1]) == {4}
    assert set(spike[19:39]) == {PEAK}


def test_soaking_users_come_and_go(curves: dict[str, list[int]]) -> None:
    soak = curves["soak"][6:-1]

    assert soak[0] > soak[-1]
    assert min(soak) == PEAK * 0.7
