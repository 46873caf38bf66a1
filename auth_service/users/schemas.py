"""Users, as the API takes and returns them."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from auth_service.users.names import MAX_NAME_CHARS, check_username
from gatehouse_chassis.http.text import OMITTED, ONE_LINE, STORABLE, StorableText

MAX_PASSWORD_CHARS = 256
"""Longer passwords are refused without hashing them: the work would grow with the length."""


def _check_email(value: str) -> str:
    local_part, at, domain = value.rpartition("@")
    if at and not local_part.isascii():
        raise ValueError(
            "The part of the address before the @ has letters that many mail servers refuse; use one without them."
        )
    if at and not domain.isascii():
        raise ValueError(
            "Write the part of the address after the @ in its ASCII form, which begins with xn--."
        )
    if not _EMAIL.fullmatch(value):
        raise ValueError("This is no e-mail address.")
    return value


# What HTML's <input type="email"> takes, except `=?`, with which RFC 2047 begins other spellings of an address.
_EMAIL = re.compile(
    r"(?:[A-Za-z0-9.!#$%&'*+/?^_`{|}~-]|=+[A-Za-z0-9.!#$%&'*+/^_`{|}~-])+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)

Username = Annotated[
    str,
    STORABLE,
    AfterValidator(check_username),
    WithJsonSchema(
        {"type": "string", "minLength": 1, "maxLength": MAX_NAME_CHARS, "examples": ["ada"]}
    ),
]
DisplayName = Annotated[
    StorableText,
    StringConstraints(strip_whitespace=True, max_length=100),
    ONE_LINE,
    Field(examples=["Ada Lovelace"]),
]
# Whether it belongs to anyone, only a mail that arrives can show.
Email = Annotated[
    str,
    StringConstraints(max_length=254),
    STORABLE,
    AfterValidator(_check_email),
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": 254,
            "pattern": f"^{_EMAIL.pattern}$",
            "examples": ["ada@example.com"],
        }
    ),
]
# The example is refused: nobody shall get by with it.
NewPassword = Annotated[
    SecretStr,
    Field(min_length=12, max_length=MAX_PASSWORD_CHARS, examples=["<your password>"]),
]


class Role(StrEnum):
    """What a user may be granted at most; see auth_service.oauth.scopes."""

    USER = "user"
    ADMIN = "admin"


class ProfileChange(BaseModel):
    """What users may change about themselves."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName = OMITTED


class CurrentPassword(BaseModel):
    """The current password: it shows that the user is asking, and not someone who found an access token."""

    model_config = ConfigDict(extra="forbid")

    current_password: Annotated[
        SecretStr, Field(max_length=MAX_PASSWORD_CHARS, examples=["<your password of today>"])
    ]


class PasswordChange(CurrentPassword):
    """A new password for the current one."""

    new_password: NewPassword


class EmailChange(CurrentPassword):
    """Another e-mail address, or none."""

    email: Email | None


class UserAdministration(BaseModel):
    """What an administrator may change about a user; at least one of these."""

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
