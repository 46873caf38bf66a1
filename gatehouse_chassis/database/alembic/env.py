"""Alembic's entry point for every service; see gatehouse_chassis.database.migrations."""

from gatehouse_chassis.database.migrations import run

run()
