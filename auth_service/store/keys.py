"""The signing keys, as they are stored."""

from dataclasses import dataclass

from sqlalchemy import insert, select

from auth_service.tables import signing_keys
from chassis.columns import now
from chassis.database import Database


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A row of `signing_keys`."""

    kid: str
    public_jwk: str
    encrypted_private_jwk: str


class SigningKeyStore:
    """Signing keys, the private part encrypted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self) -> list[StoredKey]:
        """All keys, the newest first."""
        statement = select(
            signing_keys.c.kid, signing_keys.c.public_jwk, signing_keys.c.encrypted_private_jwk
        ).order_by(signing_keys.c.created_at.desc(), signing_keys.c.kid)
        return [StoredKey(**row) for row in await self._database.fetch_all(statement.limit(100))]

    async def add(self, key: StoredKey) -> None:
        """Stores a new key."""
        await self._database.execute(
            insert(signing_keys),
            kid=key.kid,
            public_jwk=key.public_jwk,
            encrypted_private_jwk=key.encrypted_private_jwk,
            created_at=(created := now()),
            signs_from=created,
        )
