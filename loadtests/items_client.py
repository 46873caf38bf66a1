"""The items API as a user calls it: one method and one row of the report for each operation."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager

from loadtests.answers import Item, Page, WrongAnswer, expect_status, header_in, item_in, page_in
from loadtests.session import Session

PAGE_LIMIT = 20
ITEM_ROW = "/items/{item_id}"


class ItemsClient:
    """Calls the items API and checks every answer. Each method raises WrongAnswer."""

    def __init__(self, http: FastHttpSession, session: Session) -> None:
        self._http = http
        self._session = session

    def list(self, cursor: str | None = None) -> Page:
        """The first page, or the page at `cursor`."""
        if cursor is None:
            return self._page("/items/", {})
        return self._page("/items/?cursor", {"cursor": cursor})

    def list_all_before(self) -> Iterator[Item]:
        """Every item, on a row that is not part of the load."""
        cursor: str | None = ""
        while cursor is not None:
            page = self._page("/items/ [prepare]", {"cursor": cursor} if cursor else {})
            yield from page.items
            cursor = page.next_cursor

    def search(self, word: str) -> Page:
        """The first page of the items whose titles contain `word`."""
        return self._page("/items/?q", {"q": word}, word)

    def read(self, item_id: str, *, may_be_gone: bool) -> Item | None:
        """The item, or None when it is gone, which is wrong unless it `may_be_gone`."""
        with self._call("GET", item_id, (200, 404) if may_be_gone else (200,)) as response:
            if response.status_code == 404:
                # No failure, but it does other work than a hit and would blur that row's times.
                response.request_meta["name"] += " [gone]"
                return None
            item = item_in(response)
            if item.id != item_id:
                raise WrongAnswer(
                    "another item came back than was asked for: does a cache mix them?"
                )
            return item

    def create_before(self, title: str, description: str) -> Item:
        """A new item, on a row that is not part of the load."""
        return self.create(title, description, row="/items/ [prepare]")

    def create(self, title: str, description: str, *, row: str = "/items/") -> Item:
        """A new item."""
        body = {"title": title, "description": description}
        with self._call("POST", "", (201,), row=row, json=body) as response:
            item = item_in(response)
            _expect_contents(item, title, description)
            if not header_in(response, "location").endswith(item.id):
                raise WrongAnswer("Location does not name the new item: does a proxy rewrite it?")
            return item

    def change(self, item: Item, description: str) -> Item:
        """The item with a new description; no other user changes it, so its version is still known."""
        with self._call(
            "PATCH",
            item.id,
            (200,),
            headers={"If-Match": item.etag},
            json={"description": description},
        ) as response:
            changed = item_in(response)
            _expect_contents(changed, item.title, description)
            if changed.etag == item.etag:
                raise WrongAnswer("the ETag did not change with the item: check its version")
            return changed

    def delete(self, item_id: str) -> None:
        """Delete an item that no other user deletes."""
        with self._call("DELETE", item_id, (204,)):
            pass

    def delete_after(self, item_id: str) -> None:
        """Delete an item that may be gone already, on a row that is not part of the load."""
        with self._call("DELETE", item_id, (204, 404), row=f"{ITEM_ROW} [clean up]"):
            pass

    def _page(self, row: str, parameters: dict[str, str], word: str = "") -> Page:
        query = urlencode({"limit": str(PAGE_LIMIT), **parameters})
        with self._call("GET", f"?{query}", (200,), row=row) as response:
            page = page_in(response, PAGE_LIMIT)
            if not all(word.lower() in item.title.lower() for item in page.items):
                raise WrongAnswer("an item was found whose title lacks the word: check the search")
            return page

    @contextmanager
    def _call(
        self,
        method: str,
        path: str,
        expected: tuple[int, ...],
        *,
        row: str = ITEM_ROW,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> Iterator[ResponseContextManager]:
        with self._http.request(
            method,
            f"/items/{path}",
            name=row,
            headers={**self._session.authorization(), **(headers or {})},
            json=json,
            # A redirect would hide that the path is wrong and count two requests as one.
            allow_redirects=False,
            catch_response=True,
        ) as response:
            try:
                expect_status(response, *expected)
                yield response
            except WrongAnswer as wrong:
                response.failure(str(wrong))
                if response.status_code == 401:
                    self._session.forget()
                raise
            response.success()


def _expect_contents(item: Item, title: str, description: str) -> None:
    if (item.title, item.description) != (title, description):
        raise WrongAnswer("the item differs from what was written: was another user's answer sent?")
