"""Issuing tokens: access tokens after RFC 9068, refresh tokens that are used once."""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from auth_service.clients.store import Client
from auth_service.keys.signing_keys import SigningKeys
from auth_service.oauth import scopes
from auth_service.oauth.errors import InvalidGrant, InvalidRequest
from auth_service.oauth.opaque_tokens import digest_of, new_opaque_token
from auth_service.oauth.pkce import challenge_of
from auth_service.oauth.resources import Resources
from auth_service.oauth.store import CodeBinding, CodeStore
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.revocation.status_list import StatusList
from auth_service.schemas import TokenResponse
from auth_service.sessions.store import Refusal, Session, SessionStore
from auth_service.users.store import User, UserStore
from gatehouse_chassis.auth.access_tokens import TOKEN_TYPE
from gatehouse_chassis.database.columns import now

CODE_LIFE = timedelta(seconds=60)
"""Long enough for a redirect and a request (RFC 6749 section 4.1.2 allows ten minutes)."""


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What every request for tokens says: who asks, and for how much."""

    client: Client
    scope: str | None
    resource: str | None


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Exchanges what proves a right for tokens."""

    issuer: str
    access_token_life: timedelta
    refresh_token_life: timedelta
    users: UserStore
    sessions: SessionStore
    codes: CodeStore
    resources: Resources
    authentication: PasswordAuthentication
    keys: SigningKeys
    status_list: StatusList

    async def password_grant(
        self, username: str, password: str, asked: TokenRequest
    ) -> TokenResponse:
        """RFC 6749 section 4.3.

        Raises:
            InvalidGrant: there is no such user with this password.
            InvalidScope, InvalidTarget: the user may not have what is asked for.
            ServiceUnavailable, TooManyRequests: too many sign in at once, or failed to.
        """
        user = await self.authentication.user(username, password)
        scope = scopes.grant(asked.scope, user.role, asked.client.scopes)
        narrowed = self.resources.narrow(scope, asked.resource)
        refresh_token, digest = new_opaque_token()
        session = await self.sessions.start(
            user, asked.client.client_id, scope, digest, now() + self.refresh_token_life
        )
        if session is None:  # another password, or disabled, while this password was being verified
            return await self.password_grant(username, password, asked)
        return await self._answer_for(session, narrowed, refresh_token)

    async def give_code(
        self,
        user: User,
        binding: CodeBinding,
        scope: str | None,
        resource: str | None,
        client: Client,
    ) -> str:
        """An authorization code for a user who signed in (RFC 6749 section 4.1.2).

        Raises:
            InvalidScope, InvalidTarget: the user may not have what is asked for.
        """
        granted = scopes.grant(scope, user.role, client.scopes)
        narrowed = self.resources.narrow(granted, resource)
        code, digest = new_opaque_token()
        await self.codes.add(digest, user, binding, narrowed, now() + CODE_LIFE)
        return code

    async def code_grant(
        self, code: str, redirect_uri: str, verifier: str, asked: TokenRequest
    ) -> TokenResponse:
        """RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.6).

        Raises:
            InvalidGrant: the code is unknown, used, expired, or given for another client, redirect URI or verifier.
            InvalidTarget: the resource is none that the code was given for.
        """
        challenge = challenge_of(verifier)
        if challenge is None:
            raise InvalidRequest("the code_verifier has 43 to 128 letters, digits and -._~")
        renewable = "refresh_token" in asked.client.grants
        refresh_token, digest = new_opaque_token() if renewable else (None, None)
        session = await self.codes.exchange(
            digest_of(code),
            CodeBinding(asked.client.client_id, redirect_uri, challenge),
            digest,
            now() + self.refresh_token_life,
        )
        if isinstance(session, Refusal):
            raise InvalidGrant(
                "the code is unknown, used or expired, or the client, redirect_uri or code_verifier is not its own"
            )
        scope = self.resources.narrow(session.scope, asked.resource)
        return await self._answer_for(session, scope, refresh_token)

    async def refresh_grant(self, refresh_token: str, asked: TokenRequest) -> TokenResponse:
        """RFC 6749 section 6, with rotation and the detection of reuse of RFC 9700 section 4.14.2.

        Raises:
            InvalidGrant: the token is unknown, used, expired or revoked, or its user is disabled.
            InvalidScope, InvalidTarget: more is asked for than the user granted; the token stays good.
        """

        def narrow(session: Session) -> str:
            scope = scopes.narrow(asked.scope, session.scope)
            return self.resources.narrow(scope, asked.resource)

        new_token, new_digest = new_opaque_token()
        session = await self.sessions.exchange(
            digest_of(refresh_token),
            asked.client.client_id,
            new_digest,
            now() + self.refresh_token_life,
            accept=narrow,
        )
        user = None if isinstance(session, Refusal) else await self.users.find(session.user_id)
        if isinstance(session, Refusal) or user is None or user.disabled:
            raise InvalidGrant("the refresh token is unknown, used, expired or revoked")
        scope = scopes.keep(narrow(session), user.role)
        if not scope:
            raise InvalidGrant("the user may not have any of these scopes any more")
        return await self._answer_for(session, scope, new_token)

    async def client_credentials_grant(self, asked: TokenRequest) -> TokenResponse:
        """RFC 6749 section 4.4: the client speaks for itself, so `sub` is its id. There is nothing to refresh.

        Raises:
            InvalidScope, InvalidTarget: the client may not have what is asked for.
        """
        scope = scopes.grant_to_client(asked.scope, asked.client.scopes)
        client_id = asked.client.client_id
        return await self._answer(
            client_id, client_id, self.resources.narrow(scope, asked.resource)
        )

    async def _answer_for(
        self, session: Session, scope: str, refresh_token: str | None
    ) -> TokenResponse:
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
            "client_id": client_id,
            "scope": scope,
            **await self.status_list.enter(session_id, client_id, issued_at + life),
        }
        access_token = key.sign(TOKEN_TYPE, claims)
        return TokenResponse(access_token=access_token, expires_in=life, scope=scope)
