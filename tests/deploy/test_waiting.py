from collections.abc import Callable

from deploy.waiting import holds_within


class Clock:
    """A clock that only sleeping moves on, and how often it was looked at meanwhile."""

    def __init__(self, holds_at: float) -> None:
        self.now = 0.0
        self.looks = 0
        self.holds_at = holds_at

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def holds(self) -> bool:
        self.looks += 1
        return self.now >= self.holds_at


def wait(clock: Clock, seconds: float, condition: Callable[[], bool] | None = None) -> bool:
    return holds_within(seconds, condition or clock.holds, clock=clock.read, sleep=clock.sleep)


def test_what_holds_already_is_not_waited_for() -> None:
    clock = Clock(holds_at=0)

    assert wait(clock, 60)
    assert clock.now == 0


def test_what_comes_soon_is_noticed_at_once() -> None:
    clock = Clock(holds_at=2.5)

    assert wait(clock, 60)
    assert clock.now < 2.5 + 0.11


def test_what_takes_long_is_looked_at_less_often() -> None:
    clock = Clock(holds_at=30)

    assert wait(clock, 60)
    assert clock.now < 30.6
    assert clock.looks < 100


def test_what_never_comes_is_given_up() -> None:
    clock = Clock(holds_at=1e9)

    assert not wait(clock, 60)
    assert 60 < clock.now < 61
