"""`python -m auth_service.cli`: one group of commands for each noun."""

import os

import click

from auth_service.cli.audit import read_audit_log
from auth_service.cli.clients import clients
from auth_service.cli.keys import keys
from auth_service.cli.sessions import sessions
from auth_service.cli.users import users
from gatehouse_chassis.observability.logs import configure_logging


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def gatehouse(as_json: bool) -> None:
    """Users, clients, keys, sessions and the audit log of a Gatehouse."""


for command in (users, sessions, clients, keys, read_audit_log):
    gatehouse.add_command(command)


if __name__ == "__main__":
    os.umask(0o077)  # as the service does
    configure_logging(service="gatehouse", level="warning", style="auto")
    gatehouse(prog_name="gatehouse")
