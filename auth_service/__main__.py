"""`python -m auth_service serve` and `migrate`."""

from pathlib import Path

from auth_service.settings import AuthSettings
from gatehouse_chassis.serving.command import Service, main


def _first_start(settings: AuthSettings) -> None:
    from auth_service.maintenance.first_start import first_start

    first_start(settings)


if __name__ == "__main__":
    main(
        Service(
            name="auth_service",
            settings=AuthSettings,
            migrations=Path(__file__).parent / "migrations",
            first_start=_first_start,
        )
    )
