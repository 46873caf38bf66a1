"""`/auth/users`: sign-up, one's own profile and password, and what administrators do."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from auth_service.authentication import PasswordAuthentication
from auth_service.origin import current_origin, remember_origin
from auth_service.passwords import PasswordHashing
from auth_service.schemas import (
    PasswordChange,
    ProfileChange,
    Role,
    SignUp,
    UserAdministration,
    UserPublic,
)
from auth_service.security import Administrator, CurrentUser, Users
from auth_service.store import User, UsernameTaken
from chassis.bearer import protected
from chassis.paging import Page, Paging, encode_cursor
from chassis.problems import (
    Conflict,
    InvalidInput,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    responses,
)
from chassis.text import STORABLE

router = APIRouter(prefix="/users", tags=["users"], dependencies=[Depends(remember_origin)])


async def _password_hashing(request: Request) -> PasswordHashing:
    hashing: PasswordHashing = request.app.state.password_hashing
    return hashing


async def _authentication(request: Request) -> PasswordAuthentication:
    authentication: PasswordAuthentication = request.app.state.password_authentication
    return authentication


Passwords = Annotated[PasswordHashing, Depends(_password_hashing)]
Authentication = Annotated[PasswordAuthentication, Depends(_authentication)]


@router.post(
    "",
    response_model=UserPublic,
    status_code=201,
    responses=responses(Conflict, ServiceUnavailable),
)
async def sign_up(
    users: Users,
    passwords: Passwords,
    authentication: Authentication,
    new: SignUp,
    response: Response,
) -> User:
    """Makes a user. Sign in at `token` afterwards."""
    password_hash = await passwords.hash(new.password.get_secret_value())
    try:
        user = await users.create(new.username, password_hash, new.display_name)
    except UsernameTaken:
        raise Conflict("This username is taken.") from None
    await authentication.guard.succeeded(user.username, current_origin().address)
    response.headers["Location"] = "users/me"
    return user


@router.get("", response_model=Page[UserPublic], responses=protected())
async def list_users(
    _admin: Administrator,
    users: Users,
    page: Paging,
    q: Annotated[str, STORABLE, Query(max_length=64, description="part of the username")] = "",
) -> dict[str, object]:
    """All users, or those whose name contains `q`, newest first (administrators)."""
    # One more than asked for tells whether there is a next page.
    found = await users.list(most=page.limit + 1, before=page.before, name_contains=q)
    listed = found[: page.limit]
    more = len(found) > page.limit
    return {"items": listed, "next_cursor": encode_cursor(listed[-1].id) if more else None}


@router.get("/me", response_model=UserPublic, responses=protected())
async def read_profile(user: CurrentUser) -> User:
    """Who is signed in."""
    return user


@router.patch("/me", response_model=UserPublic, responses=protected())
async def change_profile(user: CurrentUser, users: Users, change: ProfileChange) -> User:
    """Changes what the body names and leaves the rest."""
    if "display_name" not in change.model_fields_set:
        return user
    return await users.rename(user.id, change.display_name) or user


@router.post(
    "/me/password", status_code=204, responses=protected(TooManyRequests, ServiceUnavailable)
)
async def change_password(
    user: CurrentUser,
    users: Users,
    authentication: Authentication,
    passwords: Passwords,
    change: PasswordChange,
) -> None:
    """Sets a new password and ends every session: refresh tokens given so far are dead."""
    current = change.current_password.get_secret_value()
    if not await authentication.proves(current, user.username, user):
        reason = "this is not your password"
        raise InvalidInput(
            f"The body is not valid: {reason} (#/current_password).",
            errors=[{"in": "body", "pointer": "#/current_password", "detail": reason}],
        )
    new_hash = await passwords.hash(change.new_password.get_secret_value())
    await users.change_password(user.id, new_hash)


@router.patch("/{user_id:uuid}", response_model=UserPublic, responses=protected(NotFound, Conflict))
async def administer_user(
    admin: Administrator, users: Users, user_id: UUID, change: UserAdministration
) -> User:
    """Disables or enables a user, or changes the role (administrators). Disabling ends the user's sessions."""
    named = change.model_fields_set
    if user_id == admin.id and "disabled" in named and change.disabled:
        raise Conflict("You cannot disable yourself: nobody might be left to enable you.")
    if user_id == admin.id and "role" in named and change.role is not Role.ADMIN:
        raise Conflict("You cannot demote yourself: nobody might be left to promote you.")
    user = await users.find(user_id)
    if "role" in named:
        user = await users.set_role(user_id, change.role)
    if "disabled" in named:
        user = await users.set_disabled(user_id, change.disabled)
    if user is None:
        raise NotFound("There is no such user.")
    return user
