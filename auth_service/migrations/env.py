"""Alembic's entry point; see chassis.migrations."""

from chassis.migrations import run
from auth_service.tables import metadata

run(metadata)
