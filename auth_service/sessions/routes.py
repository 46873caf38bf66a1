"""`/auth/users/me/sessions`: where a user is signed in, and the end of it; the same for administrators."""

from uuid import UUID

from fastapi import APIRouter, Depends

from auth_service.dependencies import Administrator, CurrentUser, get_audit_context
from auth_service.revocation.revoke import Revocation
from auth_service.schemas import SessionPublic
from auth_service.sessions.ends import EndOfSession
from auth_service.sessions.store import SessionStore
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, PageRequest, Paging, encode_cursor
from gatehouse_chassis.http.problems import NotFound


def session_routes(sessions: SessionStore, revocation: Revocation) -> APIRouter:
    """The routes: `sessions` lists them, `revocation` ends them."""
    router = APIRouter(
        prefix="/users", tags=["sessions"], dependencies=[Depends(get_audit_context)]
    )

    @router.get("/me/sessions", response_model=Page[SessionPublic], responses=protected())
    async def list_sessions(user: CurrentUser, page: Paging) -> dict[str, object]:
        """Where you are signed in, newest first."""
        return await _page(sessions, user.id, page)

    @router.delete("/me/sessions", status_code=204, responses=protected())
    async def end_sessions(user: CurrentUser) -> None:
        """Signs you out everywhere, here too: services refuse your tokens within seconds."""
        await revocation.revoke_sessions_of(user.id, EndOfSession.REVOKED)

    @router.delete("/me/sessions/{session_id:uuid}", status_code=204, responses=protected(NotFound))
    async def end_session(user: CurrentUser, session_id: UUID) -> None:
        """Signs you out in one place."""
        is_own = await sessions.belongs_to(session_id, user.id)
        if not is_own or not await revocation.revoke_session(session_id, EndOfSession.REVOKED):
            raise NotFound("You have no such session.")

    @router.get(
        "/{user_id:uuid}/sessions", response_model=Page[SessionPublic], responses=protected()
    )
    async def list_sessions_of_user(
        _admin: Administrator, user_id: UUID, page: Paging
    ) -> dict[str, object]:
        """Where a user is signed in, newest first (administrators)."""
        return await _page(sessions, user_id, page)

    @router.delete("/{user_id:uuid}/sessions", status_code=204, responses=protected())
    async def end_sessions_of_user(_admin: Administrator, user_id: UUID) -> None:
        """Signs a user out everywhere (administrators)."""
        await revocation.revoke_sessions_of(user_id, EndOfSession.REVOKED)

    return router


async def _page(sessions: SessionStore, user_id: UUID, page: PageRequest) -> dict[str, object]:
    found = await sessions.list_of(user_id, most=page.limit + 1, before=page.before)
    listed = found[: page.limit]
    more = len(found) > page.limit
    return {"items": listed, "next_cursor": encode_cursor(listed[-1].id) if more else None}
