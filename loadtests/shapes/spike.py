"""SHAPE=spike: few users, suddenly all of them, and few again."""

from loadtests.shapes.shape import Shape

USUAL_SHARE = 0.2


class Spike(Shape):
    """A crowd that comes in one second: is it served, and is everything as before when it has gone?

    The first third of the time is usual, so the last third has something to be compared with.
    """

    sudden = True

    @staticmethod
    def share_at(second: float, duration: float) -> float:
        return 1.0 if duration / 3 <= second < duration * 2 / 3 else USUAL_SHARE

    @classmethod
    def arrivals_at_once(cls, peak: int) -> float:
        return peak * (1 - USUAL_SHARE)
