"""`/auth/users`: one's own profile and password, and what administrators do."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from auth_service.audit.context import AuditContext
from auth_service.dependencies import Administrator, Context, CurrentUser
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.passwords.hashing import PasswordHashing
from auth_service.passwords.strength import refuse_weak
from auth_service.schemas import (
    CurrentPassword,
    EmailChange,
    PasswordChange,
    PasswordResetConfirmation,
    PasswordResetRequest,
    ProfileChange,
    Role,
    UserAdministration,
    UserPublic,
)
from auth_service.users.password_reset.reset import PasswordResets
from auth_service.users.store import User, UserStore
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.paging import Page, Paging, page_of
from gatehouse_chassis.http.problems import (
    Conflict,
    InvalidInput,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    responses,
)
from gatehouse_chassis.http.text import STORABLE


def user_routes(
    users: UserStore,
    authentication: PasswordAuthentication,
    passwords: PasswordHashing,
    resets: PasswordResets,
) -> APIRouter:
    """The routes, on `users`, who prove by `authentication` that it is they who change what protects them."""
    router = APIRouter(prefix="/users", tags=["users"])

    @router.get("", response_model=Page[UserPublic], responses=protected())
    async def list_users(
        _admin: Administrator,
        page: Paging,
        q: Annotated[str, STORABLE, Query(max_length=64, description="part of the username")] = "",
    ) -> dict[str, object]:
        """All users, or those whose name contains `q`, newest first (administrators)."""
        found = await users.list(most=page.limit + 1, before=page.before, name_contains=q)
        return page_of(found, page)

    @router.get("/me", response_model=UserPublic, responses=protected())
    async def read_profile(user: CurrentUser) -> User:
        """Who is signed in."""
        return user

    @router.patch("/me", response_model=UserPublic, responses=protected())
    async def change_profile(user: CurrentUser, change: ProfileChange) -> User:
        """Changes what the body names and leaves the rest."""
        if "display_name" not in change.model_fields_set:
            return user
        return await users.rename(user.id, change.display_name) or user

    @router.post(
        "/me/password", status_code=204, responses=protected(TooManyRequests, ServiceUnavailable)
    )
    async def change_password(user: CurrentUser, change: PasswordChange, context: Context) -> None:
        """Sets a new password and ends every session: refresh tokens given so far are dead."""
        await _prove(authentication, user, change, context)
        new_password = change.new_password.get_secret_value()
        about = (user.username, user.display_name, user.email)
        await refuse_weak(passwords, new_password, "#/new_password", *about)
        new_hash = await passwords.hash(new_password)
        await users.change_password(user.id, new_hash, context)

    @router.put(
        "/me/email",
        response_model=UserPublic,
        responses=protected(TooManyRequests, ServiceUnavailable),
    )
    async def change_email(user: CurrentUser, change: EmailChange, context: Context) -> User:
        """Sets or removes the address to which password resets are sent; earlier resets are void."""
        await _prove(authentication, user, change, context)
        return await users.change_email(user.id, change.email, context) or user

    @router.post("/password-reset", status_code=202, responses=responses(ServiceUnavailable))
    async def ask_for_password_reset(asked: PasswordResetRequest, context: Context) -> None:
        """Sends a link to the user's e-mail address; the answer is the same when there is none, or no such user."""
        resets.ask(asked.username, context)

    @router.post(
        "/password-reset/confirm", status_code=204, responses=responses(ServiceUnavailable)
    )
    async def reset_password(confirmed: PasswordResetConfirmation, context: Context) -> None:
        """Sets a new password with the token that was sent, once, and ends every session."""
        await resets.confirm(confirmed.token, confirmed.new_password.get_secret_value(), context)

    @router.patch(
        "/{user_id:uuid}", response_model=UserPublic, responses=protected(NotFound, Conflict)
    )
    async def administer_user(
        admin: Administrator, user_id: UUID, change: UserAdministration, context: Context
    ) -> User:
        """Disables or enables a user, or changes the role (administrators). Disabling ends the user's sessions."""
        named = change.model_fields_set
        if user_id == admin.id and "disabled" in named and change.disabled:
            raise Conflict("You cannot disable yourself: nobody might be left to enable you.")
        if user_id == admin.id and "role" in named and change.role is not Role.ADMIN:
            raise Conflict("You cannot demote yourself: nobody might be left to promote you.")
        user = await users.find(user_id)
        if "role" in named:
            user = await users.set_role(user_id, change.role, context)
        if "disabled" in named:
            user = await users.set_disabled(user_id, change.disabled, context)
        if user is None:
            raise NotFound("There is no such user.")
        return user

    return router


async def _prove(
    authentication: PasswordAuthentication,
    user: User,
    proof: CurrentPassword,
    context: AuditContext,
) -> None:
    """Raises unless it is the user who asks, and not whoever found a token."""
    password = proof.current_password.get_secret_value()
    if not await authentication.verify_password(password, user.username, user, context):
        raise InvalidInput.of_member("#/current_password", "this is not your password")
