"""SHAPE=steady: the users come one after the other and stay."""

from loadtests.shapes.shape import Shape


class Steady(Shape):
    """What the stack does on a usual day: all users are there after a short while, until the end."""

    @staticmethod
    def share_at(second: float, duration: float) -> float:
        return 1.0
