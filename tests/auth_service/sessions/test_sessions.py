"""`/auth/users/me/sessions`: where a user is signed in, and how that ends."""

import httpx2
import pytest

from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import (
    ADMIN,
    DEMO,
    EVERYTHING,
    bearer,
    header_of,
    refresh,
    refused,
    sign_in,
)

pytestmark = on_both_databases


async def test_users_see_where_they_are_signed_in(client: httpx2.AsyncClient) -> None:
    first = await sign_in(client)
    await sign_in(client, ADMIN)
    second = await sign_in(client, scope="auth:account")
    await refresh(client, first["refresh_token"])
    page = (await client.get("/users/me/sessions", headers=header_of(second))).json()
    newest, oldest = page["items"]
    assert (newest["scope"], oldest["scope"]) == ("auth:account", "items:read items:write")
    assert newest["client_id"] == "gatehouse"
    assert oldest["created_at"] < newest["created_at"] < oldest["last_used_at"]
    assert newest["last_used_at"] < newest["expires_at"]
    rest = {"limit": "1"}
    page = (await client.get("/users/me/sessions", headers=header_of(second), params=rest)).json()
    rest["cursor"] = page["next_cursor"]
    last = (await client.get("/users/me/sessions", headers=header_of(second), params=rest)).json()
    assert (last["items"], last["next_cursor"]) == ([oldest], None)


async def test_a_session_that_was_ended_is_gone(client: httpx2.AsyncClient) -> None:
    lost, kept = [await sign_in(client, scope=EVERYTHING) for _ in range(2)]
    headers = header_of(kept)
    lost_id = (await client.get("/users/me/sessions", headers=headers)).json()["items"][1]["id"]
    ended = await client.delete(f"/users/me/sessions/{lost_id}", headers=headers)
    again = await client.delete(f"/users/me/sessions/{lost_id}", headers=headers)
    assert (ended.status_code, again.status_code) == (204, 404)
    assert refused(await refresh(client, lost["refresh_token"])) == (400, "invalid_grant")
    assert len((await client.get("/users/me/sessions", headers=headers)).json()["items"]) == 1
    assert (await refresh(client, kept["refresh_token"])).status_code == 200


async def test_nobody_ends_the_session_of_another(client: httpx2.AsyncClient) -> None:
    demo = await sign_in(client, scope=EVERYTHING)
    path = "/users/me/sessions"
    demos = (await client.get(path, headers=header_of(demo))).json()["items"][0]["id"]
    answer = await client.delete(f"{path}/{demos}", headers=await bearer(client, ADMIN))
    assert answer.status_code == 404
    assert (await refresh(client, demo["refresh_token"])).status_code == 200


async def test_one_request_ends_them_all(client: httpx2.AsyncClient) -> None:
    tokens = [await sign_in(client, scope=EVERYTHING) for _ in range(3)]
    ended = await client.delete("/users/me/sessions", headers=header_of(tokens[0]))
    assert ended.status_code == 204
    for one in tokens:
        assert refused(await refresh(client, one["refresh_token"])) == (400, "invalid_grant")


async def test_administrators_see_and_end_the_sessions_of_a_user(
    client: httpx2.AsyncClient,
) -> None:
    demo = await sign_in(client, scope=EVERYTHING)
    user = (await client.get("/users/me", headers=header_of(demo))).json()["id"]
    admin = await bearer(client, ADMIN, scope="auth:admin")
    path = f"/users/{user}/sessions"
    assert len((await client.get(path, headers=admin)).json()["items"]) == 1
    assert (await client.delete(path, headers=admin)).status_code == 204
    assert (await client.get(path, headers=admin)).json()["items"] == []
    assert refused(await refresh(client, demo["refresh_token"])) == (400, "invalid_grant")
    for method in ("GET", "DELETE"):
        stranger = await client.request(method, path, headers=await bearer(client, DEMO))
        assert stranger.status_code == 403


@pytest.mark.parametrize(
    ("asked", "left"), [("items:read auth:admin", "items:read"), ("auth:admin", None)]
)
async def test_a_demoted_administrator_refreshes_to_less(
    client: httpx2.AsyncClient, asked: str, left: str | None
) -> None:
    admin = await bearer(client, ADMIN, scope="auth:admin")
    demo = (await client.get("/users/me", headers=await bearer(client))).json()["id"]
    promoted = await client.patch(f"/users/{demo}", headers=admin, json={"role": "admin"})
    assert promoted.json()["role"] == "admin"
    token = (await sign_in(client, scope=asked))["refresh_token"]
    await client.patch(f"/users/{demo}", headers=admin, json={"role": "user"})
    answer = await refresh(client, token)
    if left is None:
        assert refused(answer) == (400, "invalid_grant")
    else:
        assert answer.json()["scope"] == left
