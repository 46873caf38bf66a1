"""`/auth/users/me/applications`: which applications a user has allowed to act for them, and the end of it."""

from fastapi import APIRouter

from auth_service.audit.events import Event, audited
from auth_service.consents.schemas import ApplicationPublic
from auth_service.dependencies import AccountOwner, Consents, Context
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import NotFound

router = APIRouter(prefix="/users/me/applications", tags=["sessions"])


@router.get("", response_model=Page[ApplicationPublic], responses=protected())
async def list_applications(
    user: AccountOwner, consents: Consents, page: Paging
) -> dict[str, object]:
    """Which applications you have allowed to act for you, newest first."""
    found = await consents.list_of(user.id, limit=page.limit + 1, before=page.before)
    return page_of(found, page)


@router.delete(
    "/{client_id:path}",  # it may be the URL of a document
    status_code=204,
    responses=protected(NotFound),
    openapi_extra=audited(Event.CONSENT_REVOKED, Event.SESSIONS_ENDED),
)
async def revoke_application(
    user: AccountOwner, client_id: str, consents: Consents, context: Context
) -> None:
    """Takes back what you allowed an application: its tokens end, and it must ask again."""
    if not client_id.isprintable() or not await consents.revoke(user.id, client_id, context):
        raise NotFound("You have not given this application any access.")
