"""Password resets, as the API takes them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from auth_service.mail.tokens import MailedToken
from auth_service.users.schemas import NewPassword
from gatehouse_chassis.http.text import STORABLE


class PasswordResetRequest(BaseModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[
        str,
        STORABLE,
        Field(max_length=254, description="the user name, or the mail address", examples=["ada"]),
    ]


class PasswordResetConfirmation(BaseModel):
    """A new password for the token that was mailed."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
    new_password: NewPassword
