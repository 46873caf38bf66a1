"""What a right answer of the API looks like. A wrong one is a sentence that says what to check."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from locust.contrib.fasthttp import ResponseContextManager
from locust.exception import RescheduleTask

# Locust counts failures by their text, so a sentence names no id and no time.
WHAT_TO_CHECK = {
    0: "nothing answered: is the stack still up (`make ps`)?",
    400: "the request was malformed: compare loadtests/ with the API's docs",
    401: "the token was refused: is GATEHOUSE_PUBLIC_URL the same for both services?",
    403: "the token lacks a scope: may this user read and write items?",
    404: "not found: did something else delete it?",
    412: "the version is another one: did something else change it?",
    422: "the input was refused: compare loadtests/ with the API's docs",
    429: "too many requests: spawn users more slowly or set GATEHOUSE_RATE_LIMIT_EXEMPT",
    500: "the service failed: look for the cause in `make logs`",
    502: "a service is down: see `make ps`",
    503: "a service is overloaded or not ready: see its /health/ready",
    504: "a service did not answer in time: are its workers busy or stuck (`make logs`)?",
}
ITEM_FIELDS = ("id", "title", "description", "owner_id", "created_at", "updated_at")


class WrongAnswer(RescheduleTask):
    """The answer is not what the API promises: the request fails, its user goes on elsewhere."""


@dataclass(frozen=True)
class Item:
    """An item as it was last seen. `etag` is its version, and empty when a list named it."""

    id: str
    title: str
    description: str
    etag: str = ""


@dataclass(frozen=True)
class Page:
    """A page of the list, and the cursor of the next one if there is one."""

    items: tuple[Item, ...]
    next_cursor: str | None


def expect_status(response: ResponseContextManager, *expected: int) -> None:
    """Raise WrongAnswer unless the status is one of `expected`."""
    status = response.status_code
    if status not in expected:
        advice = WHAT_TO_CHECK.get(status, "compare loadtests/ with the API's docs")
        wanted = " or ".join(str(code) for code in expected)
        raise WrongAnswer(f"{status or 'no answer'} instead of {wanted}: {advice}")


def object_in(response: ResponseContextManager) -> Mapping[str, Any]:
    """The JSON object in the body. Raises WrongAnswer."""
    try:
        body: object = response.json()
    except (TypeError, ValueError):
        body = None
    if not isinstance(body, dict):
        raise WrongAnswer("the body is no JSON object: does something else than Gatehouse answer?")
    return body


def header_in(response: ResponseContextManager, name: str) -> str:
    """The value of a header, empty when it is missing or there is more than one."""
    value = response.headers.get(name) if response.headers else None
    return value if isinstance(value, str) else ""


def item_in(response: ResponseContextManager) -> Item:
    """The item in the body, with its version from the ETag. Raises WrongAnswer."""
    etag = header_in(response, "etag")
    if not etag.endswith('"'):
        raise WrongAnswer("the answer has no ETag: does a proxy remove it?")
    return _item(object_in(response), etag)


def page_in(response: ResponseContextManager, limit: int) -> Page:
    """The page in the body, of at most `limit` items. Raises WrongAnswer."""
    body = object_in(response)
    items, cursor = body.get("items"), body.get("next_cursor")
    if not isinstance(items, list) or not (cursor is None or isinstance(cursor, str)):
        raise WrongAnswer("the body is no page of items: check `items` and `next_cursor`")
    if len(items) > limit:
        raise WrongAnswer("the page is longer than its limit: check `limit`")
    return Page(tuple(_item(item) for item in items), cursor)


def _item(body: object, etag: str = "") -> Item:
    if not isinstance(body, dict) or not all(isinstance(body.get(f), str) for f in ITEM_FIELDS):
        raise WrongAnswer(f"an item lacks a field: check {', '.join(ITEM_FIELDS)}")
    return Item(body["id"], body["title"], body["description"], etag)
