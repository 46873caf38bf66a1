"""Where the files under test are, and copies of them that are run like a newcomer's."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from gatehouse_chassis.services import load_services
from testing.http import send
from testing.ports import free_port

ROOT = Path(__file__).resolve().parents[1]


class Copy:
    """What a fresh clone would be if the work tree were committed as it is, and its `make`.

    Attributes:
        port: what nginx listens on.
        environment: what its commands are told; ports and Compose names that no other copy has.
    """

    def __init__(self, folder: Path, mode: Literal["local", "docker"]) -> None:
        self.folder = folder
        for name in _files_of_a_clone():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        self.port = free_port()
        self.environment = {
            # Not what an outer make tells its children.
            **{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
            "MODE": mode,
            "GATEHOUSE_PORT": str(self.port),
            **{f"{name.upper()}_BIND": f"127.0.0.1:{free_port()}" for name in _own_services()},
            "COMPOSE_PROJECT_NAME": f"gatehouse-test-{self.port}",
            "GATEHOUSE_NETWORK": f"10.{96 + self.port // 256 % 32}.{self.port % 256}",
        }

    def share_packages(self) -> None:
        """Spare the copy an installation of its own; does nothing twice."""
        for shared in (".venv", ".local"):
            if (ROOT / shared).exists() and not (self.folder / shared).is_symlink():
                (self.folder / shared).symlink_to(ROOT / shared)

    def make(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `make` in the copy."""
        return self.run("make", *arguments, environment=environment)

    def run(
        self, *command: str, seconds: float = 300, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy, without a terminal."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def sign_in(self) -> str:
        """Return an access token of the demo user, whose password is in `.env`."""
        return self.sign_in_with_session()[0]

    def sign_in_with_session(self) -> tuple[str, str]:
        """Return an access token of the demo user and the refresh token of its session."""
        written = (self.folder / ".env").read_text()
        settings = dict(re.findall(r"^(\w+)=(\S+)$", written, re.MULTILINE))
        return self._ask_for_token(
            grant_type="password",
            username=settings["DEMO_USERNAME"],
            password=settings["DEMO_PASSWORD"],
        )

    def refresh(self, refresh_token: str) -> str:
        """Return an access token of the session."""
        return self._ask_for_token(grant_type="refresh_token", refresh_token=refresh_token)[0]

    def _ask_for_token(self, **form: str) -> tuple[str, str]:
        answer = send(
            f"http://127.0.0.1:{self.port}/auth/token",
            method="POST",
            headers=[("Content-Type", "application/x-www-form-urlencoded")],
            body=urlencode(form).encode(),
        )
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"]), str(answer.json["refresh_token"])

    def get(self, path: str) -> int:
        """Return the status of the answer to a GET through nginx."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return int(response.status)

    def answers(self, path: str) -> bool:
        """Return whether a GET through nginx is answered with 200."""
        try:
            return self.get(path) == 200
        except OSError:
            return False

    def table(self) -> dict[str, list[str]]:
        """Return what `make ps` says of each program: state, pid, uptime, restarts, ready."""
        rows, _, _address = self.make("ps").stdout.partition("\n\n")
        lines = rows.splitlines()[1:]
        return {name: columns for name, *columns in (re.split(r"  +", line) for line in lines)}

    def processes(self) -> set[int]:
        """Return every process that works in the copy."""
        return {
            int(process.name)
            for process in Path("/proc").glob("[0-9]*")
            if _working_directory(process) == self.folder
        }


def _own_services() -> list[str]:
    services = load_services(ROOT / "services.toml")
    return [service.name for service in services.values() if service.is_ours]


def _files_of_a_clone() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def _working_directory(process: Path) -> Path | None:
    try:
        return (process / "cwd").readlink()
    except OSError:
        return None
