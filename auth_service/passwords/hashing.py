"""Password hashing with argon2id, within a bound of threads, memory and waiting."""

import asyncio
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeVar
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from auth_service.audit.context import AuditContext
from auth_service.errors import TryLater
from auth_service.passwords.client_network import client_network
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


@dataclass(eq=False, slots=True)
class _Slot:
    """Room for one hash that runs or waits, or for a look-up before it.

    Attributes:
        holders: whose it is: the client's network, and the user if someone is signed in.
        turn: the lowest is served next. Whoever has slots already has to let everyone else go first as many times.
        work: what is done in a thread, and its future result; none for a look-up.
    """

    holders: tuple[str, ...]
    turn: int
    work: tuple[Callable[[], Any], Future[Any]] | None = None
    taken_away: bool = False


def normalised(password: str) -> str:
    """The one form in which a password is hashed: keyboards type the same letters as different code points.

    NIST SP 800-63B names NFKC and NFKD; RFC 8265's NFC would tell apart wide digits, which some
    keyboards type and others do not.
    """
    return normalize("NFKC", password)


class PasswordHashing:
    """Hashes and verifies, `threads` at a time with at most `queue` waiting.

    What exceeds that is refused: without a bound, a burst of sign-ins takes 19 MiB for each of its requests. Networks
    and users are served in turns, and when all slots are taken, a newcomer gets the one whose turn is last: neither a
    network nor a user has more than an equal share while others want one. That is why everything takes the context of
    the request.
    """

    def __init__(self, *, threads: int, queue: int, hasher: PasswordHasher = ARGON2ID) -> None:
        use_one_arena()
        self._hasher = hasher
        self._threads = threads
        self._max_slots = threads + queue
        self._pool = ThreadPoolExecutor(
            threads, thread_name_prefix="argon2", initializer=_lower_priority
        )
        self._slots: dict[_Slot, None] = {}  # the newest last
        self._held: Counter[str] = Counter()
        self._rest: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()  # for what the threads share with the event loop:
        self._waiting: list[_Slot] = []
        self._busy_threads = 0
        self._turn = 0
        # Verified when there is no such user, so that the answer takes the same time as for a user who exists.
        self._dummy_hash = self._hasher.hash("nobody has this password")

    async def hash(self, password: str, context: AuditContext) -> str:
        """The argon2id hash of a password, in PHC format.

        Raises:
            HashingBusy: too many are waiting already.
        """
        return await self.run(lambda: self._hasher.hash(normalised(password)), context)

    async def verify(self, password: str, password_hash: str | None, context: AuditContext) -> bool:
        """Whether the password is the hashed one; without a hash it is not, which takes as long.

        Raises:
            HashingBusy: too many are waiting already.
        """
        matches = await self.run(lambda: self._matches(password, password_hash), context)
        return matches and password_hash is not None

    @contextmanager
    def reserve_slot(self, context: AuditContext) -> Iterator[None]:
        """Counts a look-up that comes before a hash as one that waits, so that a refusal costs no query.

        A hash that is started right after the block, without an `await` in between, gets the slot.

        Raises:
            HashingBusy: too many are waiting already.
        """
        slot = self._take_slot(context)
        try:
            yield
        finally:
            self._release_slot(slot)

    async def is_outdated(self, password_hash: str, password: str, context: AuditContext) -> bool:
        """Whether the hash of this password was made with other parameters than today's, or of it as it was typed.

        Raises:
            HashingBusy: too many are waiting already.
        """
        if self._hasher.check_needs_rehash(password_hash):
            return True
        normal = normalised(password)
        return normal != password and not await self.verify(normal, password_hash, context)

    async def close(self) -> None:
        """Ends the threads."""
        if self._rest:
            self._rest.cancel()
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for slot in waiting:
            if slot.work:
                slot.work[1].cancel()
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

    async def run(self, work: Callable[[], Result], context: AuditContext) -> Result:
        """Does work that keeps a core busy, within the bound.

        Raises:
            HashingBusy: too many are waiting already, or this one has to make room for someone with fewer slots.
        """
        slot = self._take_slot(context)
        future: Future[Result] = Future()
        slot.work = work, future
        # Counted until the thread is done, even when the client has gone: the memory is in use until then.
        future.add_done_callback(self._release_in(asyncio.get_running_loop(), slot))
        with self._lock:
            self._waiting.append(slot)
            if self._busy_threads < self._threads:
                self._busy_threads += 1
                self._pool.submit(self._work_until_nothing_waits)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if slot.taken_away:
                raise HashingBusy from None
            raise

    def _work_until_nothing_waits(self) -> None:
        while slot := self._next():
            work, future = slot.work  # type: ignore[misc]  # all that wait have some
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:  # raised where it is awaited
                    future.set_exception(error)

    def _next(self) -> _Slot | None:
        """The slot whose turn it is; of those with equal turns, the oldest."""
        with self._lock:
            if not self._waiting:
                self._busy_threads -= 1
                return None
            slot = min(self._waiting, key=attrgetter("turn"))
            self._waiting.remove(slot)
            self._turn = max(self._turn, slot.turn)
            return slot

    def _take_slot(self, context: AuditContext) -> _Slot:
        holders = _holders(context)
        slot = _Slot(holders, self._turn + 1 + max(self._held[holder] for holder in holders))
        if len(self._slots) >= self._max_slots:
            self._make_room_for(slot)
        self._slots[slot] = None
        self._held.update(holders)
        if self._rest:
            self._rest.cancel()
        return slot

    def _make_room_for(self, newcomer: _Slot) -> None:
        """Takes away the slot whose turn is last, if it comes after the newcomer's."""
        later = [slot for slot in self._slots if slot.turn > newcomer.turn]
        later.sort(key=attrgetter("turn"))
        while later:
            slot = later.pop()
            # A hash that has begun cannot be cancelled; a look-up goes on, and has to ask again for its hash.
            if slot.work is None or slot.work[1].cancel():
                slot.taken_away = True
                self._release_slot(slot)
                return
        raise HashingBusy

    def _release_in(self, loop: asyncio.AbstractEventLoop, slot: _Slot) -> Callable[[object], None]:
        def release(_future: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._release_slot, slot)

        return release

    def _release_slot(self, slot: _Slot) -> None:
        if slot not in self._slots:  # it was taken away
            return
        del self._slots[slot]
        if slot.work and slot.work[1].cancelled():
            with self._lock:
                if slot in self._waiting:
                    self._waiting.remove(slot)
        for holder in slot.holders:
            self._held[holder] -= 1
            if not self._held[holder]:
                del self._held[holder]
        if not self._slots:
            self._rest = asyncio.get_running_loop().call_later(IDLE_AFTER, release_free_memory)


def _holders(context: AuditContext) -> tuple[str, ...]:
    network = f"network {client_network(context.address)}"
    return (network, f"user {context.actor}") if context.actor else (network,)
