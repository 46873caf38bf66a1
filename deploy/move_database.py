"""Copy the SQLite file of every service into its PostgreSQL database: `python -m deploy.move_database`.

It works with the services' own tables and settings, so it needs their packages. Exit status 1 and a sentence for what
cannot be moved; a service whose file is not there, or whose URL still names SQLite, is told of and left alone.
"""

import sys
from importlib import import_module
from pathlib import Path

from deploy.checkout import Checkout
from gatehouse_chassis.services import ServiceEntry, load_services
from gatehouse_chassis.settings import ServiceSettings, SettingsError


def main() -> int:
    """Move all that can be moved; the first failure ends it."""
    from gatehouse_chassis.database import DatabaseUnavailable
    from gatehouse_chassis.database.migrations import MigrationError
    from gatehouse_chassis.database.move import MoveError

    services = load_services(Checkout.here().services_file).values()
    moved = 0
    for service in services:
        if not (service.is_ours and service.database):
            continue
        try:
            moved += _move(service)
        except (SettingsError, DatabaseUnavailable, MigrationError, MoveError) as error:
            print(f"{service.name}: {error}", file=sys.stderr)
            return 1
    if not moved:
        print("Nothing was moved.", file=sys.stderr)
        return 1
    print("The SQLite files stay as they are. Start: make up")
    return 0


def _move(service: ServiceEntry) -> bool:
    from deploy.pages.settings import settings_classes
    from gatehouse_chassis.database.move import move

    settings = next(one for one in settings_classes(service) if issubclass(one, ServiceSettings))
    # Where it lies unless a setting says otherwise, as it did before it was to be moved.
    source: str = settings.model_fields["database_url"].default
    target = settings.load().database_url
    file = Path(source.removeprefix("sqlite:///"))
    if target.startswith("sqlite:"):
        name = settings.variable("database_url")
        print(f"{service.name}: {name} names SQLite. Set it to postgresql://... to move it.")
        return False
    if not file.exists():
        print(f"{service.name}: there is no {file}.")
        return False
    package = import_module(service.package)
    migrations = Path(package.__path__[0]) / "migrations"
    counts = move(migrations, source, target)
    print(f"{service.name}: {sum(counts.values())} rows were copied and compared.")
    for table, count in counts.items():
        print(f"  {table}: {count}")
    return True


if __name__ == "__main__":
    sys.exit(main())
