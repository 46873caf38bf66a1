"""Alembic's entry point for every service; see chassis.migrations."""

from chassis.migrations import run

run()
