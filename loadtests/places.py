"""Which user of this process has which account: the lowest number that is free."""

import heapq


class Places:
    """Numbers from 0; one that was given back is taken again before a new one."""

    def __init__(self) -> None:
        self._next = 0
        self._free: list[int] = []

    def take(self, limit: int) -> int | None:
        """A number below `limit` that is free; None while there is none."""
        if self._free and self._free[0] < limit:
            return heapq.heappop(self._free)
        if self._next >= limit:
            return None
        self._next += 1
        return self._next - 1

    def give_back(self, place: int) -> None:
        """Let another user have the number."""
        heapq.heappush(self._free, place)
