"""Users by id and by name."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, and_, bindparam, case, delete, func, insert, or_, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.sessions.store import STILL_WITH_PASSWORD, EndOfSession, end_sessions_of
from auth_service.tables import email_changes, password_resets, users
from auth_service.users.names import username_key
from auth_service.users.schemas import Role
from gatehouse_chassis.database import Database, IntegrityError, Row, Statements
from gatehouse_chassis.database.columns import new_id, now


class UsernameTaken(Exception):
    """Another user has this name, perhaps in another case."""

    def __init__(self, sentence: str = "This username is taken.") -> None:
        super().__init__(sentence)


class LastAdministrator(Exception):
    """Without this user no enabled administrator would be left."""

    def __init__(self) -> None:
        super().__init__(
            "This is the last administrator: make another user an administrator first."
        )


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
    email: str | None = None
    email_verified: bool = False
    """Whether somebody used a link that was sent to it."""


_ADD = insert(users)
_USER = select(users)
_USER_BY_ID = _USER.where(users.c.id == bindparam("user"))
_USER_BY_NAME = _USER.where(users.c.username_key == bindparam("key"))
# A name comes before an address: names may look like one, and theirs signed in first.
_USERS_BY_LOGIN = (
    _USER.where(
        or_(
            users.c.username_key == bindparam("key"),
            and_(users.c.email_key == bindparam("address"), users.c.disabled_at.is_(None)),
        )
    )
    .order_by(
        case(
            (users.c.username_key == bindparam("key"), 0),
            (users.c.email_verified_at.is_not(None), 1),
            else_=2,
        ),
        users.c.id,
    )
    .limit(5)
)
_ADMINISTRATORS = select(users.c.id).where(
    users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None)
)
_ADMINISTRATOR = _ADMINISTRATORS.limit(1)
_NAMES_PROVEN_AT = (
    select(users.c.username)
    .where(users.c.email_key == bindparam("key"), users.c.email_verified_at.is_not(None))
    .order_by(users.c.id)
    .limit(5)
)
_USERS = _USER.order_by(users.c.id.desc()).limit(bindparam("limit"))
_DELETE_RESETS = delete(password_resets).where(password_resets.c.user_id == bindparam("user"))
# Two of them, which stay what they are until the transaction ends (on SQLite a transaction holds the whole file): one
# is left, whoever is changed. Always in the same order, so that no two transactions wait for each other.
_LOCK_ADMINISTRATORS = _ADMINISTRATORS.order_by(users.c.id).limit(2).with_for_update(key_share=True)
_DELETE_EMAIL_CHANGES = delete(email_changes).where(email_changes.c.user_id == bindparam("user"))
_BEFORE = users.c.id < bindparam("before")
# Not LIKE, in which _ and % are wildcards.
_NAMED = func.replace(users.c.username_key, bindparam("part"), "") != users.c.username_key
# By whether a part of the name and a cursor are given.
_LISTS = {
    (False, False): _USERS,
    (False, True): _USERS.where(_BEFORE),
    (True, False): _USERS.where(_NAMED),
    (True, True): _USERS.where(_NAMED, _BEFORE),
}
_CHANGE = (
    update(users)
    .where(users.c.id == bindparam("user"))
    .values(updated_at=bindparam("changed_at"))
    .returning(*users.c)
)
_RENAME = _CHANGE.values(display_name=bindparam("name"))
_SET_EMAIL = _CHANGE.values(
    email=bindparam("address"),
    email_key=bindparam("address_key"),
    email_verified_at=bindparam("verified_at"),
)
_VERIFY_EMAIL = _CHANGE.values(email_verified_at=bindparam("verified_at"))
_SET_ROLE = _CHANGE.values(role=bindparam("new_role"))
_SET_DISABLED = _CHANGE.values(disabled_at=bindparam("since"))
_SET_PASSWORD = _CHANGE.values(password_hash=bindparam("new_hash"))
_UPGRADE_HASH = (
    update(users)
    .where(users.c.id == bindparam("user"), users.c.password_hash == bindparam("known_hash"))
    .values(password_hash=bindparam("new_hash"))
)


class PasswordChanged(Exception):
    """The password that was verified is not the user's any more."""


class UserStore:
    """Users by id and by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        username: str,
        password_hash: str,
        display_name: str = "",
        role: Role = Role.USER,
        email: str | None = None,
        *,
        context: AuditContext,
    ) -> User:
        """A new user.

        Raises:
            UsernameTaken: the name is in use.
        """
        try:
            async with self._database.transaction() as statements:
                return await add_user(
                    statements, username, password_hash, display_name, role, email, context=context
                )
        except IntegrityError:
            raise UsernameTaken from None

    async def find(self, user_id: UUID) -> User | None:
        """The user with this id."""
        return await find_user(self._database, user_id)

    async def find_by_name(self, username: str) -> User | None:
        """The user with this name, ignoring case."""
        return _user(await self._database.fetch_one(_USER_BY_NAME, key=username_key(username)))

    async def find_by_login(self, login: str) -> list[User]:
        """The user whom somebody means who types this: a user name, or a mail address.

        Nobody when there is no such user. Several when their owners used links that were sent to this one address:
        then only a name says who is meant. An address that nobody proved stands for a user who has it alone.
        The statement is the same whoever exists.
        """
        key = username_key(login)
        if "@" not in login:
            rows = await self._database.fetch_all(_USER_BY_NAME, key=key)
        else:
            rows = await self._database.fetch_all(_USERS_BY_LOGIN, key=key, address=login.lower())
        named = [row for row in rows if row["username_key"] == key]
        proven = [row for row in rows if row["email_verified_at"] is not None]
        alone = rows if len(rows) == 1 else []
        return [user for row in named or proven or alone if (user := _user(row))]

    async def names_proven_at(self, email: str) -> list[str]:
        """The names of the first few users who used a link that was sent to this address, ignoring case.

        Anybody can be given an address that is somebody else's, who must not be told that the account is theirs.
        """
        rows = await self._database.fetch_all(_NAMES_PROVEN_AT, key=email.lower())
        return [row["username"] for row in rows]

    async def has_administrator(self) -> bool:
        """Whether there is an administrator who is not disabled. It may read all users."""
        return bool(await self._database.search(_ADMINISTRATOR, searcher=None))

    async def list(
        self,
        *,
        limit: int,
        before: UUID | None = None,
        name_contains: str = "",
        searcher: UUID | None = None,
    ) -> list[User]:
        """Up to `limit` users, newest first: those created before the one with the id `before`.

        Raises:
            SearchUnderWay: `searcher` looks for a part of a name already.
        """
        parameters: dict[str, Any] = {"limit": limit}
        if before is not None:
            parameters["before"] = before
        statement = _LISTS[bool(name_contains), "before" in parameters]
        if name_contains:
            part = username_key(name_contains)
            rows = await self._database.search(
                statement, searcher=searcher, **parameters, part=part
            )
        else:
            rows = await self._database.fetch_all(statement, **parameters)
        return [user for row in rows if (user := _user(row))]

    async def rename(self, user_id: UUID, display_name: str) -> User | None:
        """The user under a new display name."""
        return await _change(self._database, _RENAME, user_id, name=display_name)

    async def upgrade_hash(self, user: User, password_hash: str) -> User:
        """The user with a stronger hash of the same password; not stored if another password was set meanwhile."""
        await self._database.execute(
            _UPGRADE_HASH, user=user.id, known_hash=user.password_hash, new_hash=password_hash
        )
        return replace(user, password_hash=password_hash)

    async def change_password(
        self,
        user_id: UUID,
        password_hash: str,
        context: AuditContext,
        *,
        verified: User | None = None,
    ) -> None:
        """Sets a new password and ends every session that the old one opened.

        Args:
            verified: the user whose password was verified before; None for an administrator's change.

        Raises:
            PasswordChanged: it was another one by now; nothing was done.
        """
        async with self._database.transaction() as statements:
            if verified:
                await require_password(statements, verified)
            await set_password(statements, user_id, password_hash, Event.PASSWORD_CHANGED, context)

    async def remove_email(self, verified: User, context: AuditContext) -> User | None:
        """The user without an address; resets that were sent to it are void.

        Raises:
            PasswordChanged: the verified password is another one by now; nothing was done.
        """
        async with self._database.transaction() as statements:
            await require_password(statements, verified)
            return await set_email(statements, verified.id, None, context)

    async def set_role(self, user_id: UUID, role: Role, context: AuditContext) -> User | None:
        """The user in the new role; tokens that are refreshed from now on lose what it does not allow.

        Raises:
            LastAdministrator: no administrator would be left.
        """
        async with self._database.transaction() as statements:
            if role is not Role.ADMIN:
                await _keep_an_administrator(statements, user_id)
            before = _user(await statements.fetch_one(_USER_BY_ID, user=user_id))
            if before is None or before.role is role:
                return before
            about = {"before": before.role.value, "after": role.value}
            await record(statements, Event.ROLE_CHANGED, user_id, context, **about)
            return await _change(statements, _SET_ROLE, user_id, new_role=role.value)

    async def set_disabled(
        self, user_id: UUID, disabled: bool, context: AuditContext
    ) -> User | None:
        """The user, who is disabled or enabled now; disabling ends every session.

        Raises:
            LastAdministrator: no administrator would be left.
        """
        async with self._database.transaction() as statements:
            if disabled:
                await _keep_an_administrator(statements, user_id)
            before = _user(await statements.fetch_one(_USER_BY_ID, user=user_id))
            if before is None or before.disabled == disabled:
                return before
            since = now() if disabled else None
            user = await _change(statements, _SET_DISABLED, user_id, since=since)
            event = Event.USER_DISABLED if disabled else Event.USER_ENABLED
            await record(statements, event, user_id, context)
            if disabled:
                await _void_mailed_tokens(statements, user_id)
                await end_sessions_of(statements, user_id, EndOfSession.USER_DISABLED, context)
        return user


async def add_user(
    statements: Statements,
    username: str,
    password_hash: str,
    display_name: str,
    role: Role = Role.USER,
    email: str | None = None,
    *,
    email_is_proven: bool = False,
    context: AuditContext,
) -> User:
    """A new user, within the caller's transaction; a name in use raises `IntegrityError`."""
    created = now()
    user = User(
        new_id(), username, display_name, password_hash, role, False, created, created, email
    )
    await statements.execute(
        _ADD,
        id=user.id,
        username=username,
        username_key=username_key(username),
        display_name=display_name,
        email=email,
        email_key=email.lower() if email else None,
        email_verified_at=created if email_is_proven else None,
        password_hash=password_hash,
        role=role.value,
        disabled_at=None,
        created_at=created,
        updated_at=created,
    )
    about = {"role": role.value}  # a name may be a mail address
    await record(statements, Event.USER_CREATED, user.id, context, **about)
    return user


async def require_password(statements: Statements, user: User) -> None:
    """To be called in the transaction of a change for which the user's password was verified before.

    Raises:
        PasswordChanged: a reset came first; what was asked with the old password must not undo it.
    """
    still = {"user": user.id, "known_hash": user.password_hash}
    if await statements.fetch_one(STILL_WITH_PASSWORD, **still) is None:
        raise PasswordChanged


async def set_password(
    statements: Statements,
    user_id: UUID,
    password_hash: str,
    event: Event,
    context: AuditContext,
) -> None:
    """Sets a password within the caller's transaction: sessions end, and mailed tokens are void."""
    await _change(statements, _SET_PASSWORD, user_id, new_hash=password_hash)
    await _void_mailed_tokens(statements, user_id)
    await record(statements, event, user_id, context)
    await end_sessions_of(statements, user_id, EndOfSession.PASSWORD_CHANGED, context)


async def _keep_an_administrator(statements: Statements, user_id: UUID) -> None:
    """To be called in a transaction, before the user is no administrator any more or is disabled."""
    found = await statements.fetch_all(_LOCK_ADMINISTRATORS)
    if [row["id"] for row in found] == [user_id]:
        raise LastAdministrator


async def set_email(
    statements: Statements, user_id: UUID, email: str | None, context: AuditContext
) -> User | None:
    """The user under another address, which was proven, or under none, within the caller's transaction."""
    await _void_mailed_tokens(statements, user_id)
    await record(statements, Event.EMAIL_CHANGED, user_id, context)
    return await _change(
        statements,
        _SET_EMAIL,
        user_id,
        address=email,
        address_key=email.lower() if email else None,
        verified_at=now() if email else None,
    )


async def verify_email(statements: Statements, user_id: UUID) -> None:
    """Notes, within the caller's transaction, that a link which was sent to the user's address was used."""
    await _change(statements, _VERIFY_EMAIL, user_id, verified_at=now())


async def find_user(statements: Statements, user_id: UUID) -> User | None:
    """The user with this id, within the caller's transaction."""
    return _user(await statements.fetch_one(_USER_BY_ID, user=user_id))


async def _void_mailed_tokens(statements: Statements, user_id: UUID) -> None:
    """Of resets, and of changes of the address."""
    await statements.execute(_DELETE_RESETS, user=user_id)
    await statements.execute(_DELETE_EMAIL_CHANGES, user=user_id)


async def _change(
    statements: Statements, change: Executable, user_id: UUID, **values: Any
) -> User | None:
    return _user(await statements.fetch_one(change, user=user_id, changed_at=now(), **values))


def _user(row: Row | None) -> User | None:
    return None if row is None else user_of(row)


def user_of(row: Row) -> User:
    """The user of a row that has all columns of `users`."""
    return User(
        id=row["id"],
        username=row["username"],
        display_name=row["display_name"],
        password_hash=row["password_hash"],
        role=Role(row["role"]),
        disabled=row["disabled_at"] is not None,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        email=row["email"],
        email_verified=row["email_verified_at"] is not None,
    )
