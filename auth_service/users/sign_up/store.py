"""Sign-ups that wait for their confirmation, under the digest of the token that was mailed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Boolean, bindparam, delete, insert, or_, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import sign_ups
from auth_service.users.store import User, UsernameTaken, add_user
from gatehouse_chassis.database import Database, IntegrityError
from gatehouse_chassis.database.columns import now


@dataclass(frozen=True, slots=True)
class WaitingSignUp:
    """Who asked for an account, which need not be the owner of the address."""

    username: str
    display_name: str
    email: str
    is_confirmed: bool = False


_STORED = ("digest", "username", "display_name", "email", "expires_at")
KEPT_AFTER_USE = timedelta(days=7)
"""How long a confirmed sign-up is kept, so that who opens the link again reads that there is an account."""

_IS_CONFIRMED = sign_ups.c.confirmed_at.is_not(None)
_THIS = (sign_ups.c.digest == bindparam("which"), sign_ups.c.expires_at > bindparam("at"))
# Where there is to be no sign-up it adds no row, by the same statement.
_ADD = insert(sign_ups).from_select(
    _STORED,
    select(*(bindparam(name, type_=sign_ups.c[name].type) for name in _STORED)).where(
        bindparam("wanted", type_=Boolean)
    ),
)
_WAITING = select(
    sign_ups.c.username, sign_ups.c.display_name, sign_ups.c.email, sign_ups.c.confirmed_at
).where(
    sign_ups.c.digest == bindparam("which"),
    or_(sign_ups.c.expires_at > bindparam("at"), _IS_CONFIRMED),
)
# One statement decides who uses it. Earlier versions, which do not know the column, find it expired.
_USE = (
    update(sign_ups)
    .where(*_THIS, ~_IS_CONFIRMED)
    .values(confirmed_at=bindparam("at"), expires_at=bindparam("at"))
    .returning(sign_ups.c.email)
)
_PURGE = delete(sign_ups).where(
    sign_ups.c.digest.in_(
        select(sign_ups.c.digest)
        .where(
            sign_ups.c.expires_at < bindparam("before"),
            or_(~_IS_CONFIRMED, sign_ups.c.confirmed_at < bindparam("confirmed_before")),
        )
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
        waiting: WaitingSignUp,
        expires_at: datetime,
        context: AuditContext,
        *,
        mailed: str,
        wanted: bool,
    ) -> None:
        """Stores a sign-up until it is confirmed or expires.

        Args:
            mailed: which mail is sent, for the audit log.
            wanted: without it the statements are the same, and no sign-up is stored.
        """
        async with self._database.transaction() as statements:
            await statements.execute(
                _ADD,
                digest=digest,
                username=waiting.username,
                display_name=waiting.display_name,
                email=waiting.email,
                expires_at=expires_at,
                wanted=wanted,
            )
            about = {"username": waiting.username, "mailed": mailed}
            await record(statements, Event.SIGN_UP_ASKED, None, context, **about)

    async def find(self, digest: str) -> WaitingSignUp | None:
        """The sign-up that the token would confirm, or confirmed; None when it is unknown or expired."""
        row = await self._database.fetch_one(_WAITING, which=digest, at=now())
        if row is None:
            return None
        is_confirmed = row["confirmed_at"] is not None
        return WaitingSignUp(row["username"], row["display_name"], row["email"], is_confirmed)

    async def confirm(
        self,
        digest: str,
        username: str,
        password_hash: str,
        display_name: str,
        context: AuditContext,
    ) -> User | None:
        """The new user, whose address is proven; None when the token is unknown, used or expired.

        Raises:
            UsernameTaken: someone else has this name; the token stays valid.
        """
        try:
            async with self._database.transaction() as statements:
                row = await statements.fetch_one(_USE, which=digest, at=now())
                if row is None:
                    return None
                user = await add_user(
                    statements,
                    username,
                    password_hash,
                    display_name,
                    email=row["email"],
                    email_is_proven=True,
                    context=context,
                )
                await record(statements, Event.SIGN_UP_CONFIRMED, user.id, context)
        except IntegrityError:
            raise UsernameTaken("This username is taken; choose another one.") from None
        return user

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` sign-ups that have expired or were confirmed long ago, and returns how many."""
        before = now()
        return await self._database.execute(
            _PURGE, before=before, confirmed_before=before - KEPT_AFTER_USE, limit=limit
        )
