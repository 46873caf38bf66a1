"""Signing in through nginx, and what is refused how."""

import re

import pytest

from testing.http import Answer, send
from testing.stack import Stack


def assert_problem(answer: Answer, status: int) -> None:
    assert answer.status == answer.json["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json["code"]
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]


def test_the_demo_user_signs_in_and_is_told_who_it_is(each_stack: Stack) -> None:
    token = each_stack.sign_in()
    me = each_stack.call("GET", "/auth/users/me", token=token)
    assert me.status == 200
    assert (me.json["username"], me.json["role"]) == ("demo", "user")


def test_a_token_answer_is_complete_and_kept_by_nobody(each_stack: Stack) -> None:
    demo = each_stack.demo
    answer = each_stack.token_request(
        grant_type="password", username=demo.username, password=demo.password
    )
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 600
    assert set(answer.json["scope"].split()) == {"items:read", "items:write"}
    assert answer.json["access_token"]
    assert answer.json["refresh_token"]


def test_a_wrong_password_is_an_invalid_grant(each_stack: Stack) -> None:
    answer = each_stack.token_request(
        grant_type="password", username=each_stack.demo.username, password="not the password"
    )
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")


def test_a_refresh_token_is_good_for_one_new_pair(each_stack: Stack) -> None:
    demo = each_stack.demo
    first = each_stack.token_request(
        grant_type="password", username=demo.username, password=demo.password
    ).json["refresh_token"]
    renewed = each_stack.token_request(grant_type="refresh_token", refresh_token=first)
    assert renewed.status == 200
    token = renewed.json["access_token"]
    assert each_stack.call("GET", "/items/", token=token).status == 200
    # Until its successor is used, a lost answer may be asked for again (AUTH_REFRESH_LEEWAY).
    second = renewed.json["refresh_token"]
    assert each_stack.token_request(grant_type="refresh_token", refresh_token=second).status == 200
    again = each_stack.token_request(grant_type="refresh_token", refresh_token=first)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("service", ["auth", "items"])
def test_without_a_token_the_challenge_leads_to_who_gives_one(
    each_stack: Stack, service: str
) -> None:
    protected = {"auth": "/auth/users/me", "items": "/items/"}[service]
    answer = each_stack.call("GET", protected)
    assert_problem(answer, 401)
    challenge = answer.headers["WWW-Authenticate"]
    named = re.fullmatch(r'Bearer resource_metadata="(.+)"', challenge)
    assert named
    for url in (named[1], f"{each_stack.url}/.well-known/oauth-protected-resource/{service}"):
        metadata = send(url).json
        assert metadata["resource"] == f"{each_stack.url}/{service}"
        assert metadata["authorization_servers"] == [f"{each_stack.url}/auth"]


@pytest.mark.parametrize("token", ["broken", "a.b.c", "x" * 5000])
def test_a_broken_token_is_named_so(each_stack: Stack, token: str) -> None:
    answer = each_stack.call("GET", "/items/", token=token)
    assert_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_without_the_scope_is_told_which_one_it_lacks(each_stack: Stack) -> None:
    token = each_stack.sign_in(scope="items:read")
    answer = each_stack.call("POST", "/items/", token=token, json={"title": "Not mine to write"})
    assert_problem(answer, 403)
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="items:write"' in challenge


def test_the_admin_sees_every_user_and_the_demo_user_does_not(each_stack: Stack) -> None:
    token = each_stack.sign_in(each_stack.admin, scope="auth:admin")
    assert each_stack.call("GET", "/auth/users", token=token).status == 200
    refused = each_stack.call("GET", "/auth/users", token=each_stack.sign_in())
    assert refused.status in {401, 403}
