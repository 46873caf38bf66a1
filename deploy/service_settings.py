"""What is wrong with the settings of the services, all at once: `python -m deploy.service_settings`.

It reads them with the services' own classes, so it needs their packages. Exit status 2 and a sentence for each.
"""

import subprocess
import sys

from deploy.checkout import Checkout
from deploy.errors import DeployError
from deploy.settings import Settings
from gatehouse_chassis.services import load_services

REFUSED = 2


def check(checkout: Checkout, settings: Settings) -> None:
    """Ask a process that has the packages; raises DeployError with its sentences."""
    done = subprocess.run(
        [checkout.venv / "bin" / "python", "-m", "deploy.service_settings"],
        cwd=checkout.root,
        env=settings.of_local_processes(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    # Packages that are older than the code may end it otherwise, and are brought up to date later.
    if done.returncode == REFUSED:
        raise DeployError(done.stdout.rstrip())


def main() -> int:
    """Print a sentence for each setting that cannot be used."""
    from deploy.pages.settings import settings_classes
    from gatehouse_chassis.settings import SettingsError

    problems: dict[str, None] = {}  # what services have in common is told once
    for service in load_services(Checkout.here().services_file).values():
        for settings in settings_classes(service):
            try:
                settings.load()
            except SettingsError as error:
                problems |= dict.fromkeys(str(error).splitlines())
    print(*problems, sep="\n")
    return REFUSED if problems else 0


if __name__ == "__main__":
    sys.exit(main())
