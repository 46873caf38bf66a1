"""Authlib as a client: it is told the issuer and its own credentials, and reads the rest in the metadata."""

from typing import Any

import pytest
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from testing.stack import Stack
from tests.clients.conftest import REDIRECT_URI, Person, Registered
from tests.clients.outcome import check_outcome


@pytest.mark.parametrize("external", [True, False], ids=["root of the domain", "below the issuer"])
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_does_every_grant_and_ends_it(
    stack: Stack,
    registered: Registered,
    person: Person,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    external: bool,
) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")  # the test's stack speaks http
    with OAuth2Session(
        registered.client_id,
        registered.client_secret,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        scope="items:read",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    ) as session:
        session.trust_env = False
        url = get_well_known_url(registered.issuer, external=True)
        if not external:
            url = f"{registered.issuer}/.well-known/oauth-authorization-server"
        described: dict[str, Any] = session.get(url, withhold_token=True).json()
        assert described["issuer"] == registered.issuer
        verifier = generate_token(48)
        address, state = session.create_authorization_url(
            described["authorization_endpoint"], code_verifier=verifier
        )
        first = dict(
            session.fetch_token(
                described["token_endpoint"],
                authorization_response=person.visit(address),
                state=state,
                code_verifier=verifier,
            )
        )
        renewed = dict(session.refresh_token(described["token_endpoint"]))
        before = session.introspect_token(
            described["introspection_endpoint"], token=renewed["access_token"]
        ).json()
        revoked = session.revoke_token(
            described["revocation_endpoint"], token=renewed["refresh_token"]
        )
        assert revoked.status_code == 200
        after = session.introspect_token(
            described["introspection_endpoint"], token=renewed["refresh_token"]
        ).json()
        own = dict(
            session.fetch_token(described["token_endpoint"], grant_type="client_credentials")
        )
    outcome = {"first": first, "renewed": renewed, "before": before, "after": after, "own": own}
    check_outcome(stack, registered.client_id, outcome)


def test_authlib_finds_nothing_wrong_with_the_metadata(stack: Stack) -> None:
    described = stack.get("/.well-known/oauth-authorization-server/auth").json
    # Authlib insists on https for the addresses; all else is as the stack says it.
    secure = {
        name: value.replace("http://", "https://") if isinstance(value, str) else value
        for name, value in described.items()
    }
    AuthorizationServerMetadata(secure).validate()
