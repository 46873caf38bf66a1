"""`/auth/users`: the profile, password and address of the signed-in user, and what administrators do."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from auth_service.audit.events import Event, audited
from auth_service.dependencies import (
    AccountOwner,
    Administration,
    Administrator,
    AuditLog,
    Context,
    ProfileReader,
    UserCredentials,
    Users,
)
from auth_service.users.schemas import (
    EmailChange,
    PasswordChange,
    ProfileChange,
    UserAdministration,
    UserPublic,
)
from auth_service.users.store import User
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.cross_site import refuse_cross_site
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import Conflict, NotFound, ServiceUnavailable, TooManyRequests
from gatehouse_chassis.http.text import STORABLE

router = APIRouter(prefix="/users", tags=["users"], dependencies=[Depends(refuse_cross_site)])

NamePart = Annotated[str, STORABLE, Query(max_length=64, description="part of the username")]


@router.get(
    "",
    response_model=Page[UserPublic],
    responses=protected(TooManyRequests, ServiceUnavailable),
    openapi_extra=audited(Event.USERS_READ),
)
async def list_users(
    admin: Administrator,
    users: Users,
    page: Paging,
    log: AuditLog,
    context: Context,
    q: NamePart = "",
) -> dict[str, object]:
    """All users, or those whose name contains `q`, newest first (administrators)."""
    await log.record(Event.USERS_READ, None, context)
    found = await users.list(
        limit=page.limit + 1, before=page.before, name_contains=q, searcher=admin.id
    )
    return page_of(found, page)


@router.get("/me", response_model=UserPublic, responses=protected())
async def read_profile(user: ProfileReader) -> User:
    """Who is signed in."""
    return user


@router.patch("/me", response_model=UserPublic, responses=protected())
async def change_profile(user: AccountOwner, users: Users, change: ProfileChange) -> User:
    """Changes what the body names and leaves the rest."""
    if "display_name" not in change.model_fields_set:
        return user
    return await users.rename(user.id, change.display_name) or user


@router.post(
    "/me/password",
    status_code=204,
    responses=protected(TooManyRequests, ServiceUnavailable),
    openapi_extra=audited(
        Event.PASSWORD_CHANGED, Event.SESSIONS_ENDED, Event.SIGN_IN_FAILED, Event.SIGN_IN_THROTTLED
    ),
)
async def change_password(
    user: AccountOwner, credentials: UserCredentials, change: PasswordChange, context: Context
) -> None:
    """Sets a new password and ends every session: the refresh tokens issued so far are void."""
    current = change.current_password.get_secret_value()
    new = change.new_password.get_secret_value()
    await credentials.change_password(user, current, new, context)


@router.put(
    "/me/email",
    response_model=UserPublic,
    responses={
        202: {"model": UserPublic, "description": "A link was sent to the new address"},
        **protected(TooManyRequests, ServiceUnavailable),
    },
    openapi_extra=audited(
        Event.EMAIL_CHANGE_ASKED, Event.EMAIL_CHANGED, Event.SIGN_IN_FAILED, Event.SIGN_IN_THROTTLED
    ),
)
async def change_email(
    user: AccountOwner,
    credentials: UserCredentials,
    change: EmailChange,
    context: Context,
    response: Response,
) -> User:
    """Sends a link to another address, for password resets from then on; `null` removes the address at once.

    The present address gets a notice of both. Until the link is used the present address stays.
    """
    if change.email is not None:
        response.status_code = 202
    current = change.current_password.get_secret_value()
    return await credentials.change_email(user, current, change.email, context)


@router.patch(
    "/{user_id:uuid}",
    response_model=UserPublic,
    responses=protected(NotFound, Conflict),
    openapi_extra=audited(
        Event.USER_DISABLED, Event.USER_ENABLED, Event.ROLE_CHANGED, Event.SESSIONS_ENDED
    ),
)
async def administer_user(
    admin: Administrator,
    administration: Administration,
    user_id: UUID,
    change: UserAdministration,
    context: Context,
) -> User:
    """Disables or enables a user, or changes the role (administrators). Disabling ends the user's sessions."""
    changes = {name: getattr(change, name) for name in change.model_fields_set}
    return await administration.change(admin, user_id, context, **changes)
