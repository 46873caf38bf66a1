"""`openid-client` and `oauth4webapi` as clients: they are told the issuer or the service, and their own credentials."""

import json
import subprocess
from pathlib import Path

import pytest

from testing.stack import Stack
from tests.clients.conftest import REDIRECT_URI, Person, Registered
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
    log = scripts / f"{library}.log"
    with (
        log.open("w") as errors,
        subprocess.Popen(
            ["node", scripts / f"{library}.js", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as node,
    ):
        assert node.stdin
        assert node.stdout
        asked = node.stdout.readline()
        if asked:
            node.stdin.write(f"{person.visit(json.loads(asked)['visit'])}\n")
            node.stdin.close()
        said = node.stdout.read()
        status = node.wait(30)
    assert status == 0, log.read_text()
    check_outcome(stack, registered.client_id, json.loads(said))
