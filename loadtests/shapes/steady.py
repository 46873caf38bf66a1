"""SHAPE=steady: the users come one after the other and stay."""

from loadtests.shapes.shape import ARRIVALS_PER_SECOND, Shape


class Steady(Shape):
    """What the stack does on a usual day: all users are there after a short while, until the end."""

    def users_at(self, second: float, peak: int, duration: float) -> float:
        return min(peak, second * ARRIVALS_PER_SECOND)
