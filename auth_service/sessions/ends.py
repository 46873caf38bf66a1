"""How sessions end: by the reuse of a token, a new password, a disabled user, a removed client."""

from enum import StrEnum, auto
from uuid import UUID

from sqlalchemy import bindparam, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.tables import sessions
from gatehouse_chassis.database import Statements
from gatehouse_chassis.database.columns import now


class EndOfSession(StrEnum):
    """Why a session ended."""

    REFRESH_TOKEN_REUSED = auto()
    PASSWORD_CHANGED = auto()
    USER_DISABLED = auto()
    CLIENT_REMOVED = auto()
    CODE_REUSED = auto()
    REVOKED = auto()


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


async def end_session(
    statements: Statements,
    session_id: UUID,
    reason: EndOfSession,
    context: AuditContext | None = None,
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
    statements: Statements, user_id: UUID, reason: EndOfSession, context: AuditContext | None = None
) -> int:
    """How many sessions of a user were ended, in the caller's transaction if there is one."""
    ended = await statements.execute(_END_SESSIONS_OF, user=user_id, at=now(), reason=reason.value)
    if ended:
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, user_id, context, **about)
    return ended


async def end_sessions_through(
    statements: Statements,
    client_id: str,
    reason: EndOfSession,
    context: AuditContext | None = None,
) -> None:
    """Ends every session that was opened through a client, within the caller's transaction."""
    ended = await statements.execute(
        _END_SESSIONS_THROUGH, client=client_id, at=now(), reason=reason.value
    )
    if ended:
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, client_id, context, **about)
