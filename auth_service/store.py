"""All SQL of the auth service."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, StrEnum, auto
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, and_, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from auth_service.schemas import Role
from auth_service.tables import refresh_tokens, sessions, signing_keys, users
from chassis.columns import new_id, now
from chassis.database import Database, Statements


class UsernameTaken(Exception):
    """Another user has this name, in whatever case."""


@dataclass(frozen=True, slots=True)
class User:
    """A row of `users`."""

    id: UUID
    username: str
    display_name: str
    password_hash: str
    role: Role
    disabled: bool
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: which user, through which client, with which scopes."""

    id: UUID
    user_id: UUID
    client_id: str
    scope: str


class EndOfSession(StrEnum):
    """Why a session ended."""

    REFRESH_TOKEN_REUSED = auto()
    PASSWORD_CHANGED = auto()
    USER_DISABLED = auto()


class Refusal(Enum):
    """Why a refresh token was not exchanged."""

    UNKNOWN = auto()
    EXPIRED = auto()
    REUSED = auto()
    ENDED = auto()


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `signing_keys`."""

    kid: str
    public_jwk: str
    encrypted_private_jwk: str


_USER = select(users)
_USER_BY_ID = _USER.where(users.c.id == bindparam("user"))
_USER_BY_NAME = _USER.where(users.c.username_key == bindparam("key"))
_USERS = _USER.order_by(users.c.id.desc()).limit(bindparam("most"))
_BEFORE = users.c.id < bindparam("before")
# Locked until the transaction ends (on SQLite the whole file is), so that what would end a session comes after it.
_STILL_WITH_PASSWORD = (
    select(users.c.id)
    .where(
        users.c.id == bindparam("user"),
        users.c.password_hash == bindparam("known_hash"),
        users.c.disabled_at.is_(None),
    )
    .with_for_update(read=True)
)

_SESSION = select(
    sessions.c.id, sessions.c.user_id, sessions.c.client_id, sessions.c.scope, sessions.c.ended_at
).where(sessions.c.id == bindparam("session"))
_END_SESSIONS = (
    update(sessions)
    .where(sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_because=bindparam("reason"))
)
_END_SESSION = _END_SESSIONS.where(sessions.c.id == bindparam("session"))
_END_SESSIONS_OF = _END_SESSIONS.where(sessions.c.user_id == bindparam("user"))

# One statement decides who uses a token: of two concurrent tries the second finds it used.
_USE_TOKEN = (
    update(refresh_tokens)
    .where(
        and_(
            refresh_tokens.c.digest == bindparam("token"),
            refresh_tokens.c.used_at.is_(None),
            refresh_tokens.c.expires_at > bindparam("at"),
        )
    )
    .values(used_at=bindparam("at"))
    .returning(refresh_tokens.c.session_id)
)
_TOKEN = select(refresh_tokens).where(refresh_tokens.c.digest == bindparam("token"))


class UserStore:
    """Users by id and by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, username: str, password_hash: str, display_name: str = "", role: Role = Role.USER
    ) -> User:
        """A new user.

        Raises:
            UsernameTaken: the name is in use.
        """
        created = now()
        user = User(new_id(), username, display_name, password_hash, role, False, created, created)
        try:
            await self._database.execute(
                insert(users),
                id=user.id,
                username=username,
                username_key=username.lower(),
                display_name=display_name,
                password_hash=password_hash,
                role=role.value,
                disabled_at=None,
                created_at=created,
                updated_at=created,
            )
        except IntegrityError:
            raise UsernameTaken(username) from None
        return user

    async def find(self, user_id: UUID) -> User | None:
        """The user with this id."""
        return _user(await self._database.fetch_one(_USER_BY_ID, user=user_id))

    async def find_by_name(self, username: str) -> User | None:
        """The user with this name, in whatever case."""
        return _user(await self._database.fetch_one(_USER_BY_NAME, key=username.lower()))

    async def list(self, *, most: int, before: UUID | None = None) -> list[User]:
        """Up to `most` users, newest first: those created before the one with the id `before`."""
        statement, parameters = _USERS, dict[str, Any](most=most)
        if before is not None:
            statement, parameters["before"] = statement.where(_BEFORE), before
        rows = await self._database.fetch_all(statement, **parameters)
        return [user for row in rows if (user := _user(row))]

    async def rename(self, user_id: UUID, display_name: str) -> User | None:
        """The user under a new display name."""
        return await _change(self._database, user_id, display_name=display_name)

    async def upgrade_hash(self, user: User, password_hash: str) -> User:
        """The user with a stronger hash of the same password; not stored if the password was changed meanwhile."""
        unchanged = users.c.password_hash == bindparam("known_hash")
        await self._database.execute(
            update(users)
            .where(users.c.id == bindparam("user"), unchanged)
            .values(password_hash=password_hash),
            user=user.id,
            known_hash=user.password_hash,
        )
        return replace(user, password_hash=password_hash)

    async def change_password(self, user_id: UUID, password_hash: str) -> None:
        """Sets a new password and ends every session that the old one opened."""
        async with self._database.transaction() as statements:
            await _change(statements, user_id, password_hash=password_hash)
            await _end_sessions_of(statements, user_id, EndOfSession.PASSWORD_CHANGED)

    async def set_disabled(self, user_id: UUID, disabled: bool) -> User | None:
        """The user, who is disabled or enabled now; disabling ends every session."""
        async with self._database.transaction() as statements:
            user = await _change(statements, user_id, disabled_at=now() if disabled else None)
            if user and disabled:
                await _end_sessions_of(statements, user_id, EndOfSession.USER_DISABLED)
        return user


class SessionStore:
    """Sign-ins and their refresh tokens, which are stored as digests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(
        self, user: User, client_id: str, scope: str, digest: str, expires_at: datetime
    ) -> Session | None:
        """A new session with its first refresh token; None when the user was disabled or got another password since."""
        session = Session(new_id(), user.id, client_id, scope)
        async with self._database.transaction() as statements:
            still = {"user": user.id, "known_hash": user.password_hash}
            if await statements.fetch_one(_STILL_WITH_PASSWORD, **still) is None:
                return None
            await statements.execute(
                insert(sessions),
                id=session.id,
                user_id=user.id,
                client_id=client_id,
                scope=scope,
                created_at=now(),
            )
            await _add_token(statements, session.id, digest, expires_at)
        return session

    async def exchange(
        self, digest: str, client_id: str, new_digest: str, expires_at: datetime
    ) -> Session | Refusal:
        """Uses up a refresh token and puts a new one in its place.

        A token that was used before is in two hands, and nobody can tell whose: the whole session ends (RFC 9700
        section 4.14.2). So it does when another client presents it.
        """
        async with self._database.transaction() as statements:
            used = await statements.fetch_one(_USE_TOKEN, token=digest, at=now())
            if used is None:
                return await self._refuse(statements, digest)
            row = await statements.fetch_one(_SESSION, session=used["session_id"])
            if row is None or row["ended_at"] is not None:
                return Refusal.ENDED
            session = Session(row["id"], row["user_id"], row["client_id"], row["scope"])
            if session.client_id != client_id:
                await _end_session(statements, session.id)
                return Refusal.REUSED
            await _add_token(statements, session.id, new_digest, expires_at)
            return session

    async def _refuse(self, statements: Statements, digest: str) -> Refusal:
        token = await statements.fetch_one(_TOKEN, token=digest)
        if token is None:
            return Refusal.UNKNOWN
        if token["used_at"] is None:
            return Refusal.EXPIRED
        await _end_session(statements, token["session_id"])
        return Refusal.REUSED


class SigningKeyStore:
    """Signing keys, the private part encrypted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> list[StoredKey]:
        """All keys, the newest first."""
        statement = select(
            signing_keys.c.kid, signing_keys.c.public_jwk, signing_keys.c.encrypted_private_jwk
        ).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid)
        return [StoredKey(**row) for row in await self._database.fetch_all(statement.limit(100))]

    async def add(self, key: StoredKey) -> None:
        """Stores a new key."""
        await self._database.execute(
            insert(signing_keys),
            kid=key.kid,
            public_jwk=key.public_jwk,
            encrypted_private_jwk=key.encrypted_private_jwk,
            created_at=now(),
        )


async def _change(statements: Statements, user_id: UUID, **values: Any) -> User | None:
    statement = (
        update(users)
        .where(users.c.id == bindparam("user"))
        .values(**values, updated_at=bindparam("changed_at"))
        .returning(*users.c)
    )
    return _user(await statements.fetch_one(statement, user=user_id, changed_at=now()))


async def _end_session(statements: Statements, session_id: UUID) -> None:
    await statements.execute(
        _END_SESSION, session=session_id, at=now(), reason=EndOfSession.REFRESH_TOKEN_REUSED.value
    )


async def _end_sessions_of(statements: Statements, user_id: UUID, reason: EndOfSession) -> None:
    await statements.execute(_END_SESSIONS_OF, user=user_id, at=now(), reason=reason.value)


async def _add_token(
    statements: Statements, session_id: UUID, digest: str, expires_at: datetime
) -> None:
    await statements.execute(
        insert(refresh_tokens),
        digest=digest,
        session_id=session_id,
        created_at=now(),
        expires_at=expires_at,
    )


def _user(row: RowMapping | None) -> User | None:
    if row is None:
        return None
    return User(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        password_hash=row["password_hash"],
        role=Role(row["role"]),
        disabled=row["disabled_at"] is not None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
