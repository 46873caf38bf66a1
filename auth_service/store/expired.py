"""What has expired and can be forgotten: refresh tokens, and the sessions that none is left of."""

from datetime import datetime

from sqlalchemy import bindparam, delete, exists, select

from auth_service.tables import refresh_tokens, sessions
from chassis.database import Database

_SOME_TOKENS = (
    select(refresh_tokens.c.digest)
    .where(refresh_tokens.c.expires_at < bindparam("before"))
    .limit(bindparam("most"))
)
_FORGET_TOKENS = delete(refresh_tokens).where(refresh_tokens.c.digest.in_(_SOME_TOKENS))
_SOME_SESSIONS = (
    select(sessions.c.id)
    .where(
        sessions.c.created_at < bindparam("before"),
        ~exists().where(refresh_tokens.c.session_id == sessions.c.id),
    )
    .limit(bindparam("most"))
)
_FORGET_SESSIONS = delete(sessions).where(sessions.c.id.in_(_SOME_SESSIONS))


class ExpiredStore:
    """Forgets a little at a time: on SQLite a statement holds up everybody else who writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget_tokens(self, *, before: datetime, most: int) -> int:
        """Deletes up to `most` refresh tokens that expired before, and says how many."""
        return await self._database.execute(_FORGET_TOKENS, before=before, most=most)

    async def forget_sessions(self, *, before: datetime, most: int) -> int:
        """Deletes up to `most` sessions that began before and have no refresh token left, and says how many."""
        return await self._database.execute(_FORGET_SESSIONS, before=before, most=most)
