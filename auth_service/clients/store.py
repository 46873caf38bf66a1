"""Registered OAuth clients."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, exists, insert, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.clients.client import Client
from auth_service.errors import TryLater
from auth_service.revocation.store import revoke_tokens_of_client
from auth_service.sessions.store import EndOfSession, end_sessions_through
from auth_service.tables import client_assertions, clients, consents
from gatehouse_chassis.database import Database, IntegrityError, Row, Statements
from gatehouse_chassis.database.columns import new_id, now


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredClient(Client):
    """A row of `clients`."""

    id: UUID
    created_at: datetime
    document_fresh_until: datetime | None = None
    """Until when the document that describes it need not be fetched again."""


_ADD = insert(clients)
_CLIENT = select(clients)
_CLIENT_BY_NAME = _CLIENT.where(clients.c.client_id == bindparam("client"))
_CLIENTS = _CLIENT.order_by(clients.c.id.desc()).limit(bindparam("limit"))
_CLIENTS_BEFORE = _CLIENTS.where(clients.c.id < bindparam("before"))
_SET_SECRET = (
    update(clients)
    .where(clients.c.client_id == bindparam("client"), clients.c.secret_digest.is_not(None))
    .values(secret_digest=bindparam("digest"))
)
_REMOVE = delete(clients).where(clients.c.client_id == bindparam("client"))


_DESCRIBED = (
    update(clients)
    .where(clients.c.client_id == bindparam("client"))
    .values(
        name=bindparam("new_name"),
        grants=bindparam("new_grants", type_=clients.c.grants.type),
        redirect_uris=bindparam("new_redirect_uris", type_=clients.c.redirect_uris.type),
        scopes=bindparam("new_scopes", type_=clients.c.scopes.type),
        document_fresh_until=bindparam("fresh_until"),
    )
)

UNUSED_FOR = timedelta(days=7)
"""How long a client that registered itself is kept while nobody has allowed it anything."""

MAX_UNUSED = 5000
"""Such clients; one more takes the place of the oldest."""

_IS_UNUSED = (
    clients.c.unused_until.is_not(None),
    ~exists().where(consents.c.client_id == clients.c.client_id),
)
_REMOVE_SURPLUS = delete(clients).where(
    clients.c.id.in_(
        select(clients.c.id)
        .where(*_IS_UNUSED)
        .order_by(clients.c.id.desc())
        .limit(1000)
        .offset(bindparam("kept"))
    )
)
_PURGE = delete(clients).where(
    clients.c.id.in_(
        select(clients.c.id)
        .where(clients.c.unused_until < bindparam("before"), *_IS_UNUSED)
        .limit(bindparam("limit"))
    )
)

_ADD_ASSERTION = insert(client_assertions)
_PURGE_ASSERTIONS = delete(client_assertions).where(
    client_assertions.c.digest.in_(
        select(client_assertions.c.digest)
        .where(client_assertions.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)


class ClientStore:
    """Clients by their `client_id`; the built-in one is not among them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, client: Client, context: AuditContext) -> StoredClient:
        """Stores a new client; one without a secret is public."""
        row = _row(client)
        async with self._database.transaction() as statements:
            await statements.execute(_ADD, **row)
            await record(
                statements, Event.CLIENT_CREATED, client.client_id, context, name=client.name
            )
        return _stored(row)

    async def add_self_registered(
        self, client: Client, *, fresh_until: datetime | None = None
    ) -> StoredClient:
        """Stores a client that nobody vouches for, in place of the oldest unused one where there are too many.

        Args:
            fresh_until: when the document that describes it is to be fetched again, if there is one.
        """
        row = _row(client)
        row |= {"unused_until": row["created_at"] + UNUSED_FOR, "document_fresh_until": fresh_until}
        async with self._database.transaction() as statements:
            await statements.execute(_REMOVE_SURPLUS, kept=MAX_UNUSED - 1)
            await statements.execute(_ADD, **row)
        return _stored(row)

    async def put_described(self, client: Client, *, fresh_until: datetime) -> StoredClient:
        """Stores what a document says of a client now."""
        changed = await self._database.execute(
            _DESCRIBED,
            client=client.client_id,
            new_name=client.name,
            new_grants=sorted(client.grants),
            new_redirect_uris=list(client.redirect_uris),
            new_scopes=sorted(client.scopes),
            fresh_until=fresh_until,
        )
        if not changed:
            # Where another worker was first, its row is as good.
            with suppress(IntegrityError):
                return await self.add_self_registered(client, fresh_until=fresh_until)
        stored = await self.find(client.client_id)
        if stored is None:
            raise TryLater("The application was removed just now; try again.", retry_after=1)
        return stored

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` clients that registered themselves and are not used, and returns how many."""
        return await self._database.execute(_PURGE, before=now(), limit=limit)

    async def find(self, client_id: str) -> StoredClient | None:
        """The client with this id."""
        row = await self._database.fetch_one(_CLIENT_BY_NAME, client=client_id)
        return _stored(row) if row else None

    async def list(self, *, limit: int, before: UUID | None = None) -> list[StoredClient]:
        """Up to `limit` clients, newest first: those registered before the one with the id `before`."""
        if before is None:
            rows = await self._database.fetch_all(_CLIENTS, limit=limit)
        else:
            rows = await self._database.fetch_all(_CLIENTS_BEFORE, limit=limit, before=before)
        return [_stored(row) for row in rows]

    async def set_secret(self, client_id: str, secret_digest: str, context: AuditContext) -> bool:
        """Replaces the secret and revokes all that the old one got; False when there is no such confidential client."""
        async with self._database.transaction() as statements:
            changed = await statements.execute(_SET_SECRET, client=client_id, digest=secret_digest)
            if changed:
                await record(statements, Event.CLIENT_SECRET_RENEWED, client_id, context)
                reason = EndOfSession.CLIENT_SECRET_RENEWED
                await _revoke_all(statements, client_id, reason, context)
        return changed > 0

    async def remove(self, client_id: str, context: AuditContext) -> bool:
        """Forgets a client and revokes all that it was given; False when there is none."""
        async with self._database.transaction() as statements:
            removed = await statements.execute(_REMOVE, client=client_id)
            if removed:
                await record(statements, Event.CLIENT_REMOVED, client_id, context)
                reason = EndOfSession.CLIENT_REMOVED
                await _revoke_all(statements, client_id, reason, context)
        return removed > 0


class AssertionStore:
    """The assertions by which clients authenticated themselves, as digests, until they expire."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, digest: str, expires_at: datetime) -> bool:
        """Notes an assertion; False when it is known."""
        try:
            await self._database.execute(_ADD_ASSERTION, digest=digest, expires_at=expires_at)
        except IntegrityError:
            return False
        return True

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` assertions that have expired, and returns how many."""
        return await self._database.execute(_PURGE_ASSERTIONS, before=now(), limit=limit)


async def _revoke_all(
    statements: Statements, client_id: str, reason: EndOfSession, context: AuditContext
) -> None:
    await end_sessions_through(statements, client_id, reason, context)
    await revoke_tokens_of_client(statements, client_id)


def _row(client: Client) -> dict[str, Any]:
    return {
        "id": new_id(),
        "client_id": client.client_id,
        "name": client.name,
        "secret_digest": client.secret_digest,
        "grants": sorted(client.grants),
        "redirect_uris": list(client.redirect_uris),
        "scopes": sorted(client.scopes),
        "created_at": now(),
        "jwks": client.jwks,
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris) or None,
        "unused_until": None,
        "document_fresh_until": None,
    }


def _stored(row: Row | dict[str, Any]) -> StoredClient:
    return StoredClient(
        client_id=row["client_id"],
        name=row["name"],
        confidential=row["secret_digest"] is not None or row["jwks"] is not None,
        grants=frozenset(row["grants"]),
        redirect_uris=tuple(row["redirect_uris"]),
        scopes=frozenset(row["scopes"]),
        id=row["id"],
        secret_digest=row["secret_digest"],
        created_at=row["created_at"],
        jwks=row["jwks"],
        post_logout_redirect_uris=tuple(row["post_logout_redirect_uris"] or ()),
        self_registered=row["unused_until"] is not None,
        document_fresh_until=row["document_fresh_until"],
    )
