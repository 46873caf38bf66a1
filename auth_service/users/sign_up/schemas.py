"""Sign-ups, as the API takes and answers them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from auth_service.mail.tokens import MailedToken
from auth_service.users.schemas import DisplayName, Email, NewPassword, Username
from gatehouse_chassis.http.text import OMITTED


class SignUp(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    username: Username
    password: Annotated[
        NewPassword,
        Field(
            description="the first password of a user whom an administrator makes; all others choose theirs with the "
            "mailed link"
        ),
    ] = OMITTED
    display_name: DisplayName = ""
    email: Annotated[
        Email | None,
        Field(
            description="where the confirmation and password resets are sent; administrators may leave it out"
        ),
    ] = None


class SignUpAsked(BaseModel):
    """The answer to every sign-up."""

    detail: str


class SignUpConfirmation(BaseModel):
    """The token that was mailed, and what its reader chooses."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
    password: NewPassword
    username: Annotated[Username, Field(description="another name than the one of the sign-up")] = (
        OMITTED
    )
    display_name: DisplayName = OMITTED
