"""Issuing tokens: access tokens after RFC 9068, refresh tokens that are used once."""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from joserfc import jwt

from auth_service import scopes
from auth_service.oauth_errors import InvalidGrant
from auth_service.opaque_tokens import digest_of, new_opaque_token
from auth_service.passwords import PasswordHashing
from auth_service.schemas import MAX_PASSWORD_CHARS, TokenResponse
from auth_service.signing_keys import SigningKeys
from auth_service.store import Client, Refusal, Session, SessionStore, User, UserStore
from chassis.access_tokens import ALGORITHM, TOKEN_TYPE
from chassis.columns import now


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Exchanges a password or a refresh token for tokens."""

    issuer: str
    access_token_life: timedelta
    refresh_token_life: timedelta
    users: UserStore
    sessions: SessionStore
    passwords: PasswordHashing
    keys: SigningKeys

    async def password_grant(
        self, username: str, password: str, requested_scope: str | None, client: Client
    ) -> TokenResponse:
        """RFC 6749 section 4.3. Unknown, disabled and mistaken users get one answer, after the same time.

        Raises:
            InvalidGrant: there is no such user with this password.
            InvalidScope: the user may not have what is asked for.
            ServiceUnavailable: too many sign in at once.
        """
        user = await self.users.find_by_name(username)
        known = None if user is None or user.disabled else user.password_hash
        matches = len(password) <= MAX_PASSWORD_CHARS and await self.passwords.verify(
            password, known
        )
        if user is None or not matches:
            raise InvalidGrant("the username or the password is wrong")
        scope = scopes.grant(requested_scope, user.role, client.scopes)
        if self.passwords.is_outdated(user.password_hash):
            user = await self.users.upgrade_hash(user, await self.passwords.hash(password))
        refresh_token, digest = new_opaque_token()
        session = await self.sessions.start(
            user, client.client_id, scope, digest, now() + self.refresh_token_life
        )
        if session is None:  # another password, or disabled, while this password was being verified
            return await self.password_grant(username, password, requested_scope, client)
        return await self._answer_for(session, scope, refresh_token)

    async def refresh_grant(
        self, refresh_token: str, requested_scope: str | None, client_id: str
    ) -> TokenResponse:
        """RFC 6749 section 6, with rotation and the detection of reuse of RFC 9700 section 4.14.2.

        Raises:
            InvalidGrant: the token is unknown, used, expired or revoked, or its user is disabled.
            InvalidScope: more is asked for than the user granted; the token stays good.
        """
        new_token, new_digest = new_opaque_token()
        session = await self.sessions.exchange(
            digest_of(refresh_token),
            client_id,
            new_digest,
            now() + self.refresh_token_life,
            accept=lambda session: scopes.narrow(requested_scope, session.scope),
        )
        if isinstance(session, Refusal) or not await self._may_go_on(session):
            raise InvalidGrant("the refresh token is unknown, used, expired or revoked")
        scope = scopes.narrow(requested_scope, session.scope)
        return await self._answer_for(session, scope, new_token)

    async def client_credentials_grant(
        self, requested_scope: str | None, client: Client
    ) -> TokenResponse:
        """RFC 6749 section 4.4: the client speaks for itself, so `sub` is its id. There is nothing to refresh.

        Raises:
            InvalidScope: the client may not have what is asked for.
        """
        scope = scopes.grant_to_client(requested_scope, client.scopes)
        return await self._answer(client.client_id, client.client_id, scope)

    async def _may_go_on(self, session: Session) -> bool:
        user: User | None = await self.users.find(session.user_id)
        return user is not None and not user.disabled

    async def _answer_for(self, session: Session, scope: str, refresh_token: str) -> TokenResponse:
        tokens = await self._answer(str(session.user_id), session.client_id, scope, session.id)
        return tokens.model_copy(update={"refresh_token": refresh_token})

    async def _answer(
        self, subject: str, client_id: str, scope: str, session_id: UUID | None = None
    ) -> TokenResponse:
        life = int(self.access_token_life.total_seconds())
        key = await self.keys.current()
        issued_at = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": scopes.audience(scope),
            "exp": issued_at + life,
            "iat": issued_at,
            "jti": uuid4().hex,
            "client_id": client_id,
            "scope": scope,
        }
        header = {"typ": TOKEN_TYPE, "alg": ALGORITHM, "kid": key.kid}
        return TokenResponse(
            access_token=jwt.encode(header, claims, key.pair, algorithms=[ALGORITHM]),
            expires_in=life,
            scope=scope,
        )
