"""The settings of a baseline: `BASELINE_*` variables."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import SettingsConfigDict

from gatehouse_chassis.settings import BindAddress, DatabaseURL, RootPath, ServiceSettings


class BaselineSettings(ServiceSettings):
    """The settings of a service, so that `gatehouse_chassis.serving.server.serve` serves a baseline too."""

    model_config = SettingsConfigDict(env_prefix="BASELINE_")

    bind: BindAddress
    state_dir: Path
    database_url: DatabaseURL
    root_path: RootPath = "/baseline"
    username: str = ""
    password: SecretStr = SecretStr("")
