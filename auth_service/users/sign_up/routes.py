"""`POST /auth/users`: sign-up by mail, its confirmation, and users that administrators make at once."""

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from auth_service.audit.events import Event, audited
from auth_service.dependencies import AdministratorIfAny, Context, SignUpRequests, bearer
from auth_service.errors import InvalidField
from auth_service.problems import SignUpRefused
from auth_service.users.schemas import UserPublic
from auth_service.users.sign_up.schemas import SignUp, SignUpAsked, SignUpConfirmation
from auth_service.users.store import User
from gatehouse_chassis.auth.bearer import protected
from gatehouse_chassis.http.cross_site import refuse_cross_site
from gatehouse_chassis.http.problems import (
    BadRequest,
    Conflict,
    ServiceUnavailable,
    TooManyRequests,
    responses,
)

router = APIRouter(prefix="/users", tags=["users"], dependencies=[Depends(refuse_cross_site)])

_ASKED = SignUpAsked(
    detail="Look into the mailbox of this address: a mail says how to go on. Until then there is no account."
)


@router.post(
    "",
    response_model=SignUpAsked,
    status_code=202,
    responses={
        201: {"model": UserPublic, "description": "An administrator made the user"},
        **protected(Conflict, ServiceUnavailable),
    },
    openapi_extra={"security": [{}, {bearer.scheme_name: ["auth:admin"]}]}
    | audited(Event.SIGN_UP_ASKED, Event.USER_CREATED),
)
async def sign_up(
    admin: AdministratorIfAny, sign_ups: SignUpRequests, new: SignUp, context: Context
) -> Response | SignUpAsked:
    """Sends a mail with a link that makes the account. The answer is the same whether name and address are free or not.

    There is no `password` yet: whoever reads the mail chooses it.

    With the access token of an administrator it makes the user at once, with a `password`, and `email` may be left out.
    """  # a line break would be one in the OpenAPI document too
    if admin is None:
        sign_ups.require_open()
        if "password" in new.model_fields_set:
            raise InvalidField("password", "whoever reads the mail chooses the password, later")
        sign_ups.ask(new.username, new.display_name, new.email, context)
        return _ASKED
    if "password" not in new.model_fields_set:
        raise InvalidField("password", "an administrator gives the first password")
    password = new.password.get_secret_value()
    made = await sign_ups.create(new.username, password, new.display_name, new.email, context)
    user = UserPublic.model_validate(made, from_attributes=True)
    return JSONResponse(user.model_dump(mode="json"), 201, {"Location": f"users/{user.id}"})


@router.post(
    "/confirm",
    response_model=UserPublic,
    status_code=201,
    responses=responses(BadRequest, SignUpRefused, Conflict, TooManyRequests, ServiceUnavailable),
    openapi_extra=audited(Event.USER_CREATED, Event.SIGN_UP_CONFIRMED),
)
async def confirm_sign_up(
    confirmed: SignUpConfirmation, sign_ups: SignUpRequests, response: Response, context: Context
) -> User:
    """Makes the account for the token that was mailed, once, with the password given here. Sign in at `token` then."""
    chosen = confirmed.model_dump(include={"username", "display_name"}, exclude_unset=True)
    password = confirmed.password.get_secret_value()
    user = await sign_ups.confirm(confirmed.token, password, context, **chosen)
    response.headers["Location"] = "me"
    return user
