"""The access tokens that were given out, and which of them are revoked."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, union, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.clients.client import Client
from auth_service.tables import access_tokens, clients, sessions
from gatehouse_chassis.database import Database, Statements
from gatehouse_chassis.database.columns import new_id, now

_ADD = insert(access_tokens).returning(access_tokens.c.id)
# Two requests may meet: a client's for a token, and one that removes the client or renews its secret. Whichever of them
# locks the client's row first, the other sees what it did (on SQLite one waits for the whole of the other).
STILL_REGISTERED = and_(
    clients.c.client_id == bindparam("client"),
    clients.c.secret_digest.is_not_distinct_from(bindparam("known_secret")),
)
_ADD_IF_STILL_REGISTERED = (
    insert(access_tokens)
    .from_select(
        ["jti", "client_id", "expires_at"],
        select(
            bindparam("token", type_=access_tokens.c.jti.type),
            clients.c.client_id,
            bindparam("end", type_=access_tokens.c.expires_at.type),
        )
        .where(STILL_REGISTERED)
        .with_for_update(read=True),
    )
    .returning(access_tokens.c.id)
)
_STILL_REGISTERED = select(clients.c.id).where(STILL_REGISTERED).with_for_update(read=True)
_REVOKE = (
    update(access_tokens)
    .where(access_tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("at"))
)
_REVOKE_ONE = _REVOKE.where(access_tokens.c.jti == bindparam("token")).returning(
    access_tokens.c.client_id
)
# No index helps: it would be written for every token, and clients are seldom removed.
_REVOKE_ALL_OF_CLIENT = _REVOKE.where(
    access_tokens.c.client_id == bindparam("client"), access_tokens.c.session_id.is_(None)
)
_ALIVE = access_tokens.c.expires_at > bindparam("expires_after")
# When a session ends, its access tokens are revoked, also one that was being issued at that moment.
_REVOKED = union(
    select(access_tokens.c.id).where(access_tokens.c.revoked_at.is_not(None), _ALIVE),
    select(access_tokens.c.id)
    .join(sessions, sessions.c.id == access_tokens.c.session_id)
    .where(sessions.c.ended_at > bindparam("ended_after"), _ALIVE),
).limit(bindparam("limit"))
_IS_REVOKED = (
    select(access_tokens.c.id)
    .outerjoin(sessions, sessions.c.id == access_tokens.c.session_id)
    .where(
        access_tokens.c.jti == bindparam("token"),
        or_(access_tokens.c.revoked_at.is_not(None), sessions.c.ended_at.is_not(None)),
    )
)
# Two look-ups at the ends of the index; max() and min() side by side would read every row on SQLite.
_SPAN = select(
    select(func.max(access_tokens.c.id)).scalar_subquery().label("newest"),
    select(func.min(access_tokens.c.id)).scalar_subquery().label("oldest"),
)
# Tokens expire in the order in which they were issued. After the life of tokens was set shorter, older tokens delay the
# removal of newer ones until they expire, an hour at most.
_PURGE = delete(access_tokens).where(
    access_tokens.c.id.in_(
        select(access_tokens.c.id).order_by(access_tokens.c.id).limit(bindparam("limit"))
    ),
    access_tokens.c.expires_at < bindparam("expired_before"),
)


@dataclass(frozen=True, slots=True)
class NewAccessToken:
    """What is stored of an access token, before it is signed.

    Attributes:
        client: who gets it.
        jti: sorted by time, so that its index grows at one end.
    """

    client: Client
    expires_at: datetime
    jti: UUID = field(default_factory=new_id)


class AccessTokenStore:
    """Access tokens by number and `jti`; the tokens themselves are kept nowhere."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: NewAccessToken) -> int | None:
        """The number of a new token that a client gets for itself.

        None when the client was removed, or its secret renewed, since it was read.
        """
        if token.client.is_first_party:
            return await add_access_token(self._database, token, None)
        row = await self._database.fetch_one(
            _ADD_IF_STILL_REGISTERED,
            token=token.jti,
            client=token.client.client_id,
            known_secret=token.client.secret_digest,
            end=token.expires_at,
        )
        return int(row["id"]) if row else None

    async def revoke(self, jti: UUID, context: AuditContext) -> bool:
        """Whether there was such a token, not revoked yet."""
        async with self._database.transaction() as statements:
            return await revoke_access_token(statements, jti, context)

    async def is_revoked(self, jti: UUID) -> bool:
        """Whether the token, or the session that it came from, was revoked."""
        return await self._database.fetch_one(_IS_REVOKED, token=jti) is not None

    async def revoked(
        self, *, expires_after: datetime, ended_after: datetime, limit: int
    ) -> list[int]:
        """The numbers of the revoked tokens that expire later than `expires_after`.

        Args:
            expires_after: tokens that end before are left out.
            ended_after: sessions that ended before have no such token left.
            limit: how many are returned at most.
        """
        rows = await self._database.fetch_all(
            _REVOKED, expires_after=expires_after, ended_after=ended_after, limit=limit
        )
        return [row["id"] for row in rows]

    async def span(self) -> int:
        """How many numbers there are from the oldest token that is not forgotten to the newest."""
        [row] = await self._database.fetch_all(_SPAN)
        return 0 if row["newest"] is None else int(row["newest"] - row["oldest"] + 1)

    async def purge_expired(self, *, expired_before: datetime, limit: int) -> int:
        """Looks at the `limit` oldest tokens, deletes those that expired, and returns how many."""
        return await self._database.execute(_PURGE, expired_before=expired_before, limit=limit)


async def revoke_access_token(statements: Statements, jti: UUID, context: AuditContext) -> bool:
    """Whether there was such a token, not revoked yet; within the caller's transaction."""
    revoked = await statements.fetch_one(_REVOKE_ONE, token=jti, at=now())
    if revoked:
        about = {"token_id": jti.hex}
        await record(statements, Event.TOKEN_REVOKED, revoked["client_id"], context, **about)
    return revoked is not None


async def add_access_token(
    statements: Statements, token: NewAccessToken, session_id: UUID | None
) -> int:
    """The number of a new token: one more than the last, never given twice.

    It is added within the transaction that makes or refreshes the session: either both are stored, or neither is.
    """
    row = await statements.fetch_one(
        _ADD,
        jti=token.jti,
        session_id=session_id,
        client_id=token.client.client_id,
        expires_at=token.expires_at,
    )
    assert row is not None  # noqa: S101  # an INSERT with RETURNING
    return int(row["id"])


async def is_still_registered(statements: Statements, client: Client) -> bool:
    """Whether a client is as it was when it was authenticated; it stays so until the caller's transaction ends.

    To be called before the transaction changes a session: what removes a client locks the two in this order.
    """
    if client.is_first_party:
        return True
    known = {"client": client.client_id, "known_secret": client.secret_digest}
    return await statements.fetch_one(_STILL_REGISTERED, **known) is not None


async def revoke_tokens_of_client(statements: Statements, client_id: str) -> None:
    """Revokes what a client got for itself, within the caller's transaction; what it got for users ends with them."""
    await statements.execute(_REVOKE_ALL_OF_CLIENT, client=client_id, at=now())
