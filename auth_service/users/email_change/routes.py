"""`/auth/users/email/confirm`: another mail address, by a link that was mailed to it."""

from fastapi import APIRouter

from auth_service.audit.events import Event, audited
from auth_service.dependencies import AddressChanges, Context
from auth_service.users.email_change.schemas import EmailConfirmation

router = APIRouter(prefix="/users/email", tags=["users"])


@router.post("/confirm", status_code=204, openapi_extra=audited(Event.EMAIL_CHANGED))
async def confirm_email(
    confirmed: EmailConfirmation, changes: AddressChanges, context: Context
) -> None:
    """Changes the address with the token that was sent to the new one, once, and tells the old one."""
    await changes.confirm(confirmed.token, context)
