"""Slows down password guessing, without letting a stranger lock anyone out.

Only failures are counted: all tries at an account share a counter, which slows down guessing from many addresses, and
all tries from an address share one, which slows down trying one password on many accounts. After a few free tries each
failure doubles the wait, up to a quarter of an hour.

While others have to wait, the right password is still accepted at an address from which the user signed in before, so
what strangers do locks nobody out; wrong ones are counted there for that account alone. Only who knows the password can
tell such an address from any other: what a wrong one counts, and how it is answered, is the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from auth_service.errors import TryLater
from auth_service.passwords.client_network import client_network
from auth_service.passwords.store import Attempts, AttemptStore
from auth_service.users.names import username_key
from gatehouse_chassis.database.columns import now

FAILURES_COUNT_FOR = timedelta(days=1)
"""How long failures count after the last one."""

KNOWN_FOR = timedelta(days=90)
"""How long an address is known after a sign-in from it."""

LONGEST_DELAY = timedelta(minutes=15)

_FREE_TRIES = 5
# Many people may be behind one address, each of whom mistypes.
_FREE_TRIES_OF_AN_ADDRESS = 30
_NOTE_SUCCESS_AGAIN_AFTER = timedelta(days=1)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Purpose(StrEnum):
    """What is counted: the first word of every key, so no counter of one purpose is ever one of another.

    It is of our choosing and without a line break, which ends it; what people type comes after it.
    """

    # As keys were before there were other purposes, so that an upgrade forgets no address at which a user is known.
    SIGN_IN = ""
    RESET_MAIL = "reset mail: "
    SIGN_UP_MAIL = "sign-up mail: "
    EMAIL_CHANGE_MAIL = "email change mail: "
    SIGN_UP_NAME = "sign-up name: "
    PASSWORD_CHANGE = "password change: "
    CLIENT_SECRET = "client secret: "


class TooManyFailedSignIns(TryLater):
    """The next try has to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "Too many sign-ins failed; wait before the next one.", retry_after=retry_after
        )


class SignInGuard:
    """Decides who has to wait before the next try.

    Args:
        attempts: where the counters are.
        clock: the current time.
    """

    def __init__(self, attempts: AttemptStore, *, clock: Callable[[], datetime] = now) -> None:
        self._attempts = attempts
        self._clock = clock

    async def check(self, username: str, address: str | None) -> TooManyFailedSignIns | None:
        """Checks that a try may be made now, and returns what a wrong password has to be answered with.

        It is called before the password is verified, which is expensive, and again after it: of many concurrent tries,
        those that end after the limit was reached get the same answer, whether the password was right or wrong.

        Returns:
            None when the answer may be that the password is wrong.

        Raises:
            TooManyFailedSignIns: it has to wait.
        """
        everyone, own = await self._find(username, address)
        wait = everyone - self._clock()
        if wait <= timedelta(0):
            return None
        refusal = TooManyFailedSignIns(int(wait.total_seconds()) + 1)
        if not self._is_known(own) or end_of_delay(own, _FREE_TRIES) > self._clock():
            raise refusal
        return refusal

    async def failed(self, username: str, address: str | None) -> None:
        """Counts a wrong password."""
        at = self._clock()
        everyone, own = await self._find(username, address)
        keys = [_account(username), _address(address)]
        if everyone > at and self._is_known(own):
            keys = [_pair(username, address)]
        for key in keys:
            await self._attempts.count_failure(key, at=at, since=at - FAILURES_COUNT_FOR)

    async def succeeded(self, username: str, address: str | None) -> None:
        """Remembers that the account is used from this address."""
        at = self._clock()
        _, own = await self._find(username, address)
        fresh = own.last_success_at is not None and (
            at - own.last_success_at < _NOTE_SUCCESS_AGAIN_AFTER
        )
        if own.failures or not fresh:
            await self._attempts.note_success(_pair(username, address), at=at)

    async def forgive(self, username: str) -> None:
        """Resets the counter that all strangers share for this account."""
        await self._attempts.delete(_account(username))

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` counters that have no effect any more, and returns how many."""
        at = self._clock()
        return await self._attempts.purge_expired(
            failed_before=at - FAILURES_COUNT_FOR, succeeded_before=at - KNOWN_FOR, limit=limit
        )

    async def _find(self, username: str, address: str | None) -> tuple[datetime, Attempts]:
        """Until when everyone has to wait, and the counter of this account at this address."""
        pair, account, network = _pair(username, address), _account(username), _address(address)
        found = await self._attempts.find(pair, account, network)
        everyone = max(
            end_of_delay(found.get(account, Attempts()), _FREE_TRIES),
            end_of_delay(found.get(network, Attempts()), _FREE_TRIES_OF_AN_ADDRESS),
        )
        return everyone, found.get(pair, Attempts())

    def _is_known(self, own: Attempts) -> bool:
        """Whether the user signed in from this address before."""
        since = self._clock() - KNOWN_FOR
        return own.last_success_at is not None and own.last_success_at > since


class ClientSecretGuard:
    """Slows down guessing a client's secret: by client and network, so that no one else has to wait for a guesser.

    All clients that there are not count as one, None, or a stranger could fill the table with invented ones.
    """

    def __init__(self, attempts: AttemptStore, *, clock: Callable[[], datetime] = now) -> None:
        self._attempts = attempts
        self._clock = clock

    async def check(self, client_id: str | None, address: str | None) -> None:
        """Checks that a try may be made now.

        Raises:
            TooManyFailedSignIns: it has to wait.
        """
        attempts = await self._attempts.find_one(_client(client_id, address))
        wait = end_of_delay(attempts, _FREE_TRIES) - self._clock()
        if wait > timedelta(0):
            raise TooManyFailedSignIns(int(wait.total_seconds()) + 1)

    async def failed(self, client_id: str | None, address: str | None) -> None:
        """Counts a wrong secret."""
        at = self._clock()
        key = _client(client_id, address)
        await self._attempts.count_failure(key, at=at, since=at - FAILURES_COUNT_FOR)


def end_of_delay(attempts: Attempts, free: int) -> datetime:
    """When the next try may be made: 1, 2, 4 ... seconds after the last failure, once the free tries are used."""
    if attempts.last_failed_at is None or attempts.failures < free:
        return _NEVER
    doublings = min(attempts.failures - free, 20)
    return attempts.last_failed_at + min(timedelta(seconds=2**doublings), LONGEST_DELAY)


def counter_key(purpose: Purpose, kind: str, *parts: str) -> str:
    """The key of a counter: a digest of what it counts.

    Args:
        kind: what `parts` are, such as "account"; never what somebody typed.
        parts: all but the first without line breaks, so that no two lists of them give one text.
    """
    text = "\n".join([f"{purpose}{kind}", *parts])
    return sha256(text.encode("utf-8", "replace")).hexdigest()


def _pair(username: str, address: str | None) -> str:
    return counter_key(
        Purpose.SIGN_IN, "account at address", username_key(username), client_network(address)
    )


def _account(username: str) -> str:
    return counter_key(Purpose.SIGN_IN, "account", username_key(username))


def _address(address: str | None) -> str:
    return counter_key(Purpose.SIGN_IN, "address", client_network(address))


def _client(client_id: str | None, address: str | None) -> str:
    network = client_network(address)
    if client_id is None:
        return counter_key(Purpose.CLIENT_SECRET, "unknown client at address", network)
    # The id comes last: it is as the request says, line breaks and all.
    return counter_key(Purpose.CLIENT_SECRET, "client at address", network, client_id)
