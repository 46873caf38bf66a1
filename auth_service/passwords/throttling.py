"""Slows down password guessing, without letting a stranger lock anyone out.

Only failures are counted. An address from which the user signed in before has its own counter with that account, so
what strangers do elsewhere does not affect it. All other addresses share a counter per account, which slows down
guessing from many addresses, and each address has one for all accounts, which slows down trying one password on many
accounts. After a few free tries each failure doubles the wait, up to a quarter of an hour.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from auth_service.errors import TryLater
from auth_service.passwords.client_network import client_network
from auth_service.passwords.store import Attempts, AttemptStore
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

    async def check(self, username: str, address: str | None) -> None:
        """Checks that a try may be made now.

        It is called before the password is verified, which is expensive, and again after it: of many concurrent tries,
        those that end after the limit was reached get the same answer, whether the password was right or wrong.

        Raises:
            TooManyFailedSignIns: it has to wait.
        """
        counters, _ = await self._counters(username, address)
        wait = max(
            _end_of_delay(attempts, free) - self._clock() for attempts, free in counters.values()
        )
        if wait > timedelta(0):
            raise TooManyFailedSignIns(int(wait.total_seconds()) + 1)

    async def failed(self, username: str, address: str | None) -> None:
        """Counts a wrong password."""
        at = self._clock()
        counters, _ = await self._counters(username, address)
        for key in counters:
            await self._attempts.count_failure(key, at=at, since=at - FAILURES_COUNT_FOR)

    async def succeeded(self, username: str, address: str | None) -> None:
        """Remembers that the account is used from this address."""
        pair, at = _pair(username, address), self._clock()
        _, known = await self._counters(username, address)
        fresh = known.last_success_at is not None and (
            at - known.last_success_at < _NOTE_SUCCESS_AGAIN_AFTER
        )
        if known.failures or not fresh:
            await self._attempts.note_success(pair, at=at)

    async def forgive(self, username: str) -> None:
        """Resets the counter that all strangers share for this account."""
        await self._attempts.delete(_account(username))

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` counters that have no effect any more, and returns how many."""
        at = self._clock()
        return await self._attempts.purge_expired(
            failed_before=at - FAILURES_COUNT_FOR, succeeded_before=at - KNOWN_FOR, limit=limit
        )

    async def _counters(
        self, username: str, address: str | None
    ) -> tuple[dict[str, tuple[Attempts, int]], Attempts]:
        """The counters that apply to this try, each with its free tries, and the one of account and address."""
        pair, account, network = _pair(username, address), _account(username), _address(address)
        found = await self._attempts.find(pair, account, network)
        known = found.get(pair, Attempts())
        if known.last_success_at and self._clock() - known.last_success_at < KNOWN_FOR:
            return {pair: (known, _FREE_TRIES)}, known
        counters = {
            account: (found.get(account, Attempts()), _FREE_TRIES),
            network: (found.get(network, Attempts()), _FREE_TRIES_OF_AN_ADDRESS),
        }
        return counters, known


class ClientSecretGuard:
    """Slows down guessing a client's secret: by client and network, so that no one else has to wait for a guesser."""

    def __init__(self, attempts: AttemptStore, *, clock: Callable[[], datetime] = now) -> None:
        self._attempts = attempts
        self._clock = clock

    async def check(self, client_id: str, address: str | None) -> None:
        """Checks that a try may be made now.

        Raises:
            TooManyFailedSignIns: it has to wait.
        """
        key = _client(client_id, address)
        attempts = (await self._attempts.find(key, key, key)).get(key, Attempts())
        wait = _end_of_delay(attempts, _FREE_TRIES) - self._clock()
        if wait > timedelta(0):
            raise TooManyFailedSignIns(int(wait.total_seconds()) + 1)

    async def failed(self, client_id: str, address: str | None) -> None:
        """Counts a wrong secret."""
        at = self._clock()
        key = _client(client_id, address)
        await self._attempts.count_failure(key, at=at, since=at - FAILURES_COUNT_FOR)


def _end_of_delay(attempts: Attempts, free: int) -> datetime:
    """When the next try may be made: 1, 2, 4 ... seconds after the last failure, once the free tries are used."""
    if attempts.last_failed_at is None or attempts.failures < free:
        return _NEVER
    doublings = min(attempts.failures - free, 20)
    return attempts.last_failed_at + min(timedelta(seconds=2**doublings), LONGEST_DELAY)


def _pair(username: str, address: str | None) -> str:
    return _digest("account at address", username.lower(), client_network(address))


def _account(username: str) -> str:
    return _digest("account", username.lower())


def _address(address: str | None) -> str:
    return _digest("address", client_network(address))


def _client(client_id: str, address: str | None) -> str:
    return _digest("client at address", client_id, client_network(address))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()
