"""`python -m items_service serve` and `migrate`."""

from pathlib import Path

from chassis.command import Service, main
from items_service.settings import ItemsSettings


def _create_app(settings: ItemsSettings) -> object:
    from items_service.main import create_app

    return create_app(settings)


if __name__ == "__main__":
    main(
        Service(
            name="items_service",
            settings=ItemsSettings,
            migrations=Path(__file__).parent / "migrations",
            create_app=_create_app,
        )
    )
