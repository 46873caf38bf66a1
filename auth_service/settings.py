"""The settings of the auth service (`AUTH_*`), and its first users (`ADMIN_*`, `DEMO_*`)."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from auth_service.keys.signing_keys import Algorithm
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
    StateDir,
)


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
    password_grant: Annotated[
        bool,
        Field(
            description="Whether the portal and the docs may send a user's password to the token endpoint; RFC 9700 "
            "forbids this grant to new clients, and registered clients never have it."
        ),
    ] = True
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
            "503 with `Retry-After`.",
        ),
    ] = 32

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
            description="How long the link of a sign-up is valid.",
        ),
    ] = timedelta(hours=24)
    smtp_url: Annotated[
        SecretStr,
        Field(
            description="The mail server: `smtps://user:password@host:465`, or `smtp://...:587` with STARTTLS; without "
            "it, mails are written to the log. An authority of your own is named in `SSL_CERT_FILE`."
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
    def hashing_threads(self) -> int:
        """Threads that hash passwords in one worker, so that all workers together use each core once."""
        return max(1, (os.cpu_count() or 1) // self.workers)


# A longer one could be stored, but never be used to sign in.
FirstPassword = Annotated[Password, Field(max_length=MAX_PASSWORD_CHARS)]


class FirstUsersSettings(EnvironmentSettings):
    """The users that an empty database starts with. Only `migrate` reads them: a server needs no user's password."""

    admin_username: Annotated[
        Username,
        Field(validation_alias="ADMIN_USERNAME", description="The name of the administrator."),
    ]
    admin_password: Annotated[
        FirstPassword,
        Field(validation_alias="ADMIN_PASSWORD", description="The administrator's first password."),
    ]
    demo_username: Annotated[
        Username,
        Field(
            validation_alias="DEMO_USERNAME",
            description="The name of an ordinary user to try things with.",
        ),
    ]
    demo_password: Annotated[
        FirstPassword,
        Field(validation_alias="DEMO_PASSWORD", description="That user's first password."),
    ]

    @field_validator("demo_username")
    @classmethod
    def _is_another_user(cls, demo: str, info: ValidationInfo) -> str:
        if demo.lower() == str(info.data.get("admin_username", "")).lower():
            raise ValueError("is ADMIN_USERNAME too; they must be two users")
        return demo
