"""Alembic's entry point; see chassis.migrations."""

from auth_service.tables import metadata
from chassis.migrations import run

run(metadata)
