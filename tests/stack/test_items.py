"""The life of an item through nginx."""

from uuid import uuid4

import pytest

from testing.stack import Stack, User


@pytest.fixture
def token(each_stack: Stack) -> str:
    return each_stack.sign_in()


def signed_up(stack: Stack) -> str:
    """Sign up somebody new, and return an access token."""
    user = User(f"user-{uuid4().hex[:12]}", f"passphrase-{uuid4().hex}")
    stack.make_user(user)
    return stack.sign_in(user)


def test_an_item_is_created_read_changed_and_deleted(each_stack: Stack, token: str) -> None:
    created = each_stack.call("POST", "/items/", token=token, json={"title": "Tea"})
    assert created.status == 201
    assert created.json["title"] == "Tea"
    location = created.headers["Location"]
    assert not location.startswith(("/", "http"))
    item = f"/items/{location.removeprefix('./')}"

    read = each_stack.call("GET", item, token=token)
    assert (read.status, read.headers["ETag"]) == (200, created.headers["ETag"])

    first = {"If-Match": read.headers["ETag"]}
    changed = each_stack.call("PATCH", item, token=token, json={"title": "Tee"}, headers=first)
    assert (changed.status, changed.json["title"]) == (200, "Tee")
    assert changed.headers["ETag"] != read.headers["ETag"]

    lost = each_stack.call("PUT", item, token=token, json={"title": "The"}, headers=first)
    assert (lost.status, lost.json["code"]) == (412, "precondition_failed")

    latest = {"If-Match": changed.headers["ETag"]}
    deleted = each_stack.call("DELETE", item, token=token, headers=latest)
    assert (deleted.status, deleted.body) == (204, b"")
    assert each_stack.call("GET", item, token=token).status == 404


def test_a_list_comes_in_pages_that_join(each_stack: Stack) -> None:
    token = signed_up(each_stack)
    for number in range(5):
        each_stack.call("POST", "/items/", token=token, json={"title": f"number {number}"})
    titles: list[str] = []
    query = "?limit=2"
    for _ in range(3):
        page = each_stack.call("GET", f"/items/{query}", token=token).json
        titles += [item["title"] for item in page["items"]]
        query = f"?limit=2&cursor={page['next_cursor']}"
    assert page["next_cursor"] is None
    assert sorted(titles) == [f"number {number}" for number in range(5)]


def test_the_item_of_another_user_is_not_found(each_stack: Stack, token: str) -> None:
    created = each_stack.call("POST", "/items/", token=token, json={"title": "Mine"})
    item = f"/items/{created.json['id']}"
    stranger = signed_up(each_stack)
    for method in ("GET", "DELETE"):
        assert each_stack.call(method, item, token=stranger).status == 404
    assert each_stack.call("GET", item, token=token).status == 200


def test_a_body_of_two_megabytes_is_refused(each_stack: Stack, token: str) -> None:
    answer = each_stack.call("POST", "/items/", token=token, json={"title": "x" * 2 * 1024 * 1024})
    assert (answer.status, answer.json["code"]) == (413, "content_too_large")


@pytest.mark.parametrize("body", [{"title": "a\u0000b"}, {"title": 7}, [], {"title": ""}])
def test_input_that_is_not_valid_is_refused_in_words(
    each_stack: Stack, token: str, body: object
) -> None:
    answer = each_stack.call("POST", "/items/", token=token, json=body)
    assert (answer.status, answer.json["code"]) == (422, "invalid_input")
    assert answer.json["errors"]
