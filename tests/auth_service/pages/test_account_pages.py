"""The pages for a sign-up and a forgotten password: no script needed, nothing told, nothing done by opening a link."""

import re

import httpx2
import pytest
from sqlalchemy import func, select

from auth_service.mail.outbox import Outbox
from auth_service.tables import password_resets, sign_ups
from gatehouse_chassis.database import Database
from tests.auth_service.databases import on_both_databases
from tests.auth_service.mailbox import Mailbox
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, make_user, sign_in

ADA = Person("ada", "engine-of-9-difference-wheels")
EMAIL = "ada@example.com"
NEW_PASSWORD = "another-engine-of-5-wheels"
FORM = {"username": ADA.username, "email": EMAIL}
PAGES = (
    "/sign-up",
    "/sign-up/confirm",
    "/password-reset",
    "/password-reset/confirm",
    "/email/confirm",
)


async def post(
    outbox: Outbox, client: httpx2.AsyncClient, path: str, form: dict[str, str]
) -> httpx2.Response:
    """The answer, when all that comes after it is done."""
    answer = await client.post(path, data=form)
    await outbox.close()
    assert answer.headers["Content-Type"].startswith("text/html")
    return answer


def fields_of(page: httpx2.Response) -> dict[str, str]:
    """What the form of a page holds already."""
    return dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page.text))


@on_both_databases
async def test_a_person_signs_up_and_confirms_with_the_mailed_page(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    asked = await post(outbox, client, "/sign-up", FORM)
    assert (asked.status_code, "Look into your mail" in asked.text) == (202, True)
    page = await client.get(mailbox.link)
    form = fields_of(page)
    assert (page.status_code, form["username"]) == (200, ADA.username)
    weak = await post(outbox, client, "/sign-up/confirm", {**form, "password": "password1234"})
    assert (weak.status_code, "too easy to guess" in weak.text) == (422, True)
    assert fields_of(weak) == form
    taken = {**form, "username": DEMO.username, "password": ADA.password}
    refused = await post(outbox, client, "/sign-up/confirm", taken)
    assert (refused.status_code, "This username is taken" in refused.text) == (409, True)
    chosen = {**form, "password": ADA.password}
    done = await post(outbox, client, "/sign-up/confirm", chosen)
    assert (done.status_code, "The account ada is yours" in done.text) == (201, True)
    assert await sign_in(client, ADA)
    again = await post(outbox, client, "/sign-up/confirm", chosen)
    opened = await client.get(mailbox.link)
    for late in (again, opened):
        assert (late.status_code, "made your account already" in late.text) == (200, True)
        assert "No account was made" not in late.text


@on_both_databases
async def test_a_person_chooses_a_new_password_with_the_mailed_page(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    asked = await post(outbox, client, "/password-reset", {"username": "Ada"})
    assert asked.status_code == 202
    page = await client.get(mailbox.link)
    assert (page.status_code, 'value="ada"' in page.text) == (200, True)
    form = fields_of(page)
    weak = await post(
        outbox, client, "/password-reset/confirm", {**form, "new_password": "password1234"}
    )
    assert (weak.status_code, "too easy to guess" in weak.text) == (422, True)
    chosen = {**fields_of(weak), "new_password": NEW_PASSWORD}
    done = await post(outbox, client, "/password-reset/confirm", chosen)
    assert (done.status_code, "is set" in done.text) == (200, True)
    assert await sign_in(client, Person(ADA.username, NEW_PASSWORD))
    again = await post(outbox, client, "/password-reset/confirm", chosen)
    assert (again.status_code, "ask for a new one" in again.text) == (422, True)


async def test_the_name_to_be_shown_is_the_reader_s_choice_too(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await client.post("/users", json={**FORM, "display_name": "A rude word"})
    await outbox.close()
    form = fields_of(await client.get(mailbox.link))
    assert form["display_name"] == "A rude word"
    chosen = {**form, "display_name": "Ada", "password": ADA.password}
    assert (await post(outbox, client, "/sign-up/confirm", chosen)).status_code == 201
    me = await client.get("/users/me", headers=await bearer(client, ADA))
    assert me.json()["display_name"] == "Ada"


@on_both_databases
async def test_a_person_proves_another_address_with_the_mailed_page(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    headers = await bearer(client, ADA)
    change = {"current_password": ADA.password, "email": "new@example.com"}
    await client.put("/users/me/email", headers=headers, json=change)
    await outbox.close()
    page = await client.get(mailbox.link)
    assert (page.status_code, "<strong>new@example.com</strong>" in page.text) == (200, True)
    assert (await client.get("/users/me", headers=headers)).json()["email"] == EMAIL
    done = await post(outbox, client, "/email/confirm", fields_of(page))
    assert (done.status_code, "new@example.com is the mail address" in done.text) == (200, True)
    assert (await client.get("/users/me", headers=headers)).json()["email"] == "new@example.com"
    again = await post(outbox, client, "/email/confirm", fields_of(page))
    assert (again.status_code, "used or expired" in again.text) == (422, True)


@on_both_databases
async def test_opening_a_link_uses_nothing_up(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox, database: Database
) -> None:
    """Scanners of mail open every link, some with HEAD."""
    await make_user(client, ADA, email=EMAIL)
    await post(outbox, client, "/password-reset", {"username": ADA.username})
    await post(
        outbox, client, "/sign-up", {**FORM, "username": "grace", "email": "grace@example.com"}
    )
    for _, _, text in mailbox.mails:
        link = re.search(r"http\S+", text)
        assert link
        for method in ("GET", "HEAD", "GET"):
            await client.request(method, link[0])
    for table in (password_resets, sign_ups):
        row = await database.fetch_one(select(func.count().label("left")).select_from(table))
        assert row
        assert row["left"] == 1


async def test_the_page_answers_everybody_alike(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    await make_user(client, ADA, email=EMAIL)
    sign_ups_told = {
        (answer.status_code, answer.content)
        for changes in ({}, {"username": "grace"}, {"username": "grace", "email": "g@example.com"})
        for answer in [await post(outbox, client, "/sign-up", {**FORM, **changes})]
    }
    resets_told = {
        (answer.status_code, answer.content)
        for username in (ADA.username, ADMIN.username, "nobody")
        for answer in [await post(outbox, client, "/password-reset", {"username": username})]
    }
    assert (len(sign_ups_told), len(resets_told)) == (1, 1)
    assert len(mailbox.mails) == 3 + 1


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_loads_the_sites_own_files_alone_and_tells_no_other_site_where_it_was(
    shared_client: httpx2.AsyncClient, path: str
) -> None:
    page = await shared_client.get(path, params={"token": "x"})
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action "
    )
    assert "frame-ancestors 'none'" in policy
    assert re.findall(r"<script[^>]*>(.+?)</script>|<style", page.text) == []
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    # Relative, so right under every prefix; and never another site's.
    references = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
    assert references
    assert [name for name in references if re.match(r"/|\w+://", name)] == []


@pytest.mark.parametrize("path", ["/sign-up/confirm", "/password-reset/confirm", "/email/confirm"])
@pytest.mark.parametrize("token", ["", "x", "A" * 43, '"><script>', "\x00", "x" * 5000])
async def test_a_link_that_is_good_no_more_says_what_to_do(
    shared_client: httpx2.AsyncClient, path: str, token: str
) -> None:
    shown = await shared_client.get(path, params={"token": token})
    assert shown.status_code in {400, 422}
    assert "unknown, used or expired" in shown.text
    assert 'href="../' in shown.text
    sent = await shared_client.post(path, data={"token": token.replace("\x00", "")})
    assert sent.status_code in {400, 422}
    assert "<script>" not in shown.text + sent.text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"username": '"><script>alert(1)</script>'}, "A user name has 3 to 64"),
        ({"email": "ada"}, "This is no e-mail address."),
        ({"email": ""}, "This is no e-mail address."),
        ({"email": "\N{GREEK SMALL LETTER ALPHA}da@example.com"}, "many mail servers refuse"),
        ({"username": "\N{CYRILLIC SMALL LETTER A}da"}, "the letters of one alphabet"),
    ],
)
async def test_what_is_wrong_with_a_sign_up_is_said_and_the_rest_is_kept(
    shared_client: httpx2.AsyncClient, changes: dict[str, str], says: str
) -> None:
    answer = await shared_client.post("/sign-up", data={**FORM, **changes})
    assert (answer.status_code, says in answer.text) == (422, True)
    assert "<script>" not in answer.text
    if "username" not in changes:
        assert fields_of(answer)["username"] == ADA.username


@pytest.mark.parametrize("path", PAGES)
async def test_a_body_that_is_no_form_is_told_to_the_person(
    shared_client: httpx2.AsyncClient, path: str
) -> None:
    answer = await shared_client.post(path, json={"username": DEMO.username})
    assert answer.status_code == 400
    assert "The body must be a form" in answer.text


async def test_while_no_mail_server_is_set_the_page_says_where_the_mail_is(
    outbox: Outbox, client: httpx2.AsyncClient
) -> None:
    answer = await post(outbox, client, "/password-reset", {"username": "nobody"})
    assert "make logs S=auth" in answer.text


async def test_links_in_mails_do_not_follow_the_host_that_a_stranger_names(
    outbox: Outbox, client: httpx2.AsyncClient, mailbox: Mailbox
) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    await client.post("/sign-up", data=FORM, headers=headers)
    await outbox.close()
    assert "evil.example" not in mailbox.mails[0][2]
    assert mailbox.link
