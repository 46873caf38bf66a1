"""Revocation as items sees it: through two auth workers, two items workers and a list that is fetched, not asked."""

import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from testing.services import USER_SCOPES
from testing.stack import Stack, User

WITHIN_S = 5.0


class Signed:
    """Somebody new who is signed in."""

    def __init__(self, stack: Stack, number: int) -> None:
        self.user = User(f"user-{number}-{uuid4().hex[:12]}", f"passphrase-{uuid4().hex}")
        self.id = stack.make_user(self.user)
        tokens = stack.token_request(
            grant_type="password",
            username=self.user.username,
            password=self.user.password,
            scope=USER_SCOPES,
        )
        assert tokens.status == 200, tokens.body
        self.access_token: str = tokens.json["access_token"]
        self.refresh_token: str = tokens.json["refresh_token"]


def by_reuse(stack: Stack, signed: Signed) -> None:
    token = signed.refresh_token
    for _ in range(2):
        answer = stack.token_request(grant_type="refresh_token", refresh_token=token)
        assert answer.status == 200
        token = answer.json["refresh_token"]
    # Not the token that was used last: that one may be presented again for a few seconds.
    reused = stack.token_request(grant_type="refresh_token", refresh_token=signed.refresh_token)
    assert reused.status == 400


def by_a_new_password(stack: Stack, signed: Signed) -> None:
    change = {"current_password": signed.user.password, "new_password": f"new-{uuid4().hex}"}
    answer = stack.call("POST", "/auth/users/me/password", token=signed.access_token, json=change)
    assert answer.status == 204


def by_disabling(stack: Stack, signed: Signed) -> None:
    change = {"disabled": True}
    answer = stack.call(
        "PATCH", f"/auth/users/{signed.id}", token=stack.sign_in_as_admin(), json=change
    )
    assert answer.status == 200


def by_the_revocation_endpoint(stack: Stack, signed: Signed) -> None:
    stack.revoke(signed.access_token)


REVOCATIONS: list[Callable[[Stack, Signed], None]] = [
    by_reuse,
    by_a_new_password,
    by_disabling,
    by_the_revocation_endpoint,
]


@pytest.mark.parametrize("tries", [12, pytest.param(100, marks=pytest.mark.sweep)])
def test_a_revocation_of_any_kind_is_seen_by_items_within_5_seconds(
    each_stack: Stack, tries: int
) -> None:
    """Every worker of items must have seen it: the token is refused several times in a row."""
    revoked: dict[str, float] = {}
    refused: list[str] = []
    bystander = each_stack.sign_in()
    for number in range(tries):
        signed = Signed(each_stack, number)
        # Both workers remember the token as good.
        for _ in range(4):
            assert each_stack.call("GET", "/items/", token=signed.access_token).status == 200
        REVOCATIONS[number % len(REVOCATIONS)](each_stack, signed)
        revoked[signed.access_token] = time.monotonic()
        refused += _refused(each_stack, revoked)
    while revoked:
        refused += _refused(each_stack, revoked)
    assert len(refused) == tries
    for token in refused:
        assert each_stack.call("GET", "/items/", token=token).status == 401
    assert each_stack.call("GET", "/items/", token=bystander).status == 200


def _refused(stack: Stack, revoked: dict[str, float]) -> list[str]:
    """Takes the tokens out that every worker refuses, and fails when one is accepted for too long."""
    found = []
    for token, revoked_at in list(revoked.items()):
        began = time.monotonic()
        answers = [stack.call("GET", "/items/", token=token) for _ in range(6)]
        if any(answer.status == 200 for answer in answers):
            assert began - revoked_at < WITHIN_S
            continue
        for answer in answers:
            assert "the token was revoked" in answer.headers["WWW-Authenticate"]
        del revoked[token]
        found.append(token)
    return found
