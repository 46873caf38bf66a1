"""Sign-ups that wait for their confirmation, under the digest of the token that was mailed."""

from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import sign_ups
from auth_service.users.store import User, UsernameTaken, add_user
from gatehouse_chassis.database import Database, IntegrityError
from gatehouse_chassis.database.columns import now

_THIS = (sign_ups.c.digest == bindparam("which"), sign_ups.c.expires_at > bindparam("at"))
_ADD = insert(sign_ups)
_USERNAME_OF = select(sign_ups.c.username).where(*_THIS)
# One statement decides who uses it.
_USE = delete(sign_ups).where(*_THIS).returning(*sign_ups.c)
_PURGE = delete(sign_ups).where(
    sign_ups.c.digest.in_(
        select(sign_ups.c.digest)
        .where(sign_ups.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)


class SignUpStore:
    """Sign-ups that wait. They reserve no name: the first of two to be confirmed gets it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        digest: str,
        *,
        username: str,
        display_name: str,
        email: str,
        password_hash: str,
        expires_at: datetime,
    ) -> None:
        """Stores a sign-up until it is confirmed or expires."""
        await self._database.execute(
            _ADD,
            digest=digest,
            username=username,
            display_name=display_name,
            email=email,
            password_hash=password_hash,
            expires_at=expires_at,
        )

    async def find_username(self, digest: str) -> str | None:
        """The name that the token would confirm; None when it is unknown, used or expired."""
        row = await self._database.fetch_one(_USERNAME_OF, which=digest, at=now())
        return row["username"] if row else None

    async def confirm(self, digest: str, context: AuditContext) -> User | None:
        """The new user; None when the token is unknown, used or expired.

        Raises:
            UsernameTaken: someone else got this name in the meantime; the token stays valid.
        """
        try:
            async with self._database.transaction() as statements:
                row = await statements.fetch_one(_USE, which=digest, at=now())
                if row is None:
                    return None
                user = await add_user(
                    statements,
                    row["username"],
                    row["password_hash"],
                    row["display_name"],
                    email=row["email"],
                    context=context,
                )
                await record(statements, Event.SIGN_UP_CONFIRMED, user.id, context)
        except IntegrityError:
            raise UsernameTaken(
                "This username was taken meanwhile; sign up again under another one."
            ) from None
        return user

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` sign-ups that have expired, and returns how many."""
        return await self._database.execute(_PURGE, before=now(), limit=limit)
