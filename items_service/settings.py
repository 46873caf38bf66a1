"""The settings of the items service: `ITEMS_*` variables."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from gatehouse_chassis.settings import (
    BindAddress,
    DatabaseURL,
    ResourceServerSettings,
    RootPath,
    StateDir,
)


class ItemsSettings(ResourceServerSettings):
    """The settings of the items service."""

    model_config = SettingsConfigDict(env_prefix="ITEMS_")

    root_path: RootPath = "/items"
    bind: BindAddress = "127.0.0.1:8002"
    database_url: DatabaseURL = "sqlite:///var/items/items.db"
    state_dir: StateDir = Path("var/items")

    per_owner: Annotated[
        int, Field(ge=1, description="Items that one user may have; more are refused with 409.")
    ] = 10_000
