"""`gatehouse audit`: what happened."""

import click

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.schemas import AuditRecord
from auth_service.audit.store import AuditEntry
from auth_service.cli.run import run
from auth_service.cli.terminal import MAX_ROWS, OneOf, show
from auth_service.container import Container


@click.command("audit")
@click.option("--event", type=OneOf(Event))
@click.option("--subject", help="The id of a user or client, or a key id.")
@click.option("--actor", help="The id of a user, or command:uid=<number>(<name>).")
def read_audit_log(event: Event | None, subject: str | None, actor: str | None) -> None:
    """The newest 100 entries of the audit log."""

    async def read(container: Container, context: AuditContext) -> list[AuditEntry]:
        found = await container.audit.list(
            limit=MAX_ROWS, event=event, subject=subject, actor=actor
        )
        await container.audit.record(Event.AUDIT_LOG_READ, None, context)
        return found

    found = run(read)
    rows = [AuditRecord.model_validate(one, from_attributes=True) for one in found]
    show(rows, "at", "event", "subject", "actor", "address", "details")
