"""Who may do what with users."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import SecurityScopes

from auth_service.audit.context import AuditContext, set_current_context
from auth_service.oauth.scopes import SCOPES
from auth_service.schemas import Role
from auth_service.users.store import User, UserStore
from gatehouse_chassis.auth.access_tokens import Principal
from gatehouse_chassis.auth.bearer import Bearer, Challenge, InsufficientScope, UnusableToken

bearer = Bearer(auth_url="", scopes=SCOPES)


class UserRequired(Challenge):
    """The token is a client's own."""

    status, code = 403, "user_required"

    def __init__(self) -> None:
        super().__init__(
            "This needs the access token of a user; this one is a client's own.",
            error="insufficient_scope",
        )


async def _users(request: Request) -> UserStore:
    """The application's, as the verifier of `bearer` is: so what follows is declared once and not for each router."""
    users: UserStore = request.app.state.users
    return users


Users = Annotated[UserStore, Depends(_users)]


async def get_audit_context(request: Request) -> AuditContext:
    """Where the request comes from. FastAPI makes it once for each request, so all who ask share one."""
    context = AuditContext(
        address=request.client.host if request.client else None,
        request_id=request.state.request_id,
    )
    set_current_context(context)
    return context


Context = Annotated[AuditContext, Depends(get_audit_context)]


async def _current_user(
    principal: Annotated[Principal, Security(bearer)], users: Users, context: Context
) -> User:
    """The signed-in user; auth has the row at hand, so a disabled user's token ends here at once."""
    try:
        user_id = UUID(principal.subject)
    except ValueError:  # a client that speaks for itself
        raise UserRequired from None
    user = await users.find(user_id)
    if user is None or user.disabled:
        raise UnusableToken("its user is disabled or gone")
    context.set_actor(str(user.id))
    return user


CurrentUser = Annotated[User, Depends(_current_user)]


async def _administrator(
    user: CurrentUser, _principal: Annotated[Principal, Security(bearer, scopes=["auth:admin"])]
) -> User:
    """The role is asked anew: a token outlives it by minutes."""
    if user.role is not Role.ADMIN:
        raise InsufficientScope("auth:admin")
    return user


Administrator = Annotated[User, Depends(_administrator)]


async def _administrator_if_any(request: Request, users: Users, context: Context) -> User | None:
    """Whoever sends credentials is judged by them, and not taken for nobody when they are bad."""
    if "authorization" not in request.headers:
        return None
    principal = await bearer(request, SecurityScopes(["auth:admin"]))
    return await _administrator(await _current_user(principal, users, context), principal)


AdministratorIfAny = Annotated[User | None, Depends(_administrator_if_any)]
