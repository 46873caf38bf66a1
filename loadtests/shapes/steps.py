"""SHAPE=steps: a fifth of the users, two fifths, and so on: where does it bend?"""

from loadtests.shapes.shape import Shape

STEPS = 5


class Steps(Shape):
    """Five steps of the same length and height, to see at which one the answers become slow."""

    @staticmethod
    def share_at(second: float, duration: float) -> float:
        return min(second // (duration / STEPS) + 1, STEPS) / STEPS
