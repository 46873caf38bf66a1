"""What has expired and can be forgotten: mailed tokens, refresh tokens, and the sessions that none is left of."""

from datetime import datetime

from sqlalchemy import Delete, Table, bindparam, delete, exists, select

from auth_service.tables import password_resets, refresh_tokens, sessions, sign_ups
from gatehouse_chassis.database import Database


def _forget_from(table: Table) -> Delete:
    expired = (
        select(table.c.digest)
        .where(table.c.expires_at < bindparam("before"))
        .limit(bindparam("most"))
    )
    return delete(table).where(table.c.digest.in_(expired))


_FORGET_TOKENS = _forget_from(refresh_tokens)
_FORGET_MAILED = (_forget_from(password_resets), _forget_from(sign_ups))
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

    async def forget_mailed_tokens(self, *, before: datetime, most: int) -> int:
        """Deletes up to `most` password resets and as many sign-ups that expired before, and says how many."""
        return sum(
            [
                await self._database.execute(forget, before=before, most=most)
                for forget in _FORGET_MAILED
            ]
        )

    async def forget_sessions(self, *, before: datetime, most: int) -> int:
        """Deletes up to `most` sessions that began before and have no refresh token left, and says how many."""
        return await self._database.execute(_FORGET_SESSIONS, before=before, most=most)
