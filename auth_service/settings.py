"""The settings of the auth service (`AUTH_*`), and its first users (`ADMIN_*`, `DEMO_*`)."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from auth_service.keys.signing_keys import Algorithm
from auth_service.users.names import username_key
from auth_service.users.schemas import MAX_PASSWORD_CHARS, Username
from gatehouse_chassis.services import auth_prefix, services_file
from gatehouse_chassis.settings import (
    BindAddress,
    DatabaseURL,
    EnvironmentSettings,
    Password,
    RootPath,
    Secret,
    ServiceSettings,
    SettingsError,
    StateDir,
)


def _empty_is_unset(value: object) -> object:
    return None if value == "" else value  # Compose hands on what is not set as an empty value


class AuthSettings(ServiceSettings):
    """The settings of the auth service."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    root_path: Annotated[RootPath, Field(default_factory=auth_prefix, validate_default=True)]
    bind: BindAddress = "127.0.0.1:8001"
    database_url: DatabaseURL = "sqlite:///var/auth/auth.db"
    state_dir: StateDir = Path("var/auth")

    key_encryption_secret: Annotated[
        Secret, Field(description="Encrypts the private signing keys in the database.")
    ]
    key_encryption_secret_previous: Annotated[
        Secret | None,
        BeforeValidator(_empty_is_unset),
        Field(
            description="The secret before its last change, until `./gatehouse keys rewrap` is done: what it encrypted "
            "is opened too."
        ),
    ] = None
    access_token_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0), le=timedelta(hours=1), description="How long an access token is valid."
        ),
    ] = timedelta(seconds=600)
    refresh_token_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=400),
            description="How long a refresh token is valid.",
        ),
    ] = timedelta(days=14)
    refresh_leeway: Annotated[
        timedelta,
        Field(
            ge=timedelta(0),
            le=timedelta(minutes=1),
            description="For how long a refresh token that was just used may be used again, because the answer was "
            "lost or two pages asked at once; later, or once its successor was used, that ends the session.",
        ),
    ] = timedelta(seconds=10)
    session_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=400),
            description="How long a sign-in lasts, however often its tokens are refreshed; then the user signs in "
            "again.",
        ),
    ] = timedelta(days=90)
    sessions_per_user: Annotated[
        int,
        Field(
            ge=1,
            le=1000,
            description="Sessions that a user may have at the same time; one more ends the one that was not used for "
            "longest.",
        ),
    ] = 100
    browser_session_idle: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=90),
            description="How long a browser stays signed in while nobody uses it; an open portal counts as use.",
        ),
    ] = timedelta(days=1)
    browser_session_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=400),
            description="How long a browser stays signed in after the password was entered, however much it is used.",
        ),
    ] = timedelta(days=7)
    password_grant: Annotated[
        bool,
        Field(
            description="Whether Swagger UI's form, curl and the like may send a user's password to the token "
            "endpoint; RFC 9700 forbids this grant to new clients, and registered clients never have it."
        ),
    ] = True
    client_registration: Annotated[
        bool,
        Field(
            description="Whether applications may register themselves (RFC 7591), as older MCP clients do: as public "
            "clients with PKCE, which are forgotten after a week unless somebody has allowed them something."
        ),
    ] = False
    client_metadata_documents: Annotated[
        bool,
        Field(
            description="Whether an application may name itself by the https URL of a document about it (Client ID "
            "Metadata Documents), as MCP clients do; auth then fetches from public addresses that strangers name."
        ),
    ] = False
    signing_algorithm: Annotated[
        Algorithm,
        Field(
            description="What new signing keys sign with: `ES256`, or `RS256` for clients that know nothing else. A "
            "change makes the next key within a minute, and it signs in its turn."
        ),
    ] = "ES256"
    key_rotation: Annotated[
        timedelta,
        Field(
            ge=timedelta(hours=2),
            description="How long a signing key signs before the next one takes its place.",
        ),
    ] = timedelta(days=30)
    # More than a worker of auth takes to see a new key; see auth_service.keys.signing_keys.
    key_published_ahead: Annotated[
        timedelta,
        Field(
            ge=timedelta(seconds=15),
            le=timedelta(days=30),
            description="How long the next signing key is published before it signs; at least twice as long as any "
            "service keeps the keys (`JWKS_REFRESH`), and 10 s more.",
        ),
    ] = timedelta(minutes=3)
    hashing_queue: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="Passwords that may wait for a free core in one worker; when the queue is full the answer is "
            "503 with `Retry-After`, for whichever network or user has most of it.",
        ),
    ] = 32

    audit_retention: Annotated[
        Annotated[timedelta, Field(ge=timedelta(days=30))] | None,
        BeforeValidator(_empty_is_unset),
        Field(
            description="How long entries of the audit log are kept, such as `P365D`; without it, for ever.",
        ),
    ] = None
    sign_up: Annotated[
        bool,
        Field(
            description="Whether people may sign up by mail; when it is off, only administrators make accounts."
        ),
    ] = True
    password_reset_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(hours=24),
            description="How long the link of a password reset is valid.",
        ),
    ] = timedelta(minutes=30)
    sign_up_life: Annotated[
        timedelta,
        Field(
            gt=timedelta(0),
            le=timedelta(days=7),
            description="How long a link that proves a mail address is valid: of a sign-up, or of another address.",
        ),
    ] = timedelta(hours=24)
    smtp_url: Annotated[
        SecretStr,
        Field(
            description="The mail server: `smtps://user:password@host:465`, or `smtp://...:587` with STARTTLS; without "
            "it, mails are written to files below `AUTH_STATE_DIR`, and the log names each. An authority of your own "
            "is named in `SSL_CERT_FILE`."
        ),
    ] = SecretStr("")
    mail_from: Annotated[
        str,
        Field(
            validate_default=True,
            description="The sender of mails; needed with `AUTH_SMTP_URL`.",
        ),
    ] = ""

    @field_validator("root_path")
    @classmethod
    def _is_the_prefix_in_the_list(cls, root_path: str) -> str:
        # The issuer in every token and the links in mails begin with the prefix in the list.
        if root_path != auth_prefix():
            raise ValueError(
                f"is {root_path!r}, and {services_file()} says {auth_prefix()!r}: every service goes by the list, so "
                "change the prefix there and leave this out"
            )
        return root_path

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr) -> SecretStr:
        value = url.get_secret_value()
        # No sentence repeats the value, because it may hold a password.
        if value and not re.fullmatch(
            r"(smtps|smtp|smtp\+plain)://([^@/]*@)?[^@:/]+:[0-9]{1,5}", value
        ):
            raise ValueError(
                "must be smtps://, smtp:// or smtp+plain://, then user:password@host:port"
            )
        return url

    @field_validator("mail_from")
    @classmethod
    def _goes_with_a_server(cls, sender: str, info: ValidationInfo) -> str:
        url = info.data.get("smtp_url")
        if url and url.get_secret_value() and "@" not in sender:
            raise ValueError(
                "must be an address such as gatehouse@example.com when AUTH_SMTP_URL is set"
            )
        return sender

    @property
    def key_secrets(self) -> list[str]:
        """The secret that keys are encrypted with, then the one before it while that is set."""
        secrets = (self.key_encryption_secret, self.key_encryption_secret_previous)
        return [secret.get_secret_value() for secret in secrets if secret]

    @property
    def hashing_threads(self) -> int:
        """Threads that hash passwords in one worker, so that all workers together use each core once."""
        return max(1, (os.cpu_count() or 1) // self.workers)


FirstUsername = Annotated[Username | None, BeforeValidator(_empty_is_unset)]
# A longer one could be stored, but never be used to sign in.
FirstPassword = Annotated[
    Annotated[Password, Field(max_length=MAX_PASSWORD_CHARS)] | None,
    BeforeValidator(_empty_is_unset),
]


class FirstUsersSettings(EnvironmentSettings):
    """The users that an empty database starts with. Only `migrate` reads them: a server needs no user's password."""

    admin_username: Annotated[
        FirstUsername,
        Field(
            validation_alias="ADMIN_USERNAME",
            examples=["admin"],
            description="The name of the administrator; may be left out, with the password, when there is another.",
        ),
    ] = None
    admin_password: Annotated[
        FirstPassword,
        Field(validation_alias="ADMIN_PASSWORD", description="The administrator's first password."),
    ] = None
    demo_username: Annotated[
        FirstUsername,
        Field(
            validation_alias="DEMO_USERNAME",
            examples=["demo"],
            description="The name of an ordinary user to try things with; may be left out, with the password.",
        ),
    ] = None
    demo_password: Annotated[
        FirstPassword,
        Field(validation_alias="DEMO_PASSWORD", description="That user's first password."),
    ] = None

    @field_validator("demo_username")
    @classmethod
    def _is_another_user(cls, demo: str | None, info: ValidationInfo) -> str | None:
        admin = info.data.get("admin_username")
        if demo and admin and username_key(demo) == username_key(admin):
            raise ValueError("is ADMIN_USERNAME too; they must be two users")
        return demo

    @classmethod
    def load(cls) -> Self:
        """The settings in the environment.

        Raises:
            SettingsError: a name or a password cannot be used, or is set without the other.
        """
        loaded = super().load()
        for name, password in (
            ("admin_username", "admin_password"),
            ("demo_username", "demo_password"),
        ):
            missing = [one for one in (name, password) if getattr(loaded, one) is None]
            if len(missing) == 1:
                raise SettingsError(
                    f"{missing[0].upper()} is not set, and its other half is: set both {name.upper()} and "
                    f"{password.upper()}, or neither. Change it in .env or in the environment."
                )
        return loaded
