"""The accounts and the client that users sign in as: made by the administrator.

After the run the client is removed and the accounts are disabled, which the next run enables: no user can be deleted.
"""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loadtests.assignment import ACCOUNT_PREFIX, AccountSeries, Client
from loadtests.progress import say
from loadtests.sign_in_limit import SAFELY_PER_SECOND
from loadtests.target import Answer, NotReadyError, Target
from loadtests.target_checks import retry_after

CLIENT_NAME = "load test"
SCOPES = ["items:read", "items:write"]
SEED_NAME = "accounts-seed"
# Making accounts counts as signing in, and the users need what the limit allows in a moment too.
MADE_AT_ONCE = 10
LONGEST_WAIT_SECONDS = 30


def seed(state: Path) -> str:
    """The seed in the folder `state`, a new one the first time. Raises NotReadyError."""
    path = state / SEED_NAME
    try:
        state.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise NotReadyError(
            f"The seed of the accounts cannot be kept in {path} ({error.strerror}): "
            f"name another folder with LOADTESTS_STATE_FOLDER."
        ) from error


def make_accounts(
    target: Target, admin_token: str, accounts: AccountSeries, count: int, *, limited: bool
) -> None:
    """Make the first `count` accounts, and enable those that are there. Raises NotReadyError."""
    there = _find_accounts(target, admin_token)
    wanted = [accounts.account(number) for number in range(count)]
    for account in wanted:
        if there.get(account.username, {}).get("disabled"):
            _set_disabled(target, admin_token, there[account.username]["id"], disabled=False)
    missing = [account for account in wanted if account.username not in there]
    if len(missing) > MADE_AT_ONCE:
        say(f"making {len(missing)} accounts, which the next run uses again.")
    for made, account in enumerate(missing):
        if limited and made >= MADE_AT_ONCE:
            time.sleep(1 / SAFELY_PER_SECOND)
        body = {"username": account.username, "password": account.password}
        _post_patiently(target, "/auth/users", body, admin_token, (201, 409))


def make_client(target: Target, admin_token: str) -> Client:
    """The load tests' client, registered the first time, with a new secret. Raises NotReadyError."""
    client_id = _find_client(target, admin_token)
    if client_id:
        answer = _post_patiently(
            target, f"/auth/clients/{client_id}/secret", {}, admin_token, (200,)
        )
        return Client(client_id, answer.field("client_secret"))
    registration = {
        "name": CLIENT_NAME,
        "confidential": True,
        "grants": ["client_credentials"],
        "scopes": SCOPES,
    }
    answer = _post_patiently(target, "/auth/clients", registration, admin_token, (201,))
    return Client(answer.field("client_id"), answer.field("client_secret"))


def retire(target: Target, admin_token: str, accounts: AccountSeries) -> None:
    """Disable the accounts of this series, and remove the client. Raises NotReadyError."""
    for username, user in _find_accounts(target, admin_token).items():
        if username.startswith(accounts.beginning) and not user["disabled"]:
            _set_disabled(target, admin_token, user["id"], disabled=True)
    client_id = _find_client(target, admin_token)
    if client_id:
        target.delete(f"/auth/clients/{client_id}", admin_token)


def _find_accounts(target: Target, admin_token: str) -> dict[str, dict[str, Any]]:
    users = _all(target, "/auth/users", admin_token, q=ACCOUNT_PREFIX)
    return {user["username"]: user for user in users}


def _set_disabled(target: Target, admin_token: str, user_id: str, *, disabled: bool) -> None:
    answer = target.patch(f"/auth/users/{user_id}", {"disabled": disabled}, admin_token)
    if answer.status != 200:
        raise NotReadyError(
            f"{target.url}/auth/users/{user_id} answered {answer.status} to the administrator, who "
            f"{'disables' if disabled else 'enables'} the accounts of the load: see `make logs`."
        )


def _find_client(target: Target, admin_token: str) -> str:
    clients = _all(target, "/auth/clients", admin_token)
    return next((client["client_id"] for client in clients if client["name"] == CLIENT_NAME), "")


def _all(target: Target, path: str, admin_token: str, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = {"cursor": cursor} if cursor else {}
        answer = target.get(path, admin_token, limit="100", **query, **page)
        if answer.status != 200 or not isinstance(answer.body, dict):
            raise NotReadyError(f"{target.url}{path} answered {answer.status}: see `make logs`.")
        found += answer.body["items"]
        cursor = answer.body["next_cursor"]
    return found


def _post_patiently(
    target: Target, path: str, body: Mapping[str, object], token: str, expected: tuple[int, ...]
) -> Answer:
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    answer = target.post(path, body, token)
    while answer.status in (429, 503) and time.monotonic() < deadline:
        time.sleep(retry_after(answer))
        answer = target.post(path, body, token)
    if answer.status not in expected:
        raise NotReadyError(
            f"{target.url}{path} answered {answer.status} to the administrator, so the users of the "
            f"load have no accounts: see `make logs`."
        )
    return answer
