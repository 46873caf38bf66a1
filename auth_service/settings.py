"""What the auth service is told, as `AUTH_*` variables, and the first users, as `ADMIN_*` and `DEMO_*`."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from auth_service.schemas import MAX_PASSWORD_CHARS, Username
from chassis.settings import (
    BindAddress,
    DatabaseURL,
    EnvironmentSettings,
    Password,
    RootPath,
    Secret,
    ServiceSettings,
)


class AuthSettings(ServiceSettings):
    """The settings of the auth service."""

    model_config = SettingsConfigDict(env_prefix="AUTH_")

    root_path: RootPath = "/auth"
    bind: BindAddress = "127.0.0.1:8001"
    database_url: DatabaseURL = "sqlite:///var/auth/auth.db"
    state_dir: Path = Path("var/auth")

    key_encryption_secret: Secret
    access_token_life: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(hours=1))] = (
        timedelta(seconds=600)
    )
    refresh_token_life: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=400))] = (
        timedelta(days=14)
    )
    password_grant: bool = True
    key_rotation: Annotated[timedelta, Field(ge=timedelta(hours=2))] = timedelta(days=30)
    hashing_queue: Annotated[int, Field(ge=0, le=1000)] = 32

    @property
    def hashing_threads(self) -> int:
        """Threads that hash passwords in one worker, so that all workers together use each core once."""
        return max(1, (os.cpu_count() or 1) // self.workers)


# A longer one could be stored, but never be used to sign in.
FirstPassword = Annotated[Password, Field(max_length=MAX_PASSWORD_CHARS)]


class FirstUsersSettings(EnvironmentSettings):
    """The users that an empty database starts with. Only `migrate` reads them: a server needs no user's password."""

    admin_username: Annotated[Username, Field(validation_alias="ADMIN_USERNAME")]
    admin_password: Annotated[FirstPassword, Field(validation_alias="ADMIN_PASSWORD")]
    demo_username: Annotated[Username, Field(validation_alias="DEMO_USERNAME")]
    demo_password: Annotated[FirstPassword, Field(validation_alias="DEMO_PASSWORD")]

    @field_validator("demo_username")
    @classmethod
    def _is_another_user(cls, demo: str, info: ValidationInfo) -> str:
        if demo.lower() == str(info.data.get("admin_username", "")).lower():
            raise ValueError("is ADMIN_USERNAME too; they must be two users")
        return demo
