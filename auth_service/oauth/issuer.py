"""Access tokens after RFC 9068, each with a place in the status list so that it can be revoked."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from auth_service.clients.client import Client
from auth_service.keys.signing_keys import SigningKey, SigningKeys
from auth_service.oauth import id_tokens, scopes
from auth_service.oauth.id_tokens import SignIn
from auth_service.oauth.resources import Target
from auth_service.oauth.schemas import TokenResponse
from auth_service.revocation.status_list import StatusList
from auth_service.revocation.store import NewAccessToken
from gatehouse_chassis.auth.access_tokens import TOKEN_TYPE


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """Signs access tokens.

    Attributes:
        issuer: their `iss`.
        life: how long each is accepted.
    """

    issuer: str
    life: timedelta
    keys: SigningKeys
    status_list: StatusList

    async def draft(self, client: Client) -> "UnsignedToken":
        """A token for a client, to be stored together with what it stands for and then signed."""
        key, issued_at = await self.keys.current(), int(time.time())
        end = datetime.fromtimestamp(issued_at, UTC) + self.life
        return UnsignedToken(self, key, issued_at, NewAccessToken(client, end))

    async def issue(self, subject: str, client: Client, target: Target) -> TokenResponse:
        """An access token that belongs to no session.

        Raises:
            ClientNotAuthenticated: the client was removed, or its secret renewed, since it was authenticated.
        """
        unsigned = await self.draft(client)
        number = await self.status_list.allocate_index(unsigned.stored)
        return unsigned.sign(subject, target, number)


@dataclass(frozen=True, slots=True)
class UnsignedToken:
    """An access token that is not signed yet. Signing it awaits nothing, so nothing can fail once it is stored.

    Attributes:
        stored: what the database is to know of it.
    """

    issuer: TokenIssuer
    key: SigningKey
    issued_at: int
    stored: NewAccessToken

    def sign(
        self,
        subject: str,
        target: Target,
        number: int,
        refresh_token: str | None = None,
        sign_in: SignIn | None = None,
    ) -> TokenResponse:
        """The access token, with the refresh token that belongs to it, and an ID token if `openid` was granted.

        Args:
            number: which it got when it was stored.
            sign_in: how the user signed in; without it there is no ID token.
        """
        life, client_id = int(self.issuer.life.total_seconds()), self.stored.client.client_id
        every = {
            "iss": self.issuer.issuer,
            "sub": subject,
            "exp": self.issued_at + life,
            "iat": self.issued_at,
        }
        scope = self._scope_of_access_token(target)
        claims = {
            **every,
            "aud": [*(target.audience or scopes.audience(scope))],
            "client_id": client_id,
            "scope": scope,
            "jti": self.stored.jti.hex,
            "status": self.issuer.status_list.reference(number),
        }
        tokens = TokenResponse(
            access_token=self.key.sign(TOKEN_TYPE, claims),
            expires_in=life,
            refresh_token=refresh_token,
            scope=target.scope,
        )
        if sign_in is not None and scopes.OPENID in target.scope.split():
            about = id_tokens.about_sign_in(sign_in, tokens.access_token)
            identity = {**every, "aud": client_id, **about}
            tokens.id_token = self.key.sign(id_tokens.TOKEN_TYPE, identity)
        return tokens

    def _scope_of_access_token(self, target: Target) -> str:
        """What the access token may do: one that is bound to other services asks nothing about the user here."""
        named = target.resource.split()
        if not named or self.issuer.issuer in named:
            return target.scope
        return " ".join(name for name in target.scope.split() if name not in scopes.OF_OPENID)
