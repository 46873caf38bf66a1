"""`python -m bench.baselines NAME`: serves bare, nothing or tutorial until a signal ends it."""

import sys

from bench.baselines.settings import BaselineSettings
from bench.baselines.tutorial import main as tutorial
from gatehouse_chassis.observability.logs import configure_logging
from gatehouse_chassis.serving.server import serve


def main(name: str) -> None:
    """Serve one baseline with the server of the services."""
    settings = BaselineSettings.load()
    configure_logging(service=name, level=settings.log_level, style=settings.log_format)
    if name == "tutorial":
        tutorial.prepare(settings)
    serve(settings, f"bench.baselines.{name}")


if __name__ == "__main__":
    main(sys.argv[1])
