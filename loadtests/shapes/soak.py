"""SHAPE=soak: users who come and go for a long time: does anything grow?"""

import math

from loadtests.shapes.shape import Shape

WAVE_SECONDS = 120.0
LEAST_SHARE = 0.7


class Soak(Shape):
    """Waves between most of the users and all of them, so that sessions begin and end all the time.

    A leak shows only when things are made and thrown away for long enough.
    """

    @staticmethod
    def share_at(second: float, duration: float) -> float:
        wave = (1 + math.cos(2 * math.pi * second / WAVE_SECONDS)) / 2
        return LEAST_SHARE + (1 - LEAST_SHARE) * wave
