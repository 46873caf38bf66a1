"""The doctor finds nothing wrong with Gatehouse, at its own address and below an outer prefix."""

import pytest

from testing.stack import Stack
from tests.doctor.command import run

PLACES = ("", "/items", "/auth")

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("place", PLACES)
def test_gatehouse_is_clean(stack: Stack, place: str) -> None:
    result = run(stack.url + place, "--json")
    assert result.findings == [], result.output
    assert result.code == 0


@pytest.mark.parametrize("place", PLACES)
def test_below_an_outer_prefix_only_the_outer_proxy_is_asked_for_something(
    outer: str, place: str
) -> None:
    """RFC 9728 puts a service's metadata at the root of the host, which is the outer proxy's."""
    result = run(outer + place, "--json")
    assert set(result.findings) <= {"well-known-not-found"}, result.output


def test_the_page_for_all_services_leads_to_each_of_them(outer: str) -> None:
    assert run(outer, "--json").report["services"] == ["/outer/auth", "/outer/items"]


def test_a_service_is_the_same_through_the_proxy_and_directly(stack: Stack) -> None:
    result = run(f"{stack.url}/items", "--direct", stack.items_url, "--json")
    assert result.findings == [], result.output
    assert "paths at the backend" in result.report["examined"]


def test_an_empty_sign_in_is_sent_only_when_it_is_allowed(stack: Stack) -> None:
    result = run(f"{stack.url}/auth", "--allow-post", "--json")
    assert result.findings == [], result.output
