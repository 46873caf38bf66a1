"""`AUTH_SIGN_UP=off`: only administrators make accounts, and no page and no document offers anything else."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from auth_service.container import Container
from auth_service.mail.outbox import Outbox
from auth_service.main import create_app
from auth_service.settings import AuthSettings
from testing.apps import running
from tests.auth_service.databases import settings_for
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.parts import Parts
from tests.auth_service.people import URL, Person, make_user, sign_in

NEW = {"username": "grace", "password": "compile-the-7-cobol-cards", "email": "grace@example.com"}
METADATA = "/.well-known/oauth-authorization-server"


@pytest.fixture
async def closed(
    settings: AuthSettings, parts: Parts, mailbox: Mailbox
) -> AsyncIterator[httpx2.AsyncClient]:
    """A service on the database of `client`, where sign-up is off."""
    without = settings_for(settings.database_url, sign_up="off")
    container = Container.build(without, sender=mailbox)
    async with running(create_app(without, container), base_url=URL) as client:
        yield client


async def test_a_sign_up_is_refused_and_no_mail_goes_out(
    closed: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    answer = await closed.post("/users", json=NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_off")
    assert "administrator" in answer.json()["detail"]
    assert mailbox.mails == []


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/sign-up", "/sign-up/confirm"])
async def test_the_pages_say_so_and_show_no_form(
    closed: httpx2.AsyncClient, method: str, path: str
) -> None:
    form = NEW if method == "POST" else None
    answer = await closed.request(method, path, data=form, params={"token": "x"})
    assert answer.status_code == 403
    assert "Only an administrator makes accounts here" in answer.text
    assert "<form" not in answer.text
    assert "Sign up again" not in answer.text


async def test_a_link_from_before_makes_no_account(
    client: httpx2.AsyncClient, closed: httpx2.AsyncClient, outbox: Outbox, mailbox: Mailbox
) -> None:
    asked = {name: NEW[name] for name in ("username", "email")}
    assert (await client.post("/users", json=asked)).status_code == 202
    await outbox.close()
    chosen = {"token": mailbox.token, "password": NEW["password"]}
    answer = await closed.post("/users/confirm", json=chosen)
    assert (answer.status_code, answer.json()["code"]) == (403, "sign_up_off")
    assert "grace" not in (await closed.get(f"/sign-up/confirm?token={mailbox.token}")).text


async def test_administrators_make_accounts_all_the_same(closed: httpx2.AsyncClient) -> None:
    grace = Person(NEW["username"], NEW["password"])
    assert (await make_user(closed, grace))["username"] == "grace"
    assert await sign_in(closed, grace)


async def test_the_metadata_names_the_page_only_where_one_can_sign_up(
    client: httpx2.AsyncClient, closed: httpx2.AsyncClient
) -> None:
    document = (await client.get(METADATA)).json()
    assert document["sign_up_page"] == f"{document['issuer']}/sign-up"
    assert "sign_up_page" not in (await closed.get(METADATA)).json()
