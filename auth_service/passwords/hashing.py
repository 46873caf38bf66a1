"""Password hashing with argon2id, within a bound of threads, memory and waiting."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from auth_service.errors import TryLater
from auth_service.passwords.malloc import release_free_memory, use_one_arena

Result = TypeVar("Result")

# OWASP's minimum: 19 MiB and two passes, about 22 ms; the library's defaults take 64 MiB and four threads a hash.
ARGON2ID = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

IDLE_AFTER = 2.0
"""Seconds without a hash after which the memory is released; while sign-ins go on it is used again."""


class HashingBusy(TryLater):
    """As many hashes are under way or waiting as are allowed."""

    def __init__(self) -> None:
        super().__init__("Too many people sign in at once; try again.", retry_after=1)


def _lower_priority() -> None:
    # On Linux each thread has a priority: sign-ins may take all cores, but not from requests that hash nothing.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def normalised(password: str) -> str:
    """The one form in which a password is hashed: keyboards type the same letters as different code points.

    NIST SP 800-63B section 5.1.1.2 names NFKC and NFKD; RFC 8265's NFC would tell apart wide digits, which some
    keyboards type and others do not.
    """
    return normalize("NFKC", password)


class PasswordHashing:
    """Hashes and verifies, `threads` at a time with at most `queue` waiting.

    What exceeds that is refused: without a bound, a burst of sign-ins takes 19 MiB for each of its requests.
    """

    def __init__(self, *, threads: int, queue: int, hasher: PasswordHasher = ARGON2ID) -> None:
        use_one_arena()
        self._hasher = hasher
        self._pool = ThreadPoolExecutor(
            threads, thread_name_prefix="argon2", initializer=_lower_priority
        )
        self._max_pending = threads + queue
        self._pending = 0
        self._rest: asyncio.TimerHandle | None = None
        # Verified when there is no such user, so that the answer takes the same time as for a user who exists.
        self._dummy_hash = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The argon2id hash of a password, in PHC format.

        Raises:
            HashingBusy: too many are waiting already.
        """
        return await self.run(lambda: self._hasher.hash(normalised(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the password is the hashed one; without a hash it is not, which takes as long.

        Raises:
            HashingBusy: too many are waiting already.
        """
        matches = await self.run(lambda: self._matches(password, password_hash))
        return matches and password_hash is not None

    @contextmanager
    def reserve_slot(self) -> Iterator[None]:
        """Counts a look-up that comes before a hash as one that waits, so that a refusal costs no query.

        A hash that is started right after the block, without an `await` in between, gets the slot.

        Raises:
            HashingBusy: too many are waiting already.
        """
        self._take_slot()
        try:
            yield
        finally:
            self._release_slot()

    async def is_outdated(self, password_hash: str, password: str) -> bool:
        """Whether the hash of this password was made with other parameters than today's, or of it as it was typed.

        Raises:
            HashingBusy: too many are waiting already.
        """
        if self._hasher.check_needs_rehash(password_hash):
            return True
        normal = normalised(password)
        return normal != password and not await self.verify(normal, password_hash)

    async def close(self) -> None:
        """Ends the threads."""
        if self._rest:
            self._rest.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password: str, password_hash: str | None) -> bool:
        known = self._dummy_hash if password_hash is None else password_hash
        normal = normalised(password)
        # Earlier versions hashed what was typed.
        return self._is_hash_of(normal, known) or (
            normal != password and self._is_hash_of(password, known)
        )

    def _is_hash_of(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, ValueError):  # what is stored is no hash, or is not even ASCII
            return False

    async def run(self, work: Callable[[], Result]) -> Result:
        """Does work that keeps a core busy, within the bound.

        Raises:
            HashingBusy: too many are waiting already.
        """
        self._take_slot()
        future = self._pool.submit(work)
        # Counted until the thread is done, even when the client has gone: the memory is in use until then.
        future.add_done_callback(self._done_in(asyncio.get_running_loop()))
        return await asyncio.wrap_future(future)

    def _take_slot(self) -> None:
        if self._pending >= self._max_pending:
            raise HashingBusy
        self._pending += 1
        if self._rest:
            self._rest.cancel()

    def _done_in(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def done(_future: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._release_slot)

        return done

    def _release_slot(self) -> None:
        self._pending -= 1
        if not self._pending:
            self._rest = asyncio.get_running_loop().call_later(IDLE_AFTER, release_free_memory)
