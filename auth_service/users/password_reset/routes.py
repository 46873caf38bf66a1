"""`/auth/users/password-reset`: a new password by a link that is mailed."""

from fastapi import APIRouter, Depends

from auth_service.audit.events import Event, audited
from auth_service.dependencies import Context, Resets
from auth_service.users.password_reset.schemas import (
    PasswordResetConfirmation,
    PasswordResetRequest,
)
from gatehouse_chassis.http.cross_site import refuse_cross_site
from gatehouse_chassis.http.problems import ServiceUnavailable, responses

router = APIRouter(
    prefix="/users/password-reset", tags=["users"], dependencies=[Depends(refuse_cross_site)]
)


@router.post(
    "",
    status_code=202,
    responses=responses(ServiceUnavailable),
    openapi_extra=audited(Event.PASSWORD_RESET_ASKED, Event.PASSWORD_RESET_SENT),
)
async def ask_for_password_reset(
    asked: PasswordResetRequest, resets: Resets, context: Context
) -> None:
    """Sends a link to the user's e-mail address; the answer is the same when there is none, or no such user."""
    resets.ask(asked.username, context)


@router.post(
    "/confirm",
    status_code=204,
    responses=responses(ServiceUnavailable),
    openapi_extra=audited(Event.PASSWORD_RESET, Event.SESSIONS_ENDED),
)
async def reset_password(
    confirmed: PasswordResetConfirmation, resets: Resets, context: Context
) -> None:
    """Sets a new password with the token that was sent, once, and ends every session."""
    await resets.confirm(confirmed.token, confirmed.new_password.get_secret_value(), context)
