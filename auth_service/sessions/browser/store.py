"""Sign-ins that last in a browser, by the digest of their cookie."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, insert, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.clients.client import FIRST_PARTY_CLIENT
from auth_service.sessions.store import (
    DEFAULT_LIMITS,
    STILL_WITH_PASSWORD,
    Session,
    SessionLimits,
    add_session,
)
from auth_service.tables import browser_sessions, sessions, users
from auth_service.users.store import User, user_of
from gatehouse_chassis.database import Database
from gatehouse_chassis.database.columns import new_id, now

USED_AGAIN_AFTER = timedelta(minutes=1)
"""How much later a use must be than the last that was noted, to be noted too."""


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser in which a user is signed in."""

    id: UUID
    """Of its row in `sessions`."""

    user: User
    signed_in_at: datetime
    """When the user last proved who they are: `auth_time` of OpenID Connect."""

    amr: str
    """By what (RFC 8176), with one space between."""

    last_used_at: datetime


_ADD = insert(browser_sessions)
_ALIVE = (
    sessions.c.ended_at.is_(None),
    users.c.disabled_at.is_(None),
    browser_sessions.c.signed_in_at > bindparam("signed_in_after"),
    browser_sessions.c.last_used_at > bindparam("used_after"),
)
_FIND = (
    select(
        browser_sessions.c.session_id,
        browser_sessions.c.signed_in_at,
        browser_sessions.c.amr,
        browser_sessions.c.last_used_at,
        *users.c,
    )
    .join(sessions, sessions.c.id == browser_sessions.c.session_id)
    .join(users, users.c.id == sessions.c.user_id)
    .where(browser_sessions.c.digest == bindparam("cookie"), *_ALIVE)
)
_NOTE_USE = (
    update(browser_sessions)
    .where(
        browser_sessions.c.session_id == bindparam("session"),
        browser_sessions.c.last_used_at < bindparam("used_before"),
    )
    .values(last_used_at=bindparam("at"))
)
# Locked until the transaction ends (on SQLite the whole file is): what would end it comes after it.
STILL_GOING_ON = (
    select(sessions.c.id)
    .where(sessions.c.id == bindparam("session"), sessions.c.ended_at.is_(None))
    .with_for_update(key_share=True)
)
_ROTATE = (
    update(browser_sessions)
    .where(browser_sessions.c.session_id == bindparam("session"))
    .values(
        digest=bindparam("new_digest"),
        signed_in_at=bindparam("at"),
        last_used_at=bindparam("at"),
        amr=bindparam("by"),
    )
)


class BrowserSessionStore:
    """Sign-ins that last in a browser; cookies are stored as digests."""

    def __init__(self, database: Database, limits: SessionLimits = DEFAULT_LIMITS) -> None:
        self._database = database
        self._limits = limits

    async def find(self, digest: str) -> BrowserSession | None:
        """The session with this cookie, while it lasts; its use is noted, once a minute at most."""
        at = now()
        row = await self._database.fetch_one(
            _FIND,
            cookie=digest,
            signed_in_after=at - self._limits.browser_life,
            used_after=at - self._limits.browser_idle,
        )
        if row is None:
            return None
        if row["last_used_at"] < (used_before := at - USED_AGAIN_AFTER):
            await self._database.execute(
                _NOTE_USE, session=row["session_id"], at=at, used_before=used_before
            )
        return BrowserSession(
            row["session_id"], user_of(row), row["signed_in_at"], row["amr"], row["last_used_at"]
        )

    async def start(
        self,
        user: User,
        digest: str,
        amr: str,
        *,
        known: BrowserSession | None,
        through: str,
        scope: str,
        context: AuditContext,
    ) -> BrowserSession | None:
        """The session of a user whose password was verified, under a new cookie.

        A session of the same user goes on, with all that hangs on it. None when the user is disabled or has another
        password by now; then all is as before.

        Args:
            known: the user's session in this browser until now.
            through: the client for which the user signs in, and `scope` what it asks for: the audit log says so.
        """
        at = now()
        async with self._database.transaction() as statements:
            still = {"user": user.id, "known_hash": user.password_hash}
            if await statements.fetch_one(STILL_WITH_PASSWORD, **still) is None:
                return None
            if known is not None and await statements.fetch_one(STILL_GOING_ON, session=known.id):
                await statements.execute(
                    _ROTATE, session=known.id, new_digest=digest, at=at, by=amr
                )
                session_id = known.id
                about = {"session": str(session_id), "client": through, "scope": scope}
                await record(statements, Event.SIGNED_IN, user.id, context, **about)
            else:
                session_id = new_id()
                session = Session(session_id, user.id, FIRST_PARTY_CLIENT, "", "")
                await add_session(
                    statements,
                    session,
                    self._limits,
                    Event.SIGNED_IN,
                    context,
                    client=through,
                    scope=scope,
                )
                await statements.execute(
                    _ADD,
                    session_id=session_id,
                    digest=digest,
                    signed_in_at=at,
                    amr=amr,
                    last_used_at=at,
                )
        return BrowserSession(session_id, user, at, amr, at)
