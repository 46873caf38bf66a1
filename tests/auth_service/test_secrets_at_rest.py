"""What a thief of the database finds: digests, hashes and encrypted keys."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from jwt.algorithms import ECAlgorithm
from sqlalchemy import select

from auth_service.keys.encryption import KeyEncryption
from auth_service.keys.signing_keys import SigningKeys
from auth_service.keys.store import SigningKeyStore
from auth_service.tables import refresh_tokens, users
from gatehouse_chassis.database import Database
from tests.auth_service.databases import KEY_SECRET
from tests.auth_service.people import DEMO, refresh, sign_in


@pytest.fixture
async def secrets(client: httpx2.AsyncClient, database: Database) -> list[bytes]:
    """Everything that the service was told or gave and that must not be readable in its files."""
    tokens = await sign_in(client)
    newer = (await refresh(client, tokens["refresh_token"])).json()
    key = await SigningKeys(SigningKeyStore(database), KeyEncryption(KEY_SECRET)).current()
    assert isinstance(key.pair, EllipticCurvePrivateKey)
    private = ECAlgorithm.to_jwk(key.pair, as_dict=True)["d"]
    assert isinstance(private, str)
    texts = [
        DEMO.password,
        KEY_SECRET,
        private,
        *(answer[name] for answer in (tokens, newer) for name in ("refresh_token", "access_token")),
    ]
    return [*(text.encode() for text in texts), urlsafe_b64decode(f"{private}==")]


async def test_the_database_files_hold_no_secret_in_clear(
    secrets: list[bytes], tmp_path: Path
) -> None:
    files = {file.name: file.read_bytes() for file in tmp_path.glob("auth.db*")}
    assert b"demo" in files["auth.db"] + files["auth.db-wal"]
    found = [name for name, content in files.items() if any(one in content for one in secrets)]
    assert found == []


async def test_the_database_holds_digests_and_hashes_instead(
    client: httpx2.AsyncClient, database: Database
) -> None:
    await sign_in(client)
    for row in await database.fetch_all(select(users.c.password_hash).limit(9)):
        assert row["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    for row in await database.fetch_all(select(refresh_tokens.c.digest).limit(9)):
        assert len(row["digest"]) == 64
    for key in await SigningKeyStore(database).list():
        assert "d" not in json.loads(key.public_jwk)
