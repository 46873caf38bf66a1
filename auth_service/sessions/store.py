"""Sign-ins and their refresh tokens."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, exists, insert, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import refresh_tokens, sessions, users
from auth_service.users.schemas import Role
from gatehouse_chassis.database import Database, Row, Statements
from gatehouse_chassis.database.columns import new_id, now

Accepted = TypeVar("Accepted")

RETENTION = timedelta(days=1)
"""How long an expired refresh token and its session are kept: longer than any access token of the session lives."""


class EndOfSession(StrEnum):
    """Why a session ended."""

    REFRESH_TOKEN_REUSED = auto()
    PASSWORD_CHANGED = auto()
    USER_DISABLED = auto()
    CLIENT_REMOVED = auto()
    CODE_REUSED = auto()
    CLIENT_SECRET_RENEWED = auto()
    REVOKED = auto()


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: which user, through which client, with which scopes."""

    id: UUID
    user_id: UUID
    client_id: str
    scope: str
    resource: str
    """The URLs of the services that the grant named (RFC 8707), with one space between; empty where it named none."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, of which only the digest is kept."""

    session: Session
    expires_at: datetime
    active: bool
    """Neither used nor expired, and its session goes on."""


@dataclass(frozen=True, slots=True)
class LiveSession(Session):
    """A session that can go on."""

    created_at: datetime
    last_used_at: datetime
    expires_at: datetime


class Refusal(Enum):
    """Why a refresh token or a code was not exchanged."""

    UNKNOWN = auto()
    EXPIRED = auto()
    REUSED = auto()
    ENDED = auto()
    MISUSED = auto()


# Locked until the transaction ends (on SQLite the whole file is), so that what would end a session comes after it.
_STILL_WITH_PASSWORD = (
    select(users.c.id)
    .where(
        users.c.id == bindparam("user"),
        users.c.password_hash == bindparam("known_hash"),
        users.c.role == bindparam("known_role"),
        users.c.disabled_at.is_(None),
    )
    .with_for_update(read=True)
)

_ADD_SESSION = insert(sessions)
_ADD_TOKEN = insert(refresh_tokens)
_SESSION = (
    select(
        sessions.c.id,
        sessions.c.user_id,
        sessions.c.client_id,
        sessions.c.scope,
        sessions.c.resource,
        sessions.c.ended_at,
        users.c.role,
        users.c.disabled_at,
    )
    .join(users, users.c.id == sessions.c.user_id)
    .where(sessions.c.id == bindparam("session"))
)
# Of a session's refresh tokens one at most is unused: it was made when the session was used last.
_LIVE = (
    select(
        sessions.c.id,
        sessions.c.user_id,
        sessions.c.client_id,
        sessions.c.scope,
        sessions.c.resource,
        sessions.c.created_at,
        refresh_tokens.c.created_at.label("last_used_at"),
        refresh_tokens.c.expires_at,
    )
    .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.ended_at.is_(None),
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("at"),
    )
    .order_by(sessions.c.id.desc())
    .limit(bindparam("limit"))
)
_LIVE_BEFORE = _LIVE.where(sessions.c.id < bindparam("before"))
# One statement decides who uses a token: of two concurrent tries the second finds it used.
_USE_TOKEN = (
    update(refresh_tokens)
    .where(
        and_(
            refresh_tokens.c.digest == bindparam("token"),
            refresh_tokens.c.used_at.is_(None),
            refresh_tokens.c.expires_at > bindparam("at"),
        )
    )
    .values(used_at=bindparam("at"))
    .returning(refresh_tokens.c.session_id)
)
_TOKEN = select(refresh_tokens).where(refresh_tokens.c.digest == bindparam("token"))
_TOKEN_WITH_SESSION = (
    select(
        sessions.c.id,
        sessions.c.user_id,
        sessions.c.client_id,
        sessions.c.scope,
        sessions.c.resource,
        sessions.c.ended_at,
        refresh_tokens.c.used_at,
        refresh_tokens.c.expires_at,
    )
    .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
    .where(refresh_tokens.c.digest == bindparam("token"))
)
_END_SESSIONS = (
    update(sessions)
    .where(sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_because=bindparam("reason"))
)
_END_SESSION = _END_SESSIONS.where(sessions.c.id == bindparam("session")).returning(
    sessions.c.user_id
)
_END_SESSIONS_OF = _END_SESSIONS.where(sessions.c.user_id == bindparam("user"))
_END_SESSIONS_THROUGH = _END_SESSIONS.where(sessions.c.client_id == bindparam("client"))
_PURGE_TOKENS = delete(refresh_tokens).where(
    refresh_tokens.c.digest.in_(
        select(refresh_tokens.c.digest)
        .where(refresh_tokens.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)
_PURGE_SESSIONS = delete(sessions).where(
    sessions.c.id.in_(
        select(sessions.c.id)
        .where(
            sessions.c.created_at < bindparam("before"),
            ~exists().where(refresh_tokens.c.session_id == sessions.c.id),
        )
        .limit(bindparam("limit"))
    )
)


class SessionStore:
    """Sign-ins and their refresh tokens, which are stored as digests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(
        self,
        user_id: UUID,
        client_id: str,
        scope: str,
        digest: str,
        expires_at: datetime,
        *,
        known_hash: str,
        known_role: Role,
        context: AuditContext,
    ) -> Session | None:
        """A new session with its first refresh token; None when the user is disabled, or has another password or role.

        Args:
            digest: of the refresh token, which expires at `expires_at`.
            known_hash: the hash of the password that was verified.
            known_role: the role by which the scopes were granted.
        """
        async with self._database.transaction() as statements:
            still = {"user": user_id, "known_hash": known_hash, "known_role": known_role.value}
            if await statements.fetch_one(_STILL_WITH_PASSWORD, **still) is None:
                return None
            session = await add_session(statements, user_id, client_id, scope, "", context)
            await add_token(statements, session.id, digest, expires_at)
        return session

    async def exchange(
        self,
        digest: str,
        client_id: str,
        new_digest: str,
        expires_at: datetime,
        accept: Callable[[Session, Role], Accepted],
        context: AuditContext,
    ) -> tuple[Session, Accepted] | Refusal:
        """Uses up a refresh token and puts a new one in its place.

        A token that was used before is in two hands, and it is unknown whose: the whole session ends (RFC 9700
        section 4.14.2). So it does when another client presents it.

        Args:
            accept: is given the session and the user's role of now; when it raises, all is as before.

        Returns:
            The session, and what `accept` returned.
        """
        async with self._database.transaction() as statements:
            used = await statements.fetch_one(_USE_TOKEN, token=digest, at=now())
            if used is None:
                return await self._refuse(statements, digest, context)
            row = await statements.fetch_one(_SESSION, session=used["session_id"])
            if row is None or row["ended_at"] is not None or row["disabled_at"] is not None:
                return Refusal.ENDED
            session = _session(row)
            if session.client_id != client_id:
                reason = EndOfSession.REFRESH_TOKEN_REUSED
                await end_session(statements, session.id, reason, context)
                return Refusal.REUSED
            accepted = accept(session, Role(row["role"]))
            await add_token(statements, session.id, new_digest, expires_at)
            return session, accepted

    async def find_refresh_token(self, digest: str) -> RefreshToken | None:
        """The refresh token with this digest, whatever became of it."""
        row = await self._database.fetch_one(_TOKEN_WITH_SESSION, token=digest)
        if row is None:
            return None
        session = _session(row)
        is_over = row["used_at"] is not None or row["ended_at"] is not None
        return RefreshToken(session, row["expires_at"], not is_over and row["expires_at"] > now())

    async def list_of(
        self, user_id: UUID, *, limit: int, before: UUID | None = None
    ) -> list[LiveSession]:
        """Up to `limit` sessions of a user that can go on, newest first: those from before the one with this id."""
        wanted = {"user": user_id, "at": now(), "limit": limit}
        if before is None:
            rows = await self._database.fetch_all(_LIVE, **wanted)
        else:
            rows = await self._database.fetch_all(_LIVE_BEFORE, **wanted, before=before)
        return [LiveSession(**{**row, "resource": row["resource"] or ""}) for row in rows]

    async def belongs_to(self, session_id: UUID, user_id: UUID) -> bool:
        """Whether the session is one of the user's."""
        row = await self._database.fetch_one(_SESSION, session=session_id)
        return row is not None and row["user_id"] == user_id

    async def end(self, session_id: UUID, reason: EndOfSession, context: AuditContext) -> bool:
        """Whether the session was under way and is over now."""
        return await end_session(self._database, session_id, reason, context)

    async def end_all_for_user(
        self, user_id: UUID, reason: EndOfSession, context: AuditContext
    ) -> int:
        """Ends every session of a user, and returns how many there were."""
        return await end_sessions_of(self._database, user_id, reason, context)

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` refresh tokens that expired `RETENTION` ago, and up to `limit` sessions without any."""
        before = now() - RETENTION
        tokens = await self._database.execute(_PURGE_TOKENS, before=before, limit=limit)
        return tokens + await self._database.execute(_PURGE_SESSIONS, before=before, limit=limit)

    async def _refuse(self, statements: Statements, digest: str, context: AuditContext) -> Refusal:
        token = await statements.fetch_one(_TOKEN, token=digest)
        if token is None:
            return Refusal.UNKNOWN
        if token["used_at"] is None:
            return Refusal.EXPIRED
        reason = EndOfSession.REFRESH_TOKEN_REUSED
        await end_session(statements, token["session_id"], reason, context)
        return Refusal.REUSED


async def add_session(
    statements: Statements,
    user_id: UUID,
    client_id: str,
    scope: str,
    resource: str,
    context: AuditContext,
) -> Session:
    """A new session, within the caller's transaction."""
    session = Session(new_id(), user_id, client_id, scope, resource)
    await statements.execute(_ADD_SESSION, **asdict(session), created_at=now())
    about = {"session": str(session.id), "client": client_id, "scope": scope}
    await record(statements, Event.SIGNED_IN, user_id, context, **about)
    return session


async def add_token(
    statements: Statements, session_id: UUID, digest: str, expires_at: datetime
) -> None:
    """A new refresh token of a session, within the caller's transaction."""
    await statements.execute(
        _ADD_TOKEN,
        digest=digest,
        session_id=session_id,
        created_at=now(),
        expires_at=expires_at,
    )


async def end_session(
    statements: Statements, session_id: UUID, reason: EndOfSession, context: AuditContext
) -> bool:
    """Whether the session was there and is over now, in the caller's transaction if there is one."""
    ended = await statements.fetch_one(
        _END_SESSION, session=session_id, at=now(), reason=reason.value
    )
    if ended:
        about = {"session": str(session_id), "reason": reason.value}
        await record(statements, Event.SESSION_ENDED, ended["user_id"], context, **about)
    return ended is not None


async def end_sessions_of(
    statements: Statements, user_id: UUID, reason: EndOfSession, context: AuditContext
) -> int:
    """How many sessions of a user were ended, in the caller's transaction if there is one."""
    ended = await statements.execute(_END_SESSIONS_OF, user=user_id, at=now(), reason=reason.value)
    if ended:
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, user_id, context, **about)
    return ended


async def end_sessions_through(
    statements: Statements, client_id: str, reason: EndOfSession, context: AuditContext
) -> None:
    """Ends every session that was opened through a client, within the caller's transaction."""
    ended = await statements.execute(
        _END_SESSIONS_THROUGH, client=client_id, at=now(), reason=reason.value
    )
    if ended:
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, client_id, context, **about)


def _session(row: Row) -> Session:
    # Of a session from before there was the column it is NULL.
    return Session(row["id"], row["user_id"], row["client_id"], row["scope"], row["resource"] or "")
