"""Authorization codes, each good for one exchange."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from auth_service.audit.context import AuditContext
from auth_service.audit.events import Event
from auth_service.audit.store import record
from auth_service.oauth.id_tokens import SignIn
from auth_service.oauth.opaque_tokens import digest_of
from auth_service.oauth.requests import InvalidRequest
from auth_service.oauth.resources import Target
from auth_service.oauth.scopes import OPENID
from auth_service.revocation.store import (
    NewAccessToken,
    add_access_token,
    is_still_registered,
    revoke_access_token,
)
from auth_service.sessions.browser.store import STILL_GOING_ON, BrowserSession
from auth_service.sessions.store import (
    DEFAULT_LIMITS,
    EndOfSession,
    Refusal,
    Session,
    SessionLimits,
    add_session,
    add_token,
    end_session,
)
from auth_service.tables import authorization_codes, users
from auth_service.users.schemas import Role
from gatehouse_chassis.database import Database, Row, Statements
from gatehouse_chassis.database.columns import new_id, now

_ADD = insert(authorization_codes)
RETENTION = timedelta(days=1)
"""How long a code is recognised after its end, so that a second use is noticed."""


@dataclass(frozen=True, slots=True)
class CodeBinding:
    """What the exchange of a code must repeat (RFC 6749 section 4.1.3, RFC 7636 section 4.6)."""

    client_id: str
    redirect_uri: str
    """As it was sent; empty where the request left it out."""

    code_challenge: str


_USE_CODE = (
    update(authorization_codes)
    .where(
        authorization_codes.c.digest == bindparam("code"),
        authorization_codes.c.used_at.is_(None),
        authorization_codes.c.expires_at > bindparam("at"),
    )
    .values(used_at=bindparam("at"))
    .returning(*authorization_codes.c)
)
_CODE = select(authorization_codes).where(authorization_codes.c.digest == bindparam("code"))
_SET_SESSION = (
    update(authorization_codes)
    .where(authorization_codes.c.digest == bindparam("code"))
    .values(session_id=bindparam("session"))
)
_SET_ACCESS_TOKEN = (
    update(authorization_codes)
    .where(authorization_codes.c.digest == bindparam("code"))
    .values(access_token_jti=bindparam("token"))
)
_PURGE = delete(authorization_codes).where(
    authorization_codes.c.digest.in_(
        select(authorization_codes.c.digest)
        .where(authorization_codes.c.expires_at < bindparam("before"))
        .limit(bindparam("limit"))
    )
)
# Locked until the transaction ends: see `auth_service.sessions.store`.
_USER = (
    select(users.c.id, users.c.password_hash, users.c.role)
    .where(users.c.id == bindparam("user"), users.c.disabled_at.is_(None))
    .with_for_update(key_share=True)
)


class CodeStore:
    """Authorization codes, which are stored as digests."""

    def __init__(self, database: Database, limits: SessionLimits = DEFAULT_LIMITS) -> None:
        self._database = database
        self._limits = limits

    async def add(
        self,
        digest: str,
        session: BrowserSession,
        binding: CodeBinding,
        wanted: Target,
        expires_at: datetime,
        nonce: str | None = None,
    ) -> None:
        """Stores the code that is given to a browser in which a user is signed in."""
        await self._database.execute(
            _ADD,
            digest=digest,
            user_id=session.user.id,
            # A new password makes the sign-in with the old one void.
            password_fingerprint=digest_of(session.user.password_hash),
            scope=wanted.scope,
            resource=wanted.resource,
            nonce=nonce,
            created_at=now(),
            expires_at=expires_at,
            browser_session_id=session.id,
            signed_in_at=session.signed_in_at,
            amr=session.amr,
            **asdict(binding),
        )

    async def exchange(
        self,
        digest: str,
        binding: CodeBinding,
        refresh_digest: str | None,
        expires_at: datetime,
        *,
        access_token: NewAccessToken,
        accept: Callable[[Target, Role], Target],
        context: AuditContext,
    ) -> tuple[Session, Target, int, SignIn] | Refusal:
        """Uses up a code and starts the session that it stands for, with a refresh token if a digest is given.

        The built-in client is the browser session itself: it gets an access token of that, and asks for the next by the
        cookie. Every other client gets a session of its own, which ends with the browser's.

        A code in wrong hands is used up too. One that was used before ends the session that it started (RFC 6749
        section 4.1.2).

        Args:
            access_token: the first of the session, for the client that asks.
            accept: says what the token is for, by what the code was given for and by the user's role of now; when it
                raises, all is as before.

        Returns:
            The session, what `accept` returned, the number of the access token, and how the user signed in.

        Raises:
            InvalidRequest: the redirect URI or the verifier is missing; the code stays good.
        """
        client = access_token.client
        async with self._database.transaction() as statements:
            code = await statements.fetch_one(_USE_CODE, code=digest, at=now())
            if code is None:
                return await self._refuse(statements, digest, context)
            if code["redirect_uri"] and not binding.redirect_uri:
                raise InvalidRequest("the parameter redirect_uri is missing")
            if code["code_challenge"] and not binding.code_challenge:
                raise InvalidRequest("the parameter code_verifier is missing")
            # What the request left out may be named now: it stands for the client's only redirect URI.
            redirect_uri = code["redirect_uri"] or client.default_redirect_uri
            if (
                code["client_id"] != binding.client_id
                or redirect_uri != (binding.redirect_uri or client.default_redirect_uri)
                or code["code_challenge"] != binding.code_challenge
            ):
                return Refusal.MISUSED
            user = await statements.fetch_one(_USER, user=code["user_id"])
            if user is None or digest_of(user["password_hash"]) != code["password_fingerprint"]:
                return Refusal.ENDED
            if not await is_still_registered(statements, client):
                return Refusal.ENDED
            wanted = Target(code["scope"], code["resource"] or "")
            target = accept(wanted, Role(user["role"]))
            browser_id: UUID | None = code["browser_session_id"]
            if (
                browser_id is not None
                and await statements.fetch_one(STILL_GOING_ON, session=browser_id) is None
            ):
                return Refusal.ENDED
            sign_in = _sign_in(code)
            session = Session(new_id(), user["id"], client.client_id, wanted.scope, wanted.resource)
            if browser_id is not None and client.is_first_party:
                session = replace(session, id=browser_id)
                about = {
                    "session": str(browser_id),
                    "client": client.client_id,
                    "scope": wanted.scope,
                }
                await record(statements, Event.CODE_EXCHANGED, user["id"], context, **about)
                await statements.execute(_SET_ACCESS_TOKEN, code=digest, token=access_token.jti)
            else:
                await add_session(
                    statements,
                    session,
                    self._limits,
                    Event.CODE_EXCHANGED,
                    context,
                    parent_id=browser_id,
                    sign_in=sign_in if OPENID in wanted.scope.split() else None,
                )
                if refresh_digest is not None:
                    await add_token(statements, session.id, refresh_digest, expires_at)
                await statements.execute(_SET_SESSION, code=digest, session=session.id)
            number = await add_access_token(statements, access_token, session.id)
            return session, target, number, sign_in

    async def purge_expired(self, limit: int) -> int:
        """Deletes up to `limit` codes that expired `RETENTION` ago, and returns how many."""
        return await self._database.execute(_PURGE, before=now() - RETENTION, limit=limit)

    async def _refuse(self, statements: Statements, digest: str, context: AuditContext) -> Refusal:
        code = await statements.fetch_one(_CODE, code=digest)
        if code is None:
            return Refusal.UNKNOWN
        if code["used_at"] is None:
            return Refusal.EXPIRED
        session_id: UUID | None = code["session_id"]
        if session_id is not None:
            await end_session(statements, session_id, EndOfSession.CODE_REUSED, context)
        elif code["access_token_jti"] is not None:
            await revoke_access_token(statements, code["access_token_jti"], context)
        return Refusal.REUSED


def _sign_in(code: Row) -> SignIn:
    """How the user had signed in; the code of an earlier version was given by the sign-in itself, with a password."""
    sid = code["browser_session_id"]
    return SignIn(
        code["signed_in_at"] or code["created_at"],
        code["amr"] or "pwd",
        code["nonce"],
        None if sid is None else str(sid),
    )
