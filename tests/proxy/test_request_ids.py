"""One id from the client's edge to the last log line."""

import re

import pytest

from testing.http import send
from testing.nginx import Proxy

OWN_ID = re.compile("[0-9a-f]{32}")


def ids(proxy: Proxy, path: str = "/items/", *sent: str) -> tuple[str, str]:
    """Return the id that the client got, and the one that the service got."""
    answer = send(proxy.url, path, headers=[("X-Request-ID", value) for value in sent])
    [received] = answer.headers.get_all("X-Request-ID") or []
    return received, dict(answer.json["headers"])["x-request-id"]


def test_a_request_gets_an_id_that_the_service_and_the_client_see(proxy: Proxy) -> None:
    client, service = ids(proxy)
    assert OWN_ID.fullmatch(client)
    assert client == service


def test_a_harmless_id_of_the_client_is_kept(proxy: Proxy) -> None:
    assert ids(proxy, "/items/", "order-4711.retry_2") == ("order-4711.retry_2",) * 2


@pytest.mark.parametrize("sent", ["short", "x" * 129, 'quote"quote', "with space", "new<line>"])
def test_any_other_id_is_replaced(proxy: Proxy, sent: str) -> None:
    client, service = ids(proxy, "/items/", sent)
    assert OWN_ID.fullmatch(client)
    assert client == service


def test_the_id_that_a_service_answers_with_is_not_added_to(proxy: Proxy) -> None:
    client, service = ids(proxy, "/items/?header=X-Request-ID:%20of-the-service")
    assert client == service != "of-the-service"


def test_an_error_of_the_proxy_names_the_id_in_header_and_body(proxy: Proxy) -> None:
    answer = send(proxy.url, "/nowhere", headers=[("X-Request-ID", "order-4711")])
    assert answer.headers["X-Request-ID"] == answer.json["request_id"] == "order-4711"
