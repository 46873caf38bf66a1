"""`private_key_jwt`: a client proves itself with a signature (RFC 7523)."""

import time
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from sqlalchemy import select

from auth_service.clients.assertions import ASSERTION_TYPE
from auth_service.clients.store import AssertionStore
from auth_service.container import Container
from auth_service.tables import client_assertions
from gatehouse_chassis.database import Database
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import URL, refused
from tests.auth_service.registered_clients import SERVICE, register

PAIRS: dict[str, tuple[Any, Any]] = {
    "ES256": (ec.generate_private_key(ec.SECP256R1()), ECAlgorithm),
    "RS256": (rsa.generate_private_key(65537, 2048), RSAAlgorithm),
    "EdDSA": (ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm),
}


def public_jwk(algorithm: str) -> dict[str, Any]:
    pair, kind = PAIRS[algorithm]
    jwk = kind.to_jwk(pair.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return {**jwk, "kid": algorithm, "alg": algorithm, "use": "sig"}


def assertion_of(
    client: dict[str, Any],
    algorithm: str = "ES256",
    headers: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, str]:
    """The parameters of a request; claims that are changed to None are left out."""
    claims = {
        "iss": client["client_id"],
        "sub": client["client_id"],
        "aud": URL,
        "exp": int(time.time()) + 60,
        "jti": uuid4().hex,
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    signed = jwt.encode(
        claims, PAIRS[algorithm][0], algorithm, headers=headers or {"kid": algorithm}
    )
    return {"client_assertion": signed, "client_assertion_type": ASSERTION_TYPE}


@pytest.fixture
async def signer(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await register(client, {**SERVICE, "jwks": {"keys": [public_jwk(a) for a in PAIRS]}})


async def ask(
    client: httpx2.AsyncClient, proof: dict[str, str], path: str = "/token"
) -> httpx2.Response:
    return await client.post(path, data={"grant_type": "client_credentials", "token": "x", **proof})


@on_both_databases
async def test_a_client_signs_instead_of_sending_a_secret(
    client: httpx2.AsyncClient, signer: dict[str, Any]
) -> None:
    assert "client_secret" not in signer
    for algorithm in PAIRS:
        answer = await ask(client, assertion_of(signer, algorithm))
        assert answer.status_code == 200, answer.text
    for audience in (f"{URL}/token", [URL], [URL, f"{URL}/token"]):
        assert (await ask(client, assertion_of(signer, aud=audience))).status_code == 200
    named = {**assertion_of(signer), "client_id": signer["client_id"]}
    assert (await ask(client, named)).status_code == 200
    for path in ("/revoke", "/introspect"):
        answer = await ask(client, assertion_of(signer, aud=f"{URL}{path}"), path)
        assert answer.status_code == 200


async def test_one_key_needs_no_id(client: httpx2.AsyncClient) -> None:
    signer = await register(client, {**SERVICE, "jwks": {"keys": [public_jwk("ES256")]}})
    answer = await ask(client, assertion_of(signer, headers={"typ": "JWT"}))
    assert answer.status_code == 200
    token = assertion_of(signer, headers={"typ": None, "kid": "ES256"})
    assert "typ" not in jwt.get_unverified_header(token["client_assertion"])
    assert (await ask(client, token)).status_code == 200


@on_both_databases
async def test_an_assertion_is_accepted_once(
    client: httpx2.AsyncClient, signer: dict[str, Any], container: Container, database: Database
) -> None:
    proof = assertion_of(signer)
    assert (await ask(client, proof)).status_code == 200
    answer = await ask(client, proof)
    assert refused(answer) == (401, "invalid_client")
    assert "used before" in answer.json()["error_description"]
    assert len(await database.fetch_all(select(client_assertions).limit(9))) == 1
    assert await AssertionStore(database).purge_expired(10) == 0


_WRONG: list[dict[str, Any]] = [
    {"iss": "client-0000000000000000"},
    {"aud": "https://elsewhere.example"},
    {"aud": [URL, "https://elsewhere.example"]},
    {"aud": []},
    {"aud": None},
    {"exp": None},
    {"exp": 0},
    {"exp": "soon"},
    {"exp": 2**40},
    {"nbf": 2**40},
    {"iat": 2**40},
    {"jti": None},
    {"jti": ""},
    {"jti": "x" * 257},
    {"jti": "\ud800"},
    {"headers": {"kid": "RS256"}},
    {"headers": {"kid": "unknown"}},
    {"headers": {"kid": "ES256", "jku": "https://evil.example/keys"}},
    {"headers": {"kid": "ES256", "typ": "at+jwt"}},
    {"headers": {"typ": "JWT"}},
]


async def test_whatever_is_wrong_with_an_assertion_is_refused(
    client: httpx2.AsyncClient, signer: dict[str, Any]
) -> None:
    for changes in _WRONG:
        answer = await ask(client, assertion_of(signer, **changes))
        assert refused(answer) == (401, "invalid_client"), changes


async def test_proofs_do_not_mix(client: httpx2.AsyncClient, signer: dict[str, Any]) -> None:
    other = await register(client, SERVICE)
    own = {"client_id": signer["client_id"]}
    proof = assertion_of(signer)
    tries: list[tuple[dict[str, str], int, str]] = [
        (own, 401, "invalid_client"),
        ({**own, "client_secret": "guess"}, 401, "invalid_client"),
        ({**proof, "client_secret": "guess"}, 400, "invalid_request"),
        ({**proof, "client_id": other["client_id"]}, 400, "invalid_request"),
        ({**proof, "client_assertion_type": "urn:other"}, 401, "invalid_client"),
        ({"client_assertion": proof["client_assertion"]}, 401, "invalid_client"),
        ({"client_assertion_type": ASSERTION_TYPE}, 401, "invalid_client"),
        ({**proof, "client_assertion": "x"}, 401, "invalid_client"),
        ({**proof, "client_assertion": "x" * 5000}, 401, "invalid_client"),
        (assertion_of(other), 401, "invalid_client"),
        (assertion_of({"client_id": "gatehouse"}), 401, "invalid_client"),
        (assertion_of({"client_id": "client-0000000000000000"}), 401, "invalid_client"),
    ]
    for form, status, error in tries:
        assert refused(await ask(client, form)) == (status, error), form
    assert (await ask(client, proof)).status_code == 200
