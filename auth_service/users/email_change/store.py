"""Addresses that wait for their proof, under the digest of the token that was mailed."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import email_changes, users
from auth_service.users.store import User, find_user, require_password, set_email
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import now

_THIS = (email_changes.c.digest == bindparam("which"), email_changes.c.expires_at > bindparam("at"))
_ADD = insert(email_changes)
_EMAIL_OF = select(email_changes.c.email).where(*_THIS)
# As in auth_service.users.password_reset.store.
_LOCK_USER = (
    select(users.c.id)
    .join(email_changes, email_changes.c.user_id == users.c.id)
    .where(email_changes.c.digest == bindparam("which"))
    .with_for_update(key_share=True, of=users)
)
# One statement decides who uses it.
_USE = delete(email_changes).where(*_THIS).returning(email_changes.c.user_id, email_changes.c.email)
_DELETE_OF = delete(email_changes).where(email_changes.c.user_id == bindparam("user"))
_PURGE = delete(email_changes).where(
    email_changes.c.digest.in_(
        select(email_changes.c.digest)
        .where(email_changes.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)


class EmailChangeStore:
    """Changes of an address that wait. A user has one at most: the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, digest: str, verified: User, email: str, expires_at: datetime, context: AuditContext
    ) -> None:
        """Stores a change until it is confirmed or expires, in the place of an earlier one.

        Raises:
            PasswordChanged: the verified password is another one by now; nothing was done.
        """
        async with self._database.transaction() as statements:
            await require_password(statements, verified)
            await statements.execute(_DELETE_OF, user=verified.id)
            await statements.execute(
                _ADD, digest=digest, user_id=verified.id, email=email, expires_at=expires_at
            )
            await record(statements, Event.EMAIL_CHANGE_ASKED, verified.id, context)

    async def find_email(self, digest: str) -> str | None:
        """The address that the token would prove; None when it is unknown, used or expired."""
        row = await self._database.fetch_one(_EMAIL_OF, which=digest, at=now())
        return row["email"] if row else None

    async def use(self, digest: str, context: AuditContext) -> tuple[User, User] | None:
        """The user before and after the change; None when the token is unknown, used or expired."""
        async with self._database.transaction() as statements:
            await statements.fetch_one(_LOCK_USER, which=digest)
            used = await statements.fetch_one(_USE, which=digest, at=now())
            if used is None:
                return None
            before = await find_user(statements, used["user_id"])
            after = await set_email(statements, used["user_id"], used["email"], context)
        return (before, after) if before and after else None

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` changes that have expired, and returns how many."""
        return await self._database.execute(_PURGE, before=now(), limit=limit)
