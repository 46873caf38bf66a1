"""Alembic's entry point; see chassis.migrations."""

from chassis.migrations import run
from items_service.tables import metadata

run(metadata)
