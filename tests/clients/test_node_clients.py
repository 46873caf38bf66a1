"""`openid-client` and `oauth4webapi` as clients: they are told the issuer or the service, and their own credentials."""

from pathlib import Path

import pytest

from testing.stack import Stack
from tests.clients.conftest import REDIRECT_URI, Person, Registered
from tests.clients.node_client import run_node_client
from tests.clients.outcome import check_outcome


@pytest.mark.parametrize("library", ["openid-client", "oauth4webapi"])
def test_a_node_client_does_every_grant_and_ends_it(
    stack: Stack, registered: Registered, person: Person, scripts: Path, library: str
) -> None:
    settings = {
        "issuer": registered.issuer,
        "resource": registered.resource,
        "clientId": registered.client_id,
        "clientSecret": registered.client_secret,
        "redirectUri": REDIRECT_URI,
        "scope": "items:read",
    }
    outcome = run_node_client(scripts, library, settings, person.visit)
    check_outcome(stack, registered.client_id, outcome)
