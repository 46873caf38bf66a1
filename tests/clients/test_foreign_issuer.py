"""`ResourceServer` with an issuer that nobody here wrote: oidc-provider of npm, for each algorithm."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from gatehouse_chassis import ResourceServer
from gatehouse_chassis.auth.access_tokens import ALGORITHMS, InvalidToken, KeysUnavailable
from testing.http import send
from tests.clients.npm import install

SECRET = b64encode(b"machine:machine-secret-of-a-test").decode()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = install(Path(__file__).parent / "issuer", tmp_path_factory.mktemp("npm") / "issuer")
    with (
        (folder / "issuer.log").open("w") as log,
        subprocess.Popen(
            ["node", "issuer.js"],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout
        url = process.stdout.readline().strip()
        assert url, (folder / "issuer.log").read_text()
        yield url
        process.terminate()


def token_of(issuer: str, algorithm: str, audience: str = "notes") -> str:
    form = {
        "grant_type": "client_credentials",
        "scope": "notes:read",
        "resource": f"urn:{audience}:{algorithm}",
    }
    headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", f"Basic {SECRET}"),
    ]
    body = urlencode(form).encode()
    answer = send(f"{issuer}/token", method="POST", headers=headers, body=body)
    assert answer.status == 200, answer.body
    return str(json.loads(answer.body)["access_token"])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_its_tokens_are_accepted(issuer: str, algorithm: str) -> None:
    server = ResourceServer(issuer=issuer, audience="notes", algorithms=list(ALGORITHMS))
    found = await server.verify(token_of(issuer, algorithm))
    assert (found.client_id, found.key_id) == ("machine", algorithm)
    assert found.scopes == {"notes:read"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_those_of_an_algorithm_that_is_not_chosen_are_not(
    issuer: str, algorithm: str
) -> None:
    others = [name for name in ALGORITHMS if name != algorithm]
    server = ResourceServer(issuer=issuer, audience="notes", algorithms=others)
    with pytest.raises(InvalidToken, match="unknown key"):
        await server.verify(token_of(issuer, algorithm))


async def test_those_for_another_service_or_with_another_signature_are_not(issuer: str) -> None:
    server = ResourceServer(issuer=issuer, audience="notes")
    with pytest.raises(InvalidToken, match="another service"):
        await server.verify(token_of(issuer, "ES256", audience="items"))
    head, claims, signature = token_of(issuer, "ES256").split(".")
    with pytest.raises(InvalidToken, match="signature is wrong"):
        await server.verify(f"{head}.{claims}.{signature[:-4]}AAAA")


async def test_an_issuer_that_is_not_the_one_of_the_metadata_is_not_believed(issuer: str) -> None:
    server = ResourceServer(issuer=f"{issuer}/", audience="notes")
    with pytest.raises(KeysUnavailable):
        await server.verify(token_of(issuer, "ES256"))
