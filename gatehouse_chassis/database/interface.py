"""What a store sees of its database, whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from sqlalchemy import Executable, text

Parameters = Mapping[str, Any]

Row = Mapping[str, Any]
"""A row's values by the names of their columns."""

_NOTHING = text("SELECT 1")


class DatabaseUnavailable(Exception):
    """The database does not answer now; the same request may succeed later.

    Attributes:
        is_lost: whether the connection is of no use any more.
    """

    def __init__(self, cause: str = "", *, is_lost: bool = False) -> None:
        super().__init__(cause)
        self.is_lost = is_lost


class WritesRefused(DatabaseUnavailable):
    """The database answers reads and refuses writes: it is read-only now, or its disk is full."""

    readiness = "refused"  # what /health/ready says of it


class InvalidValue(Exception):
    """The database cannot store a value; `str()` names the kind of error and not the value."""


class SearchUnderWay(Exception):
    """The person has a search that is not done yet."""

    def __init__(self) -> None:
        super().__init__("Another search of yours is under way; try again when it is done.")


class IntegrityError(Exception):
    """A constraint of a table refuses what was to be stored; `str()` names the constraint and no value."""


class Statements(ABC):
    """Runs statements; within `Database.transaction()` all of them are one transaction, otherwise each is its own.

    A statement that its module keeps is compiled once. One that is built for a call is compiled for that call, which
    takes about 0.3 ms: good enough for what is rare, too slow for what is read all the time.
    """

    @abstractmethod
    async def fetch_all(self, statement: Executable, **parameters: Any) -> Sequence[Row]:
        """All rows; the statement has a LIMIT.

        Raises:
            DatabaseUnavailable: the database does not answer now.
            WritesRefused: it answers reads only; a kind of `DatabaseUnavailable`.
            IntegrityError: a constraint refuses what was to be stored.
            InvalidValue: a value is too large for its column, or cannot be stored at all.
        """

    @abstractmethod
    async def execute(self, statement: Executable, **parameters: Any) -> int:
        """How many rows the statement changed. Raises as `fetch_all` does."""

    async def fetch_one(self, statement: Executable, **parameters: Any) -> Row | None:
        """The first row, or None. Raises as `fetch_all` does."""
        rows = await self.fetch_all(statement, **parameters)
        return rows[0] if rows else None


class Database(Statements):
    """A service's own database."""

    on_writes_refused: Callable[[], None] = staticmethod(lambda: None)
    """Called for every write that is refused, so that it can be counted."""

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager[Statements]:
        """All statements of the block take effect together, or none does when it raises.

        Await nothing but its statements inside: on SQLite the block holds the one write lock of the file.
        """

    @abstractmethod
    async def search(
        self, statement: Executable, *, searcher: Hashable | None, **parameters: Any
    ) -> Sequence[Row]:
        """All rows of a statement that may read many more than it returns, because no index leads to them.

        A few run at once, beside all other statements. The statement has a LIMIT.

        Args:
            searcher: who asks, such as the `sub` of the access token; has one search at a time in a worker. None is
                the service itself.

        Raises:
            SearchUnderWay: another search of this person is not done yet.
            DatabaseUnavailable: as `fetch_all` does, or too many searches wait, or this one took too long.
        """

    @abstractmethod
    async def close(self) -> None:
        """Closes every connection."""

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        await self.fetch_one(_NOTHING)

    @abstractmethod
    async def check_writes(self) -> None:
        """Raises `DatabaseUnavailable` when writes would be refused."""
