"""Where things lie in one checkout of the repository."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """The folders and files of the checkout at `root`; nothing outside it is ever written."""

    root: Path

    @property
    def env_file(self) -> Path:
        """Settings and secrets, written on the first start."""
        return self.root / ".env"

    @property
    def services_file(self) -> Path:
        """The one list of services."""
        return self.root / "services.toml"

    @property
    def venv(self) -> Path:
        """The Python environment that the services run in."""
        return self.root / ".venv"

    @property
    def tools(self) -> Path:
        """Tools that the machine lacked: uv, nginx."""
        return self.root / ".local"

    @property
    def data(self) -> Path:
        """Databases, logs and run-time files of the local processes."""
        return self.root / "var"

    @property
    def logs(self) -> Path:
        """One log file for each local process."""
        return self.data / "log"

    @property
    def run(self) -> Path:
        """What is true only while local processes run: control socket, process ids."""
        return self.data / "run"

    @property
    def backups(self) -> Path:
        """One folder for each `make backup`; `make clean` leaves them."""
        return self.data / "backups"

    @property
    def secrets(self) -> Path:
        """One file for each secret that Compose hands to containers."""
        return self.data / "secrets"

    @property
    def running(self) -> Path:
        """Where the stack that runs is reached, in either mode."""
        return self.data / "running"

    @classmethod
    def here(cls) -> "Checkout":
        """Return the checkout that this very file belongs to."""
        return cls(Path(__file__).resolve().parent.parent)
