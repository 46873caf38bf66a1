"""One sign-in for everything that a browser opens here: the authorization endpoint keeps it, by a cookie.

A new sign-in gives a new cookie, so that none that somebody planted before is worth anything (session fixation).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auth_service.audit.context import AuditContext
from auth_service.oauth.grants import MAX_SIGN_IN_ATTEMPTS
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.oauth.requests import InvalidGrant
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.sessions.browser.store import BrowserSession, BrowserSessionStore
from auth_service.sessions.store import EndOfSession, SessionStore

BY_PASSWORD = "pwd"  # RFC 8176 section 2


@dataclass(frozen=True, slots=True)
class BrowserSessions:
    """Who is signed in in a browser."""

    store: BrowserSessionStore
    sessions: SessionStore

    async def find(self, cookies: Sequence[str]) -> BrowserSession | None:
        """The first of these cookies that stands for a session which goes on."""
        for cookie in cookies:
            if session := await self.store.find(digest_of(cookie)):
                return session
        return None

    async def sign_out(self, session: BrowserSession, context: AuditContext) -> None:
        """Ends the session, with the tokens of every application that was let in within it."""
        context.set_actor(str(session.user.id))
        await self.sessions.end(session.id, EndOfSession.SIGNED_OUT, context)


@dataclass(frozen=True, slots=True)
class BrowserSignIn:
    """Signs people in, in a browser. Apart from the sessions, because it hashes and has to be limited."""

    browsers: BrowserSessions
    authentication: PasswordAuthentication

    async def sign_in(
        self,
        username: str,
        password: str,
        *,
        before: BrowserSession | None,
        through: str,
        scope: str,
        context: AuditContext,
    ) -> tuple[BrowserSession, str]:
        """The session of the user with this name and password, and its new cookie.

        Args:
            before: the session of this browser until now; it ends if it is somebody else's.
            through: the client for which the person signs in, and `scope` what it asks for.

        Raises:
            WrongCredentials: there is no such user with this password.
            HashingBusy, TooManyFailedSignIns: too many sign in at once, or failed to.
            InvalidGrant: the user was changed meanwhile.
        """
        for _ in range(MAX_SIGN_IN_ATTEMPTS):
            user = await self.authentication.user(username, password, context)
            cookie, digest = new_opaque_token()
            is_own = before is not None and before.user.id == user.id
            session = await self.browsers.store.start(
                user,
                digest,
                BY_PASSWORD,
                known=before if is_own else None,
                through=through,
                scope=scope,
                context=context,
            )
            if session is None:
                continue
            if before is not None and not is_own:
                await self.browsers.sessions.end(before.id, EndOfSession.REPLACED, context)
            return session, cookie
        raise InvalidGrant("the user was changed during the sign-in; sign in again")
