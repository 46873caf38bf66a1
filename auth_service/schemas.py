"""What the auth service takes and gives."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from auth_service.audit.events import Event
from gatehouse_chassis.http.text import OMITTED, STORABLE, StorableText

MAX_PASSWORD_CHARS = 256
"""Longer ones are refused unhashed: hashing a book is work that a stranger could order."""

# ASCII, so that no two names look alike; e-mail addresses fit.
Username = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{1,62}[A-Za-z0-9]$")
]
DisplayName = Annotated[StorableText, StringConstraints(strip_whitespace=True, max_length=100)]
# What HTML's <input type="email"> takes, but for `=?`, with which RFC 2047 begins other spellings of an address;
# whether it is somebody's only a mail that arrives tells.
Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^(?:[A-Za-z0-9.!#$%&'*+/?^_`{|}~-]|=+[A-Za-z0-9.!#$%&'*+/^_`{|}~-])+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$",
        max_length=254,
    ),
]
MailedToken = Annotated[str, STORABLE, Field(max_length=100)]
NewPassword = Annotated[SecretStr, Field(min_length=12, max_length=MAX_PASSWORD_CHARS)]


class Role(StrEnum):
    """What a user may be granted at most; see auth_service.oauth.scopes."""

    USER = "user"
    ADMIN = "admin"


class SignUp(BaseModel):
    """A new user."""

    model_config = ConfigDict(extra="forbid")

    username: Username
    password: NewPassword
    display_name: DisplayName = ""
    email: Annotated[
        Email | None,
        Field(
            description="where the confirmation and password resets are sent; administrators may leave it out"
        ),
    ] = None


class SignUpAsked(BaseModel):
    """What everybody is told who signs up."""

    detail: str


class SignUpConfirmation(BaseModel):
    """The token that was mailed."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken


class ProfileChange(BaseModel):
    """What users may change of themselves."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName = OMITTED


class CurrentPassword(BaseModel):
    """The password proves that it is the user who asks, not whoever found the session."""

    model_config = ConfigDict(extra="forbid")

    current_password: Annotated[SecretStr, Field(max_length=MAX_PASSWORD_CHARS)]


class PasswordChange(CurrentPassword):
    """A new password for the old one."""

    new_password: NewPassword


class EmailChange(CurrentPassword):
    """Another e-mail address, or none."""

    email: Email | None


class PasswordResetRequest(BaseModel):
    """Whose password was forgotten."""

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, STORABLE, Field(max_length=254)]


class PasswordResetConfirmation(BaseModel):
    """A new password for the token that was sent."""

    model_config = ConfigDict(extra="forbid")

    token: MailedToken
    new_password: NewPassword


class UserAdministration(BaseModel):
    """What an administrator may change of a user; at least one of these."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    disabled: bool = OMITTED
    role: Role = OMITTED

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name what is to be changed: disabled, role, or both")
        return self


class UserPublic(BaseModel):
    """A user as the user and administrators see it."""

    id: UUID
    username: str
    display_name: str
    email: str | None
    role: Role
    disabled: bool
    created_at: datetime
    updated_at: datetime


class AuditRecord(BaseModel):
    """Something that happened."""

    id: UUID
    at: datetime
    event: Event
    subject: str | None = Field(description="the user, client or key that it happened to")
    actor: str | None = Field(description="the user who did it, or command:<name>")
    address: str | None
    request_id: str | None
    details: dict[str, str]
