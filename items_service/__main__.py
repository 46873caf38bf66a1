"""`python -m items_service serve` and `migrate`."""

from pathlib import Path

from gatehouse_chassis.serving.command import Service, main
from items_service.settings import ItemsSettings

if __name__ == "__main__":
    main(
        Service(
            name="items_service",
            settings=ItemsSettings,
            migrations=Path(__file__).parent / "migrations",
        )
    )
