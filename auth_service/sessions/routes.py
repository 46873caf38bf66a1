"""`/auth/users/me/sessions`: where a user is signed in, and the end of it; the same for administrators."""

from uuid import UUID

from fastapi import APIRouter

from auth_service.audit.events import Event, audited
from auth_service.dependencies import (
    AccountOwner,
    Administrator,
    AuditLog,
    Context,
    Revocations,
    Sessions,
)
from auth_service.sessions.schemas import SessionPublic
from auth_service.sessions.store import EndOfSession
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import NotFound, ServiceUnavailable, TooManyRequests

router = APIRouter(prefix="/users", tags=["sessions"])


@router.get(
    "/me/sessions",
    response_model=Page[SessionPublic],
    responses=protected(TooManyRequests, ServiceUnavailable),
)
async def list_sessions(user: AccountOwner, sessions: Sessions, page: Paging) -> dict[str, object]:
    """Where you are signed in, newest first."""
    found = await sessions.list_of(
        user.id, limit=page.limit + 1, before=page.before, searcher=user.id
    )
    return page_of(found, page)


@router.delete(
    "/me/sessions",
    status_code=204,
    responses=protected(),
    openapi_extra=audited(Event.SESSIONS_ENDED),
)
async def end_sessions(user: AccountOwner, revocation: Revocations, context: Context) -> None:
    """Signs you out everywhere, here too: services refuse your tokens within seconds."""
    await revocation.revoke_sessions_of(user.id, EndOfSession.REVOKED, context)


@router.delete(
    "/me/sessions/{session_id:uuid}",
    status_code=204,
    responses=protected(NotFound),
    openapi_extra=audited(Event.SESSION_ENDED),
)
async def end_session(
    user: AccountOwner,
    session_id: UUID,
    sessions: Sessions,
    revocation: Revocations,
    context: Context,
) -> None:
    """Signs you out in one place."""
    is_own = await sessions.belongs_to(session_id, user.id)
    if not is_own or not await revocation.revoke_session(session_id, EndOfSession.REVOKED, context):
        raise NotFound("You have no such session.")


@router.get(
    "/{user_id:uuid}/sessions",
    response_model=Page[SessionPublic],
    responses=protected(TooManyRequests, ServiceUnavailable),
    openapi_extra=audited(Event.SESSIONS_READ),
)
async def list_sessions_of_user(
    admin: Administrator,
    user_id: UUID,
    sessions: Sessions,
    page: Paging,
    log: AuditLog,
    context: Context,
) -> dict[str, object]:
    """Where a user is signed in, newest first (administrators)."""
    await log.record(Event.SESSIONS_READ, user_id, context)
    found = await sessions.list_of(
        user_id, limit=page.limit + 1, before=page.before, searcher=admin.id
    )
    return page_of(found, page)


@router.delete(
    "/{user_id:uuid}/sessions",
    status_code=204,
    responses=protected(),
    openapi_extra=audited(Event.SESSIONS_ENDED),
)
async def end_sessions_of_user(
    _admin: Administrator, user_id: UUID, revocation: Revocations, context: Context
) -> None:
    """Signs a user out everywhere (administrators)."""
    await revocation.revoke_sessions_of(user_id, EndOfSession.REVOKED, context)
