"""`ResourceServer` with an issuer that nobody here wrote: oidc-provider of npm, for each algorithm."""

from collections.abc import Iterator

import pytest

from gatehouse_chassis import ResourceServer
from gatehouse_chassis.auth.access_tokens import ALGORITHMS, InvalidToken, KeysUnavailable
from tests.clients.oidc_provider import running_oidc_provider, token_of


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_oidc_provider(tmp_path_factory.mktemp("npm")) as url:
        yield url


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
