"""The settings of the items service: `ITEMS_*` variables."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from gatehouse_chassis.settings import BindAddress, DatabaseURL, RootPath, ServiceSettings

URL = Annotated[str, Field(pattern=r"^https?://[^/]+/")]


class ItemsSettings(ServiceSettings):
    """The settings of the items service."""

    model_config = SettingsConfigDict(env_prefix="ITEMS_")

    root_path: RootPath = "/items"
    bind: BindAddress = "127.0.0.1:8002"
    database_url: DatabaseURL = "sqlite:///var/items/items.db"
    state_dir: Path = Path("var/items")
    jwks_url: URL = "http://127.0.0.1:8001/.well-known/jwks.json"
    jwks_refresh: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(hours=1))] = (
        timedelta(minutes=1)
    )
    status_list_url: URL = "http://127.0.0.1:8001/status-list"
