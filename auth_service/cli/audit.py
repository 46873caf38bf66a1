"""`gatehouse audit`: what happened."""

from typing import Any
from uuid import UUID

import click

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.schemas import AuditRecord
from auth_service.cli.run import run
from auth_service.cli.terminal import MAX_ROWS, OneOf, show, shows_json
from auth_service.container import Container


@click.command("audit")
@click.option("--event", type=OneOf(Event))
@click.option("--subject", help="The id of a user or client, or a key id.")
@click.option("--actor", help="The id of a user, or command:uid=<number>(<name>).")
def read_audit_log(event: Event | None, subject: str | None, actor: str | None) -> None:
    """The newest 100 entries of the audit log.

    Users and clients stand there with the names that they have now.
    """

    async def read(container: Container, context: AuditContext) -> list[dict[str, Any]]:
        found = await container.audit.list(
            limit=MAX_ROWS, event=event, subject=subject, actor=actor
        )
        await container.audit.record(Event.AUDIT_LOG_READ, None, context)
        rows = [AuditRecord.model_validate(one, from_attributes=True).model_dump() for one in found]
        return rows if shows_json() else await _with_names(container, rows)

    show(run(read), "at", "event", "subject", "actor", "address", "details")


async def _with_names(container: Container, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    ids = {row[column] for row in rows for column in ("subject", "actor") if row[column]}
    names = {one: name for one in ids if (name := await _name(container, one))}
    return [
        row | {column: _named(row[column], names) for column in ("subject", "actor")}
        for row in rows
    ]


def _named(one: str | None, names: dict[str, str]) -> str | None:
    return f"{names[one]} ({one})" if one in names else one


async def _name(container: Container, one: str) -> str | None:
    """The name of the user or client; None for a key, a command, and what is not there any more."""
    try:
        user = await container.users.find(UUID(one))
    except ValueError:
        user = None
    if user:
        return user.username
    client = await container.client_store.find(one)
    return client.name if client else None
