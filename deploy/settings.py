"""The settings of the stack as a whole, out of the environment and `.env`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from deploy import settings_file
from deploy.checkout import Checkout
from deploy.errors import DeployError

# What a server listens on for every address, and where this machine finds it then.
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "::1", "[::]": "::1"}  # noqa: S104


@dataclass(frozen=True)
class Settings:
    """What `make up` itself needs to know; the services read `environment` on their own."""

    environment: Mapping[str, str]
    bind: str
    port: int
    auth_bind: str
    items_bind: str

    @property
    def url(self) -> str:
        """The address of the stack for a browser on this machine."""
        return f"http://localhost:{self.port}"

    @property
    def origin(self) -> str:
        """The address at which this machine itself reaches nginx, whatever nginx listens on."""
        host = EVERY_ADDRESS.get(self.bind, self.bind).strip("[]")
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def get(self, name: str) -> str:
        """Return the variable, or nothing when it is unset."""
        return self.environment.get(name, "")


def load(checkout: Checkout, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings: the environment wins over `.env`.

    Raises DeployError for a port that is none.
    """
    environment = {**settings_file.read(checkout.env_file), **environ}
    port = _port(environment.get("GATEHOUSE_PORT") or "8080")
    return Settings(
        environment=environment,
        bind=environment.get("GATEHOUSE_BIND") or "127.0.0.1",
        port=port,
        auth_bind=environment.get("AUTH_BIND") or f"127.0.0.1:{port + 1}",
        items_bind=environment.get("ITEMS_BIND") or f"127.0.0.1:{port + 2}",
    )


def _port(text: str) -> int:
    # The services take the two ports after nginx's, so the last two of all cannot be chosen.
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65533:
        return int(text)
    raise DeployError(
        f"GATEHOUSE_PORT is {text!r}, but a port is a number from 1 to 65533: "
        "make up GATEHOUSE_PORT=9000"
    )
