"""`gatehouse sessions`: where users are signed in."""

from typing import Any

import click

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.cli.run import run, user_named
from auth_service.cli.terminal import MAX_ROWS, show
from auth_service.container import Container
from auth_service.sessions.schemas import SessionPublic
from auth_service.sessions.store import EndOfSession

COLUMNS = ("id", "client_id", "scope", "created_at", "last_used_at", "address")
# A session that began before so many other events of its user has no address in the list.
EVENTS_SEARCHED = 1000


@click.group()
def sessions() -> None:
    """Where users are signed in."""


@sessions.command("list")
@click.argument("username")
def list_sessions(username: str) -> None:
    """The newest 100 sessions of a user.

    The address is the one that the sign-in came from, as the audit log has it. Which device that was is not stored.
    """

    async def find(container: Container, context: AuditContext) -> list[dict[str, Any]]:
        user = await user_named(container, username)
        await container.audit.record(Event.SESSIONS_READ, user.id, context)
        found = await container.sessions.list_of(user.id, limit=MAX_ROWS)
        events = await container.audit.list(limit=EVENTS_SEARCHED, subject=str(user.id))
        addresses = {
            one.details["session"]: one.address for one in events if "session" in one.details
        }
        return [
            SessionPublic.model_validate(one, from_attributes=True).model_dump()
            | {"address": addresses.get(str(one.id))}
            for one in found
        ]

    show(run(find), *COLUMNS)


@sessions.command("end")
@click.argument("username", required=False)
@click.option("--id", "session_id", type=click.UUID, help="This session only.")
def end_sessions(username: str | None, session_id: Any) -> None:
    """End the sessions of a user, or one session by its id."""
    if (username is None) == (session_id is None):
        raise click.UsageError("Give a username, or --id with the id of one session.")

    async def end(container: Container, context: AuditContext) -> int:
        revocation, reason = container.revocation, EndOfSession.REVOKED
        if username is None:
            if not await revocation.revoke_session(session_id, reason, context):
                raise click.ClickException(f"There is no session {session_id}, or it is over.")
            return 1
        user = await user_named(container, username)
        return await revocation.revoke_sessions_of(user.id, reason, context)

    show([{"ended": run(end)}], "ended")


@sessions.command("end-all")
def end_all_sessions() -> None:
    """End every session and make every token void, clients' own too: after a restore (docs/restore.md).

    A new key signs at once and the others are withdrawn, so that tokens fail of which this database does not know.
    """

    async def end(container: Container, context: AuditContext) -> dict[str, Any]:
        ended = await container.sessions.end_all(EndOfSession.REVOKED, context)
        key = await container.keys.rotate(context, at_once=True)
        return {"ended": ended, "kid": key.kid if key else None}

    show([run(end)], "ended", "kid")
