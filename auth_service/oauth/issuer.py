"""Access tokens after RFC 9068, each with a place in the status list so that it can be revoked."""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from auth_service.clients.client import Client
from auth_service.keys.signing_keys import SigningKeys
from auth_service.oauth import scopes
from auth_service.oauth.resources import Target
from auth_service.oauth.schemas import TokenResponse
from auth_service.revocation.status_list import StatusList
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

    async def issue(
        self,
        subject: str,
        client: Client,
        target: Target,
        *,
        session_id: UUID | None = None,
        refresh_token: str | None = None,
    ) -> TokenResponse:
        """A new access token, with the refresh token that belongs to it.

        Raises:
            ClientNotAuthenticated: the client was removed, or its secret renewed, since it was authenticated.
        """
        life = int(self.life.total_seconds())
        key = await self.keys.current()
        issued_at = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": subject,
            "aud": [*scopes.audience(target.scope), *target.resource.split()],
            "exp": issued_at + life,
            "iat": issued_at,
            "client_id": client.client_id,
            "scope": target.scope,
            **await self.status_list.allocate_index(session_id, client, issued_at + life),
        }
        return TokenResponse(
            access_token=key.sign(TOKEN_TYPE, claims),
            expires_in=life,
            refresh_token=refresh_token,
            scope=target.scope,
        )
