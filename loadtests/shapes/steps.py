"""SHAPE=steps: a fifth of the users, two fifths, and so on: where does it bend?"""

from loadtests.shapes.shape import ARRIVALS_PER_SECOND, Shape

STEPS = 5


class Steps(Shape):
    """Five steps of the same length and height, to see at which one the answers become slow."""

    def users_at(self, second: float, peak: int, duration: float) -> float:
        step, into_step = divmod(second, duration / STEPS)
        before = peak * min(step, STEPS) / STEPS
        here = peak * min(step + 1, STEPS) / STEPS
        return min(here, before + into_step * ARRIVALS_PER_SECOND)
