"""The one place that ends what was granted before its time. Services learn of it within seconds (see status_list)."""

from dataclasses import dataclass
from uuid import UUID

from auth_service.audit.context import AuditContext
from auth_service.revocation.store import AccessTokenStore
from auth_service.sessions.store import EndOfSession, SessionStore


@dataclass(frozen=True, slots=True)
class Revocation:
    """Revokes access tokens, and sessions with all of theirs."""

    sessions: SessionStore
    access_tokens: AccessTokenStore

    async def revoke_session(
        self, session_id: UUID, reason: EndOfSession, context: AuditContext
    ) -> bool:
        """Ends a session: its refresh token and its access tokens are dead. False when it was over or never was."""
        return await self.sessions.end(session_id, reason, context)

    async def revoke_sessions_of(
        self, user_id: UUID, reason: EndOfSession, context: AuditContext
    ) -> int:
        """Ends every session of a user, and returns how many there were."""
        return await self.sessions.end_all_for_user(user_id, reason, context)

    async def revoke_token(self, jti: str, context: AuditContext) -> bool:
        """Revokes one access token and leaves its session. False when there is no such token alive."""
        token = _known(jti)
        return token is not None and await self.access_tokens.revoke(token, context)

    async def is_revoked(self, jti: str) -> bool:
        """Whether an access token is revoked, by itself or with its session: as of now, at the price of a query."""
        return (token := _known(jti)) is not None and await self.access_tokens.is_revoked(token)


def _known(jti: str) -> UUID | None:
    """The id as it is stored; None for one that auth never gave."""
    try:
        return UUID(hex=jti)
    except ValueError:
        return None
