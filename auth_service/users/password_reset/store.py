"""Tokens that reset a password, stored as digests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, bindparam, delete, insert, select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import password_resets, users
from auth_service.users.store import set_password, verify_email
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import UtcDateTime, now

# For a user that there is not it adds no row, by the same statement.
_ADD = insert(password_resets).from_select(
    ["digest", "user_id", "created_at", "expires_at"],
    select(
        bindparam("digest", type_=String),
        users.c.id,
        bindparam("created_at", type_=UtcDateTime),
        bindparam("expires_at", type_=UtcDateTime),
    ).where(users.c.id == bindparam("user")),
)
_ALIVE = password_resets.c.expires_at > bindparam("at")
_THIS = password_resets.c.digest == bindparam("which")
_USER_OF = (
    select(password_resets.c.user_id)
    .join(users, users.c.id == password_resets.c.user_id)
    .where(_THIS, _ALIVE, users.c.disabled_at.is_(None))
)
# Locked until the transaction ends, and before the user's mailed tokens: every change of a user takes them in this
# order, so that no two wait for each other.
_LOCK_USER = (
    select(users.c.id)
    .join(password_resets, password_resets.c.user_id == users.c.id)
    .where(_THIS)
    .with_for_update(key_share=True, of=users)
)
# One statement decides who uses it.
_USE = delete(password_resets).where(_THIS, _ALIVE).returning(password_resets.c.user_id)
_PURGE = delete(password_resets).where(
    password_resets.c.digest.in_(
        select(password_resets.c.digest)
        .where(password_resets.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)


class PasswordResetStore:
    """Tokens that reset a password."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, digest: str, user_id: UUID | None, expires_at: datetime, context: AuditContext
    ) -> None:
        """Stores a new token; for no user the statements are the same, and nothing is stored."""
        event = Event.PASSWORD_RESET_SENT if user_id else Event.PASSWORD_RESET_ASKED
        async with self._database.transaction() as statements:
            await statements.execute(
                _ADD, digest=digest, user=user_id, created_at=now(), expires_at=expires_at
            )
            await record(statements, event, user_id, context)

    async def find_user(self, digest: str) -> UUID | None:
        """The user whose password the token resets; None when it cannot be used, or the user is disabled."""
        row = await self._database.fetch_one(_USER_OF, which=digest, at=now())
        return row["user_id"] if row else None

    async def use(self, digest: str, password_hash: str, context: AuditContext) -> bool:
        """Uses the token up, sets the password and ends every session; False when it was used in the meantime."""
        async with self._database.transaction() as statements:
            await statements.fetch_one(_LOCK_USER, which=digest)
            used = await statements.fetch_one(_USE, which=digest, at=now())
            if used is None:
                return False
            await verify_email(statements, used["user_id"])
            await set_password(
                statements, used["user_id"], password_hash, Event.PASSWORD_RESET, context
            )
        return True

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` tokens that have expired, and returns how many."""
        return await self._database.execute(_PURGE, before=now(), limit=limit)
