"""User names in every script (RFC 8265), compared alike on both databases, and none that looks like another."""

import unicodedata

import httpx2
import pytest

from auth_service.users.names import username_key
from tests.auth_service.databases import on_both_databases
from tests.auth_service.people import ADMIN, DEMO, Person, bearer, refused
from tests.auth_service.users.test_new_users import pointers_of

PASSWORD = "compile-the-7-cobol-cards"
NEW = {"username": "grace", "email": "grace@example.com"}


def wide(text: str) -> str:
    """The same in the wide letters of East Asian keyboards."""
    return "".join(
        chr(ord(char) - ord("!") + ord("\N{FULLWIDTH EXCLAMATION MARK}")) for char in text
    )


@pytest.fixture
async def admin(client: httpx2.AsyncClient) -> dict[str, str]:
    return await bearer(client, ADMIN, scope="auth:admin")


async def make(client: httpx2.AsyncClient, admin: dict[str, str], username: str) -> httpx2.Response:
    body = {"username": username, "password": PASSWORD}
    return await client.post("/users", headers=admin, json=body)


@pytest.mark.parametrize(
    "username",
    [
        "Жанна",
        "Σίσυφος",
        "Straße",
        "Ñandú_7",
        "李明",
        "田中Taro",
        "たなかカナ",
        "김철수",
        "שלום",
        "हिन्दी",
        "محمد٣",
        "Ka\N{MODIFIER LETTER TURNED COMMA}iulani",
        "жанна@дом",
    ],
)
async def test_a_name_may_be_of_any_script(
    client: httpx2.AsyncClient, admin: dict[str, str], username: str
) -> None:
    answer = await make(client, admin, username)
    assert (answer.status_code, answer.json().get("username")) == (201, username)
    assert await bearer(client, Person(username, PASSWORD))


@on_both_databases
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Жанна", "ЖАННА"),
        ("Ångström", unicodedata.normalize("NFD", "ångström")),
        ("ada", wide("ADA")),
        ("Éva", "éVA"),
    ],
)
async def test_spellings_of_one_name_are_one_user(
    client: httpx2.AsyncClient, admin: dict[str, str], first: str, second: str
) -> None:
    assert (await make(client, admin, first)).status_code == 201
    assert (await make(client, admin, second)).status_code == 409
    assert await bearer(client, Person(second, PASSWORD))
    found = await client.get("/users", headers=admin, params={"q": second[:2]})
    assert first in [user["username"] for user in found.json()["items"]]


@pytest.mark.parametrize(
    ("username", "says"),
    [
        ("d\N{CYRILLIC SMALL LETTER IE}mo", "the letters of one alphabet"),
        ("dem\N{GREEK SMALL LETTER OMICRON}", "the letters of one alphabet"),
        ("demo\N{BENGALI DIGIT FOUR}", "the letters of one alphabet"),
        ("demo\N{ZERO WIDTH SPACE}", "A user name has"),
        ("dem\N{LATIN SMALL LIGATURE FI}", "A user name has"),
        ("demo\N{SNOWMAN}", "A user name has"),
        ("שלם-a", "A user name has"),
        ("жан на", "A user name has"),
        ("<жанна>", "A user name has"),
        (".жанна", "A user name has"),
        ("ж" * 65, "A user name has"),
        ("ж" * 10_000, "A user name has"),
        ("a b", "A user name has"),
    ],
)
async def test_a_name_that_is_refused_gets_a_sentence(
    shared_client: httpx2.AsyncClient, username: str, says: str
) -> None:
    answer = await shared_client.post("/users", json={**NEW, "username": username})
    assert pointers_of(answer) == ["#/username"]
    [error] = answer.json()["errors"]
    assert error["detail"].startswith("A user name has")
    assert says in error["detail"]
    assert "pattern" not in answer.text


@pytest.mark.parametrize(
    ("email", "says"),
    [
        ("\N{GREEK SMALL LETTER ALPHA}da@example.com", "before the @"),
        ("ada@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example", "xn--"),
        ("ada", "This is no e-mail address."),
    ],
)
async def test_an_address_that_is_refused_gets_a_sentence(
    shared_client: httpx2.AsyncClient, email: str, says: str
) -> None:
    answer = await shared_client.post("/users", json={**NEW, "email": email})
    assert pointers_of(answer) == ["#/email"]
    assert says in answer.json()["errors"][0]["detail"]
    assert "pattern" not in answer.text


async def test_all_spellings_of_a_name_share_one_counter(client: httpx2.AsyncClient) -> None:
    for name in ("demo", wide("DEMO"), "DEMO", wide("demo"), wide("D") + "emo"):
        answer = await client.post("/token", data=Person(name, "wrong").password_grant)
        assert answer.status_code == 400
    answer = await client.post("/token", data=Person(DEMO.username, "wrong").password_grant)
    assert refused(answer)[0] == 429


@pytest.mark.parametrize(
    "typed", ["Ada", "ada@Example.com", "a" * 100_000, "", "\x00", "A\N{SNOWMAN}"]
)
def test_whatever_was_typed_has_a_key(typed: str) -> None:
    assert username_key(typed) == typed.lower()
