"""Sign-ins and their refresh tokens.

A session of a browser (`auth_service.sessions.browser`) is the parent of those of the applications that were let in
within it: they end with it, and are listed as one.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum, auto
from typing import TypeVar
from uuid import UUID

from sqlalchemy import (
    bindparam,
    delete,
    exists,
    func,
    insert,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.oauth.id_tokens import SignIn
from auth_service.revocation.store import NewAccessToken, add_access_token, is_still_registered
from auth_service.tables import (
    authorization_codes,
    browser_sessions,
    email_changes,
    password_resets,
    refresh_tokens,
    sessions,
    sign_ups,
    users,
)
from auth_service.users.schemas import Role
from gatehouse_chassis.database import Database, Row, Statements
from gatehouse_chassis.database.columns import UtcDateTime, new_id, now

Accepted = TypeVar("Accepted")

RETENTION = timedelta(days=1)
"""How long an expired refresh token and its session are kept: longer than any access token of the session lives."""


class EndOfSession(StrEnum):
    """Why a session ended."""

    REFRESH_TOKEN_REUSED = auto()
    PASSWORD_CHANGED = auto()
    USER_DISABLED = auto()
    CLIENT_REMOVED = auto()
    CODE_REUSED = auto()
    TOO_MANY = auto()
    CLIENT_SECRET_RENEWED = auto()
    REVOKED = auto()
    SIGNED_OUT = auto()
    REPLACED = auto()
    CONSENT_REVOKED = auto()


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What bounds the sessions of a user; the settings say the same by default.

    Attributes:
        life: from the sign-in to the end, however often the session is refreshed.
        per_user: how many go on at the same time.
        refresh_leeway: for how long after its use a refresh token may be presented again.
        browser_idle: how long a browser stays signed in without being used.
        browser_life: how long it does after the password was entered, however often it is used.
    """

    life: timedelta = timedelta(days=90)
    per_user: int = 100
    refresh_leeway: timedelta = timedelta(seconds=10)
    browser_idle: timedelta = timedelta(days=1)
    browser_life: timedelta = timedelta(days=7)


DEFAULT_LIMITS = SessionLimits()


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in: which user, through which client, with which scopes."""

    id: UUID
    user_id: UUID
    client_id: str
    scope: str
    resource: str
    """The URLs of the services that the grant named (RFC 8707), with one space between; empty where it named none."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token, of which only the digest is kept."""

    session: Session
    expires_at: datetime
    active: bool
    """Neither used nor expired, and its session goes on."""


@dataclass(frozen=True, slots=True)
class LiveSession(Session):
    """A session that can go on, with those of the applications that were let in within it."""

    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    browser: bool
    """Whether it is a browser's."""


class Refusal(Enum):
    """Why a refresh token or a code was not exchanged."""

    UNKNOWN = auto()
    EXPIRED = auto()
    REUSED = auto()
    ENDED = auto()
    MISUSED = auto()


# Locked until the transaction ends (on SQLite the whole file is): what would end a session comes after it, and so does
# the user's next sign-in, which counts this one.
STILL_WITH_PASSWORD = (
    select(users.c.id)
    .where(
        users.c.id == bindparam("user"),
        users.c.password_hash == bindparam("known_hash"),
        users.c.disabled_at.is_(None),
    )
    .with_for_update(key_share=True)
)
_STILL_WITH_PASSWORD_AND_ROLE = STILL_WITH_PASSWORD.where(users.c.role == bindparam("known_role"))

_COLUMNS = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.client_id,
    sessions.c.scope,
    sessions.c.resource,
    sessions.c.created_at,
)
_ADD_SESSION = insert(sessions)
_ADD_TOKEN = insert(refresh_tokens)
_USER_OF = select(sessions.c.user_id).where(sessions.c.id == bindparam("session"))
# A session's refresh tokens come in generations: the first use of one begins the next generation. A generation has more
# than one when the token before was presented again; the first of them that is used makes the others void.
# Earlier versions give tokens without a generation.
_OF_NEWEST_GENERATION = or_(
    refresh_tokens.c.generation.is_(None), refresh_tokens.c.generation == sessions.c.generation
)
_NO_TIME = type_coerce(null(), UtcDateTime())
# Of each family, which is named by its oldest session: what its refresh tokens say, and what its browser says.
_SIGNS_OF_LIFE = union_all(
    select(
        func.coalesce(sessions.c.parent_id, sessions.c.id).label("session_id"),
        sessions.c.created_at.label("began_at"),
        refresh_tokens.c.created_at.label("token_used_at"),
        refresh_tokens.c.expires_at.label("token_expires_at"),
        _NO_TIME.label("signed_in_at"),
        _NO_TIME.label("browser_used_at"),
    )
    .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.ended_at.is_(None),
        sessions.c.created_at > bindparam("began_after"),
        refresh_tokens.c.used_at.is_(None),
        refresh_tokens.c.expires_at > bindparam("at"),
        _OF_NEWEST_GENERATION,
    ),
    select(
        sessions.c.id,
        sessions.c.created_at,
        _NO_TIME,
        _NO_TIME,
        browser_sessions.c.signed_in_at,
        browser_sessions.c.last_used_at,
    )
    .join(browser_sessions, browser_sessions.c.session_id == sessions.c.id)
    .where(
        sessions.c.user_id == bindparam("user"),
        sessions.c.ended_at.is_(None),
        browser_sessions.c.signed_in_at > bindparam("signed_in_after"),
        browser_sessions.c.last_used_at > bindparam("used_after"),
    ),
).subquery("signs_of_life")
_LIVE = (
    select(
        *_COLUMNS,
        *(
            func.max(_SIGNS_OF_LIFE.c[name]).label(name)
            for name in (
                "began_at",
                "token_used_at",
                "token_expires_at",
                "signed_in_at",
                "browser_used_at",
            )
        ),
    )
    .join(_SIGNS_OF_LIFE, _SIGNS_OF_LIFE.c.session_id == sessions.c.id)
    .group_by(sessions.c.id)
    .order_by(sessions.c.id.desc())
    .limit(bindparam("limit"))
)
_LIVE_BEFORE = _LIVE.where(sessions.c.id < bindparam("before"))
# Locked until the transaction ends (on SQLite the whole file is): of two requests with tokens of one session the second
# sees what the first did.
_LOCK_SESSION = (
    select(sessions.c.id)
    .join(refresh_tokens, refresh_tokens.c.session_id == sessions.c.id)
    .where(refresh_tokens.c.digest == bindparam("token"))
    .with_for_update(key_share=True, of=sessions)
)
_TOKEN = (
    select(
        *_COLUMNS,
        sessions.c.ended_at,
        sessions.c.generation.label("newest_generation"),
        sessions.c.parent_id,
        sessions.c.signed_in_at,
        sessions.c.amr,
        users.c.role,
        users.c.disabled_at,
        refresh_tokens.c.generation,
        refresh_tokens.c.used_at,
        refresh_tokens.c.expires_at,
    )
    .join(sessions, sessions.c.id == refresh_tokens.c.session_id)
    .join(users, users.c.id == sessions.c.user_id)
    .where(refresh_tokens.c.digest == bindparam("token"))
)
_USE_TOKEN = (
    update(refresh_tokens)
    .where(refresh_tokens.c.digest == bindparam("token"))
    .values(used_at=bindparam("at"), generation=bindparam("in_generation"))
)
_BEGIN_GENERATION = (
    update(sessions)
    .where(sessions.c.id == bindparam("session"))
    .values(generation=bindparam("new_generation"))
)
_END_SESSIONS = (
    update(sessions)
    .where(sessions.c.ended_at.is_(None))
    .values(ended_at=bindparam("at"), ended_because=bindparam("reason"))
)
_END_SESSION = _END_SESSIONS.where(sessions.c.id == bindparam("session")).returning(
    sessions.c.user_id
)
_END_CHILDREN = _END_SESSIONS.where(sessions.c.parent_id == bindparam("session"))
_PARENT = sessions.alias("parent")
_END_CHILDREN_OF_ENDED = _END_SESSIONS.where(
    sessions.c.user_id == bindparam("user"),
    exists().where(_PARENT.c.id == sessions.c.parent_id, _PARENT.c.ended_at.is_not(None)),
)
# Those of one browser are counted apart, so that they do not crowd out the user's other sign-ins.
_OF_USER_GOING_ON = (
    sessions.c.user_id == bindparam("user"),
    sessions.c.ended_at.is_(None),
    sessions.c.parent_id.is_not_distinct_from(bindparam("parent", type_=sessions.c.id.type)),
)
_COUNT = select(func.count().label("number")).select_from(sessions).where(*_OF_USER_GOING_ON)
_LAST_USED_AT = (
    select(func.max(refresh_tokens.c.created_at))
    .where(refresh_tokens.c.session_id == sessions.c.id)
    .scalar_subquery()
)
_BROWSER_USED_AT = (
    select(browser_sessions.c.last_used_at)
    .where(browser_sessions.c.session_id == sessions.c.id)
    .scalar_subquery()
)
# A session without a refresh token or a browser was used when it began.
_END_LEAST_RECENTLY_USED = _END_SESSIONS.where(
    sessions.c.id.in_(
        select(sessions.c.id)
        .where(*_OF_USER_GOING_ON)
        .order_by(func.coalesce(_BROWSER_USED_AT, _LAST_USED_AT, sessions.c.created_at))
        .limit(bindparam("limit"))
    )
)
_END_SESSIONS_OF = _END_SESSIONS.where(sessions.c.user_id == bindparam("user"))
_ALL_THAT_BEGINS_SESSIONS = (
    delete(authorization_codes).where(authorization_codes.c.used_at.is_(None)),
    delete(password_resets),
    delete(email_changes),
    delete(sign_ups),
)
_END_SESSIONS_THROUGH = _END_SESSIONS.where(sessions.c.client_id == bindparam("client"))
_END_SESSIONS_OF_THROUGH = _END_SESSIONS_OF.where(sessions.c.client_id == bindparam("client"))
# No index leads to what has expired, so it is searched for, and deleted by its key.
_EXPIRED_TOKENS = (
    select(refresh_tokens.c.digest)
    .where(refresh_tokens.c.expires_at < bindparam("before"))
    .limit(bindparam("limit"))
)
_CHILD = sessions.alias("child")
_EXPIRED_SESSIONS = (
    select(sessions.c.id)
    .where(
        sessions.c.created_at < bindparam("before"),
        ~exists().where(refresh_tokens.c.session_id == sessions.c.id),
        ~exists().where(_CHILD.c.parent_id == sessions.c.id),
        ~exists().where(
            browser_sessions.c.session_id == sessions.c.id,
            browser_sessions.c.signed_in_at > bindparam("signed_in_after"),
            browser_sessions.c.last_used_at > bindparam("used_after"),
        ),
    )
    .limit(bindparam("limit"))
)
_DELETE_TOKEN = delete(refresh_tokens).where(refresh_tokens.c.digest == bindparam("digest"))
_DELETE_SESSION = delete(sessions).where(sessions.c.id == bindparam("id"))


class SessionStore:
    """Sign-ins and their refresh tokens, which are stored as digests."""

    def __init__(self, database: Database, limits: SessionLimits = DEFAULT_LIMITS) -> None:
        self._database = database
        self._limits = limits

    async def start(
        self,
        user_id: UUID,
        scope: str,
        digest: str,
        expires_at: datetime,
        *,
        access_token: NewAccessToken,
        known_hash: str,
        known_role: Role,
        context: AuditContext,
    ) -> int | None:
        """Begins a session with its first refresh token and access token, and returns the number of the latter.

        None when the user is disabled, or has another password or role; then there is no session.

        Args:
            digest: of the refresh token, which expires at `expires_at`.
            access_token: for the client through which the user signs in.
            known_hash: the hash of the password that was verified.
            known_role: the role by which the scopes were granted.
        """
        async with self._database.transaction() as statements:
            still = {"user": user_id, "known_hash": known_hash, "known_role": known_role.value}
            if await statements.fetch_one(_STILL_WITH_PASSWORD_AND_ROLE, **still) is None:
                return None
            session = Session(new_id(), user_id, access_token.client.client_id, scope, "")
            await add_session(statements, session, self._limits, Event.SIGNED_IN, context)
            await add_token(statements, session.id, digest, expires_at)
            return await add_access_token(statements, access_token, session.id)

    async def exchange(
        self,
        digest: str,
        new_digest: str,
        expires_at: datetime,
        access_token: NewAccessToken,
        accept: Callable[[Session, Role], Accepted],
        context: AuditContext,
    ) -> tuple[Session, Accepted, int, SignIn | None] | Refusal:
        """Uses up a refresh token and puts a new one in its place.

        The new one expires at `expires_at`, or with the session if that is earlier. A token that was used before is in
        two hands, and it is unknown whose: the whole session ends (RFC 9700 section 4.14.2). So it does when another
        client presents it.

        An answer can be lost on its way, and the pages of one browser ask at the same time. So the token that was used
        last may be presented again within the leeway, as long as nothing that it gave was used: it gives another
        successor. The first successor that is used makes the others void, and using one of those ends the session.

        Args:
            access_token: the next one of the session, for the client that asks.
            accept: is given the session and the user's role of now; when it raises, all is as before.

        Returns:
            The session, what `accept` returned, the number of the access token, and how the user signed in, if an ID
            token said so.
        """
        async with self._database.transaction() as statements:
            if not await is_still_registered(statements, access_token.client):
                return Refusal.ENDED
            await statements.fetch_one(_LOCK_SESSION, token=digest)
            row, at = await statements.fetch_one(_TOKEN, token=digest), now()
            if row is None:
                return Refusal.UNKNOWN
            if row["ended_at"] is not None or row["disabled_at"] is not None:
                return Refusal.ENDED
            session, is_unused = _session(row), _is_unused(row)
            if is_unused and row["expires_at"] <= at:
                return Refusal.EXPIRED
            is_own = session.client_id == access_token.client.client_id
            if not is_own or not (is_unused or self._is_used_just_now(row, at)):
                reason = EndOfSession.REFRESH_TOKEN_REUSED
                await end_session(statements, session.id, reason, context)
                return Refusal.REUSED
            end = row["created_at"] + self._limits.life
            if end <= at:
                return Refusal.EXPIRED
            accepted = accept(session, Role(row["role"]))
            generation = row["newest_generation"]
            about = {"session": str(session.id), "client": session.client_id}
            if is_unused:
                await statements.execute(_USE_TOKEN, token=digest, at=at, in_generation=generation)
                generation += 1
                await statements.execute(
                    _BEGIN_GENERATION, session=session.id, new_generation=generation
                )
            else:
                about["again"] = "true"
            await add_token(statements, session.id, new_digest, min(expires_at, end), generation)
            await record(statements, Event.SESSION_REFRESHED, session.user_id, context, **about)
            number = await add_access_token(statements, access_token, session.id)
            return session, accepted, number, _sign_in(row)

    async def find_refresh_token(self, digest: str) -> RefreshToken | None:
        """The refresh token with this digest, whatever became of it."""
        row = await self._database.fetch_one(_TOKEN, token=digest)
        if row is None:
            return None
        session = _session(row)
        is_good = _is_unused(row) and row["ended_at"] is None
        expires_at = min(row["expires_at"], row["created_at"] + self._limits.life)
        return RefreshToken(session, expires_at, is_good and expires_at > now())

    async def list_of(
        self,
        user_id: UUID,
        *,
        limit: int,
        before: UUID | None = None,
        searcher: UUID | None = None,
    ) -> list[LiveSession]:
        """Up to `limit` sessions of a user that can go on, newest first: those from before the one with this id.

        Raises:
            SearchUnderWay: `searcher`, the user or an administrator, reads such a list already.
        """
        at, life = now(), self._limits.life
        # The tokens that were used before are read too, and they may be thousands.
        wanted = {
            "user": user_id,
            "at": at,
            "began_after": at - life,
            "signed_in_after": at - self._limits.browser_life,
            "used_after": at - self._limits.browser_idle,
            "limit": limit,
        }
        if before is None:
            rows = await self._database.search(_LIVE, searcher=searcher, **wanted)
        else:
            rows = await self._database.search(
                _LIVE_BEFORE, searcher=searcher, **wanted, before=before
            )
        return [self._live(row) for row in rows]

    async def belongs_to(self, session_id: UUID, user_id: UUID) -> bool:
        """Whether the session is one of the user's."""
        row = await self._database.fetch_one(_USER_OF, session=session_id)
        return row is not None and row["user_id"] == user_id

    async def end(self, session_id: UUID, reason: EndOfSession, context: AuditContext) -> bool:
        """Whether the session was under way and is over now."""
        async with self._database.transaction() as statements:
            return await end_session(statements, session_id, reason, context)

    async def end_all_for_user(
        self, user_id: UUID, reason: EndOfSession, context: AuditContext
    ) -> int:
        """Ends every session of a user, and returns how many there were."""
        return await end_sessions_of(self._database, user_id, reason, context)

    async def end_all(self, reason: EndOfSession, context: AuditContext) -> int:
        """Ends every session, voids codes and mailed links, which could begin one, and returns how many ended."""
        async with self._database.transaction() as statements:
            # Before the sessions: what begins one with a code or a link locks that first.
            for voided in _ALL_THAT_BEGINS_SESSIONS:
                await statements.execute(voided)
            ended = await statements.execute(_END_SESSIONS, at=now(), reason=reason.value)
            about = {"reason": reason.value, "sessions": str(ended)}
            await record(statements, Event.SESSIONS_ENDED, None, context, **about)
        return ended

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` refresh tokens that expired `RETENTION` ago, and up to `limit` sessions without any."""
        before, limits = now() - RETENTION, self._limits
        browsers = {
            "signed_in_after": before - limits.browser_life,
            "used_after": before - limits.browser_idle,
        }
        purged = 0
        for expired, deletion, more in (
            (_EXPIRED_TOKENS, _DELETE_TOKEN, {}),
            (_EXPIRED_SESSIONS, _DELETE_SESSION, browsers),
        ):
            for row in await self._database.search(
                expired, searcher=None, before=before, limit=limit, **more
            ):
                purged += await self._database.execute(deletion, **row)
        return purged

    def _live(self, row: Row) -> LiveSession:
        used, ends = [], []
        if row["token_used_at"] is not None:
            used.append(row["token_used_at"])
            ends.append(min(row["token_expires_at"], row["began_at"] + self._limits.life))
        if row["browser_used_at"] is not None:
            used.append(row["browser_used_at"])
            ends.append(
                min(
                    row["browser_used_at"] + self._limits.browser_idle,
                    row["signed_in_at"] + self._limits.browser_life,
                )
            )
        return LiveSession(
            **asdict(_session(row)),
            created_at=row["created_at"],
            last_used_at=max(used),
            expires_at=max(ends),
            browser=row["browser_used_at"] is not None,
        )

    def _is_used_just_now(self, token: Row, at: datetime) -> bool:
        """Whether it was used last, within the leeway, and none of its successors was used since."""
        return (
            token["used_at"] is not None
            and token["generation"] == token["newest_generation"] - 1
            and at - token["used_at"] < self._limits.refresh_leeway
        )


async def add_session(
    statements: Statements,
    session: Session,
    limits: SessionLimits,
    event: Event,
    context: AuditContext,
    *,
    parent_id: UUID | None = None,
    sign_in: SignIn | None = None,
    **details: str,
) -> Session:
    """A new session, which `event` began, within the caller's transaction, which has locked the user.

    Where the user has as many as `limits` allow, the one that was not used for longest ends.

    Args:
        parent_id: the session of the browser within which it begins.
        sign_in: what ID tokens of the session say again.
        details: what else the audit log says of the event.
    """
    user_id = session.user_id
    [row] = await statements.fetch_all(_COUNT, user=user_id, parent=parent_id)
    surplus = row["number"] + 1 - limits.per_user
    if surplus > 0:
        reason = EndOfSession.TOO_MANY.value
        ending = {"user": user_id, "at": now(), "reason": reason}
        await statements.execute(
            _END_LEAST_RECENTLY_USED, **ending, parent=parent_id, limit=surplus
        )
        await statements.execute(_END_CHILDREN_OF_ENDED, **ending)
        ended = {"reason": reason, "sessions": str(surplus)}
        await record(statements, Event.SESSIONS_ENDED, user_id, context, **ended)
    await statements.execute(
        _ADD_SESSION,
        **asdict(session),
        parent_id=parent_id,
        created_at=now(),
        signed_in_at=sign_in and sign_in.at,
        amr=sign_in and sign_in.amr,
    )
    about = {"session": str(session.id), "client": session.client_id, "scope": session.scope}
    await record(statements, event, user_id, context, **(about | details))
    return session


async def add_token(
    statements: Statements,
    session_id: UUID,
    digest: str,
    expires_at: datetime,
    generation: int = 0,
) -> None:
    """A new refresh token of a session, within the caller's transaction."""
    await statements.execute(
        _ADD_TOKEN,
        digest=digest,
        session_id=session_id,
        created_at=now(),
        expires_at=expires_at,
        generation=generation,
    )


async def end_session(
    statements: Statements, session_id: UUID, reason: EndOfSession, context: AuditContext
) -> bool:
    """Whether the session was there and is over now, with its children, within the caller's transaction."""
    ending = {"session": session_id, "at": now(), "reason": reason.value}
    ended = await statements.fetch_one(_END_SESSION, **ending)
    if ended:
        # A statement of its own sees the child that was begun while the first waited for the parent.
        await statements.execute(_END_CHILDREN, **ending)
        about = {"session": str(session_id), "reason": reason.value}
        await record(statements, Event.SESSION_ENDED, ended["user_id"], context, **about)
    return ended is not None


async def end_sessions_of(
    statements: Statements, user_id: UUID, reason: EndOfSession, context: AuditContext
) -> int:
    """How many sessions of a user were ended, in the caller's transaction if there is one."""
    ending = {"user": user_id, "at": now(), "reason": reason.value}
    ended = await statements.execute(_END_SESSIONS_OF, **ending)
    if ended:
        # Again for what was begun within a browser session while the first statement waited for that.
        ended += await statements.execute(_END_SESSIONS_OF, **ending)
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, user_id, context, **about)
    return ended


async def end_sessions_of_user_through(
    statements: Statements,
    user_id: UUID,
    client_id: str,
    reason: EndOfSession,
    context: AuditContext,
) -> int:
    """How many sessions of a user with one client were ended, within the caller's transaction."""
    ended = await statements.execute(
        _END_SESSIONS_OF_THROUGH, user=user_id, client=client_id, at=now(), reason=reason.value
    )
    if ended:
        about = {"reason": reason.value, "sessions": str(ended), "client": client_id}
        await record(statements, Event.SESSIONS_ENDED, user_id, context, **about)
    return ended


async def end_sessions_through(
    statements: Statements, client_id: str, reason: EndOfSession, context: AuditContext
) -> None:
    """Ends every session that was opened through a client, within the caller's transaction."""
    ended = await statements.execute(
        _END_SESSIONS_THROUGH, client=client_id, at=now(), reason=reason.value
    )
    if ended:
        about = {"reason": reason.value, "sessions": str(ended)}
        await record(statements, Event.SESSIONS_ENDED, client_id, context, **about)


def _is_unused(token: Row) -> bool:
    """Whether neither it was used nor another successor of the same token."""
    return token["used_at"] is None and token["generation"] in (None, token["newest_generation"])


def _sign_in(row: Row) -> SignIn | None:
    if row["signed_in_at"] is None:
        return None
    sid = None if row["parent_id"] is None else str(row["parent_id"])
    return SignIn(row["signed_in_at"], row["amr"], sid=sid)


def _session(row: Row) -> Session:
    # Of a session from before there was the column it is NULL.
    return Session(row["id"], row["user_id"], row["client_id"], row["scope"], row["resource"] or "")
