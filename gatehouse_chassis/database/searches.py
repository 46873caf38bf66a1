"""Whose turn it is to search: one person's searches never take the database from everybody else."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from gatehouse_chassis.database.interface import DatabaseUnavailable, SearchUnderWay

SEARCH_TIMEOUT = 5.0
"""Seconds that a person's search may take, the wait for its turn included."""

MAX_WAITING = 8
"""Searches of as many persons may wait for their turn in a worker."""


class SearchTurns:
    """The searches of one worker. One that waits has no connection yet.

    Args:
        at_once: how many may read at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._turns = asyncio.Semaphore(at_once)
        self._searchers: set[Hashable] = set()

    @asynccontextmanager
    async def turn(self, searcher: Hashable | None) -> AsyncIterator[None]:
        """The block is the turn of this person; None is the service itself, which waits as long as it takes.

        Raises:
            SearchUnderWay: the person has a search that reads or waits.
            DatabaseUnavailable: too many wait, or turn and block took longer than `SEARCH_TIMEOUT`.
        """
        if searcher is None:
            async with self._turns:
                yield
            return
        if searcher in self._searchers:
            raise SearchUnderWay
        if len(self._searchers) >= self._at_once + MAX_WAITING:
            raise DatabaseUnavailable("too many searches wait for their turn")
        self._searchers.add(searcher)
        try:
            async with asyncio.timeout(SEARCH_TIMEOUT), self._turns:
                yield
        except TimeoutError as error:
            raise DatabaseUnavailable("a search took too long") from error
        finally:
            self._searchers.discard(searcher)
