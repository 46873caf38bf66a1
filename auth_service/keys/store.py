"""The signing keys, as they are stored."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, or_, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import signing_keys
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `signing_keys`: published from its creation on, signing from `signs_from` on."""

    kid: str
    public_jwk: str
    encrypted_private_jwk: str
    signs_from: datetime
    withdrawn_at: datetime | None = None


_ADD = insert(signing_keys)
_KEYS = (
    select(
        signing_keys.c.kid,
        signing_keys.c.public_jwk,
        signing_keys.c.encrypted_private_jwk,
        signing_keys.c.signs_from,
        signing_keys.c.withdrawn_at,
    )
    .order_by(signing_keys.c.signs_from.desc(), signing_keys.c.kid)
    .limit(100)
)
_KEYS_NOT_WITHDRAWN = _KEYS.where(
    or_(signing_keys.c.withdrawn_at.is_(None), signing_keys.c.withdrawn_at > bindparam("at"))
)
# The transaction that holds these rows rotates; on SQLite a transaction holds the whole file anyway.
_LOCK = select(signing_keys.c.kid).with_for_update()
_ENCRYPTED = select(signing_keys.c.kid, signing_keys.c.encrypted_private_jwk)
_REWRAP = (
    update(signing_keys)
    .where(signing_keys.c.kid == bindparam("of"))
    .values(encrypted_private_jwk=bindparam("encrypted"))
)
_WITHDRAW = (
    update(signing_keys)
    .where(
        or_(
            signing_keys.c.withdrawn_at.is_(None),
            signing_keys.c.withdrawn_at > bindparam("withdrawn"),
        )
    )
    .values(withdrawn_at=bindparam("withdrawn"))
)
_DELETE_WITHDRAWN = delete(signing_keys).where(
    signing_keys.c.kid.in_(
        select(signing_keys.c.kid)
        .where(signing_keys.c.withdrawn_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)


class SigningKeyStore:
    """Signing keys, the private part encrypted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, at: datetime | None = None) -> list[StoredKey]:
        """The keys that are not withdrawn at this time (now), the one that signs last first."""
        rows = await self._database.fetch_all(_KEYS_NOT_WITHDRAWN, at=at or now())
        return [StoredKey(**row) for row in rows]

    async def add(self, key: StoredKey, context: AuditContext) -> None:
        """Stores a key beside those that there are."""
        async with self._database.transaction() as statements:
            await statements.execute(_ADD, **asdict(key), created_at=now())
            await record(statements, Event.KEY_CREATED, key.kid, context)

    async def delete_withdrawn(self, *, before: datetime, limit: int) -> int:
        """Deletes up to `limit` keys that were withdrawn before that time, and returns how many."""
        return await self._database.execute(_DELETE_WITHDRAWN, before=before, limit=limit)

    async def replace(
        self,
        key: StoredKey,
        context: AuditContext,
        *,
        others_withdrawn_at: datetime,
        unless_newer_than: datetime,
    ) -> bool:
        """Stores a key and sets the end of all others; False, and nothing is done, when there is a newer one already.

        Workers and replicas that try it at the same time take turns, and the later ones find the key of the first.
        """
        async with self._database.transaction() as statements:
            await statements.fetch_all(_LOCK)
            # A statement of its own, because it must see what the one before waited for.
            newest = await statements.fetch_one(_KEYS)
            if newest and newest["signs_from"] > unless_newer_than:
                return False
            await statements.execute(_WITHDRAW, withdrawn=others_withdrawn_at)
            await statements.execute(_ADD, **asdict(key), created_at=now())
            about = {"signs_from": key.signs_from.isoformat()}
            await record(statements, Event.KEY_ROTATED, key.kid, context, **about)
        return True

    async def rewrap(self, encrypt: Callable[[str], str], context: AuditContext) -> int:
        """Replaces each encrypted private key by what `encrypt` makes of it, and returns how many that changed.

        All or none; keys that were withdrawn too.
        """
        async with self._database.transaction() as statements:
            await statements.fetch_all(_LOCK)
            changed = 0
            for row in await statements.fetch_all(_ENCRYPTED):
                encrypted = encrypt(row["encrypted_private_jwk"])
                if encrypted != row["encrypted_private_jwk"]:
                    await statements.execute(_REWRAP, of=row["kid"], encrypted=encrypted)
                    await record(statements, Event.KEY_REWRAPPED, row["kid"], context)
                    changed += 1
        return changed
