"""The command line of a service: `python -m items_service serve`, `check`, `migrate`, `revise`."""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from gatehouse_chassis.database import DatabaseUnavailable
from gatehouse_chassis.observability.logs import configure_logging
from gatehouse_chassis.settings import ServiceSettings, SettingsError

LONGEST_MESSAGE = 100

AnySettings = TypeVar("AnySettings", bound=ServiceSettings)


@dataclass(frozen=True, slots=True)
class Service(Generic[AnySettings]):
    """What the command line needs to know of a service.

    Args:
        name: the package (`items_service`), in whose `main` the composition root is.
        settings: its settings class.
        migrations: its `migrations/` folder.
        first_start: writes what an empty database needs; runs after every migration and changes nothing twice.
    """

    name: str
    settings: type[AnySettings]
    migrations: Path
    first_start: Callable[[AnySettings], None] | None = None


def main(service: Service[AnySettings]) -> None:
    """Runs what the command line asks for.

    A wrong setting ends with sentences and exit code 2, a database that does not answer with exit code 1.
    """
    arguments = _parser(service.name).parse_args()
    # Databases and kept keys are for this service's user only.
    os.umask(0o077)
    try:
        _run(service, arguments)
    except SettingsError as error:
        print(f"{service.name} cannot start:\n{error}", file=sys.stderr)
        raise SystemExit(2) from None
    except DatabaseUnavailable as error:
        cause = (str(error) or "it does not answer").splitlines()[0]
        print(
            f"{service.name} cannot use its database: {cause}\n"
            f"Start it, or correct {service.settings.variable('database_url')} in .env or in the environment.",
            file=sys.stderr,
        )
        raise SystemExit(1) from None


def _run(service: Service[AnySettings], arguments: argparse.Namespace) -> None:
    settings = service.settings.load()
    configure_logging(
        service=service.name.removesuffix("_service"),
        level=settings.log_level,
        style=settings.log_format,
    )
    if arguments.command in ("serve", "check"):
        from gatehouse_chassis.serving import server

        run = server.serve if arguments.command == "serve" else server.check
        run(settings, service.name)
    else:
        _change_database(service, settings, arguments)


def _change_database(
    service: Service[AnySettings], settings: AnySettings, arguments: argparse.Namespace
) -> None:
    from alembic.util import CommandError

    from gatehouse_chassis.database import migrations
    from gatehouse_chassis.database.migrations import MigrationError

    if arguments.command == "revise":
        try:
            migrations.revise(service.migrations, settings.database_url, arguments.message)
        except CommandError as error:
            raise SystemExit(
                f"{service.name} has no migration written: {error} "
                f"First bring the database up to date: python -m {service.name} migrate"
            ) from None
        return
    try:
        migrations.migrate(service.migrations, settings.database_url)
    except MigrationError as error:
        raise SystemExit(f"{service.name} cannot migrate its database.\n{error}") from None
    if service.first_start:
        service.first_start(settings)


def _parser(name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m {name}", description=f"Runs {name}.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("serve", help="serve in the foreground with gunicorn")
    commands.add_parser("check", help="start and stop it without serving, as a reload does first")
    commands.add_parser(
        "migrate", help="bring the database to the newest version; does nothing twice"
    )
    revise = commands.add_parser(
        "revise", help="for developers: write a migration for what changed in tables.py"
    )
    revise.add_argument("message", type=_message, help="what changes, in a few words")
    return parser


def _message(text: str) -> str:
    if 0 < len(text) <= LONGEST_MESSAGE and text.isprintable() and not text.isspace():
        return text
    raise argparse.ArgumentTypeError(f"say it in one line of at most {LONGEST_MESSAGE} characters")
