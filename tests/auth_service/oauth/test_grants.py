"""What no request can bring about at will: a user who is changed during every sign-in; a part that is replaced."""

from datetime import timedelta
from typing import cast

import httpx2
import pytest
from fastapi import FastAPI

from auth_service.audit.context import AuditContext
from auth_service.clients.authentication import first_party_client
from auth_service.container import Container
from auth_service.dependencies import get_grants
from auth_service.oauth.grants import MAX_SIGN_IN_ATTEMPTS, Grant, Grants, PasswordGrant
from auth_service.oauth.requests import InvalidGrant
from auth_service.oauth.resources import Resources
from auth_service.passwords.authentication import PasswordAuthentication
from auth_service.revocation.status_list import StatusList, StatusListFull
from auth_service.sessions.store import SessionStore
from auth_service.users.store import User, UserStore
from gatehouse_chassis.database import Database
from tests.auth_service.people import DEMO, refused


class ChangingUsers:
    """A password that is right each time, and sessions that find the user changed each time."""

    def __init__(self, user: User) -> None:
        self._user = user
        self.verified = 0

    async def user(self, *_: object) -> User:
        self.verified += 1
        return self._user

    async def start(self, *_: object, **__: object) -> None:
        return None


async def test_a_user_who_is_changed_during_each_try_is_refused_in_the_end(
    database: Database, container: Container
) -> None:
    user = await UserStore(database).find_by_name(DEMO.username)
    assert user
    users = ChangingUsers(user)
    grant = PasswordGrant(
        cast(PasswordAuthentication, users),
        cast(SessionStore, users),
        Resources("http://localhost", {}),
        container.code_grant.issuer,
        timedelta(days=1),
    )
    client = first_party_client(password_grant=True)
    with pytest.raises(InvalidGrant):
        await grant.exchange(DEMO.password_grant, client, AuditContext())
    assert users.verified == MAX_SIGN_IN_ATTEMPTS


class FullList:
    """A status list in which no index is free."""

    def check_capacity(self) -> None:
        raise StatusListFull


async def test_a_test_replaces_any_dependency(client: httpx2.AsyncClient, app: FastAPI) -> None:
    full = Grants({"password": cast(Grant, object())}, cast(StatusList, FullList()))
    app.dependency_overrides[get_grants] = lambda: full
    answer = await client.post("/token", data=DEMO.password_grant)
    assert refused(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "60"
    app.dependency_overrides[get_grants] = lambda: Grants({}, full.status_list)
    answer = await client.post("/token", data=DEMO.password_grant)
    assert refused(answer) == (400, "unsupported_grant_type")
