"""Two runs that take turns: in every pair of turns each of them sends once, and the order changes from pair to pair."""

SECONDS = 2.0


def pair_of(moment: float) -> int:
    """Which pair of turns a moment (in seconds since the epoch) belongs to."""
    return int(moment // (2 * SECONDS))


def is_turn_of(side: int, moment: float) -> bool:
    """Whether side 0 or 1 sends at this moment."""
    first_or_second = int(moment // SECONDS) % 2
    return first_or_second ^ (pair_of(moment) % 2) == side
