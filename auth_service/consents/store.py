"""What users have allowed registered clients."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.sessions.store import EndOfSession, end_sessions_of_user_through
from auth_service.tables import authorization_codes, clients, consents
from gatehouse_chassis.database import Database, IntegrityError
from gatehouse_chassis.database.columns import new_id, now


@dataclass(frozen=True, slots=True)
class Consent:
    """An application that a user has allowed to act for them."""

    id: UUID
    client_id: str
    name: str
    scope: str
    """All that was ever allowed to it, and not taken back since."""

    created_at: datetime


_OF_USER_AND_CLIENT = (
    consents.c.user_id == bindparam("user"),
    consents.c.client_id == bindparam("client"),
)
_SCOPE = select(consents.c.scope).where(*_OF_USER_AND_CLIENT)
_LOCK = _SCOPE.with_for_update()
_ADD = insert(consents)
_SET_SCOPE = update(consents).where(*_OF_USER_AND_CLIENT).values(scope=bindparam("widened"))
_REMOVE = delete(consents).where(*_OF_USER_AND_CLIENT)
_REMOVE_CODES = delete(authorization_codes).where(
    authorization_codes.c.user_id == bindparam("user"),
    authorization_codes.c.client_id == bindparam("client"),
    authorization_codes.c.used_at.is_(None),
)
_LIST = (
    select(
        consents.c.id, consents.c.client_id, clients.c.name, consents.c.scope, consents.c.created_at
    )
    .join(clients, clients.c.client_id == consents.c.client_id)
    .where(consents.c.user_id == bindparam("user"))
    .order_by(consents.c.id.desc())
    .limit(bindparam("limit"))
)
_LIST_BEFORE = _LIST.where(consents.c.id < bindparam("before"))


class ConsentStore:
    """What users have allowed registered clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def covers(self, user_id: UUID, client_id: str, scope: str) -> bool:
        """Whether the user has allowed the client all of this before."""
        row = await self._database.fetch_one(_SCOPE, user=user_id, client=client_id)
        return row is not None and set(scope.split()) <= set(row["scope"].split())

    async def add(self, user_id: UUID, client_id: str, scope: str, context: AuditContext) -> None:
        """Remembers that the user allows this, besides what was allowed before."""
        try:
            await self._add(user_id, client_id, scope, context)
        except IntegrityError:
            # Another window of the person was first, or the client was removed, which the code's exchange finds.
            if await self._database.fetch_one(_SCOPE, user=user_id, client=client_id):
                await self._add(user_id, client_id, scope, context)

    async def list_of(
        self, user_id: UUID, *, limit: int, before: UUID | None = None
    ) -> list[Consent]:
        """Up to `limit` applications of a user, newest first: those from before the one with this id."""
        if before is None:
            rows = await self._database.fetch_all(_LIST, user=user_id, limit=limit)
        else:
            rows = await self._database.fetch_all(
                _LIST_BEFORE, user=user_id, limit=limit, before=before
            )
        return [Consent(**row) for row in rows]

    async def revoke(self, user_id: UUID, client_id: str, context: AuditContext) -> bool:
        """Forgets what the client was allowed and ends all that it holds of the user; False when that is nothing."""
        async with self._database.transaction() as statements:
            removed = await statements.execute(_REMOVE, user=user_id, client=client_id)
            # A code that is not exchanged yet would begin a session of its own; one that is just now is waited for.
            await statements.execute(_REMOVE_CODES, user=user_id, client=client_id)
            if removed:
                await record(statements, Event.CONSENT_REVOKED, user_id, context, client=client_id)
            ended = await end_sessions_of_user_through(
                statements, user_id, client_id, EndOfSession.CONSENT_REVOKED, context
            )
        return bool(removed or ended)

    async def _add(self, user_id: UUID, client_id: str, scope: str, context: AuditContext) -> None:
        this = {"user": user_id, "client": client_id}
        async with self._database.transaction() as statements:
            known = await statements.fetch_one(_LOCK, **this)
            allowed = _joined(scope.split(), known["scope"].split() if known else ())
            if known is None:
                await statements.execute(
                    _ADD,
                    id=new_id(),
                    user_id=user_id,
                    client_id=client_id,
                    scope=allowed,
                    created_at=now(),
                )
            elif allowed == known["scope"]:
                return
            else:
                await statements.execute(_SET_SCOPE, **this, widened=allowed)
            about = {"client": client_id, "scope": scope}
            await record(statements, Event.CONSENT_GIVEN, user_id, context, **about)


def _joined(one: Collection[str], other: Collection[str]) -> str:
    return " ".join(sorted({*one, *other}))
