"""A Location never leaves the origin by accident."""

import re
from urllib.parse import quote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from gatehouse_chassis.proxy.redirects import (
    keep_location,
    relative_location,
    relative_path,
    with_relative_location,
)


def _scope(path: str = "/items/who", host: str = "api.example.com:8443") -> Scope:
    return {
        "type": "http",
        "scheme": "https",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": b"",
        "headers": [(b"host", host.encode())],
        "server": ("10.0.0.9", 8000),
    }


@pytest.mark.parametrize(
    ("base", "target", "reference"),
    [
        ("/items/things", "/items/things/", "things/"),
        ("/items/who/", "/items/who", "../who"),
        ("/items", "/items/", "items/"),
        ("/items/", "/items", "../items"),
        ("/items/things", "/auth/token", "../auth/token"),
        ("/items/things", "/items/", "./"),
        ("/items/things/", "/items/things/", "./"),
        ("/things", "/", "./"),
        ("/a/b/c", "/", "../../"),
        ("/items/x", "/items/time:12:30", "./time:12:30"),
        ("/items/x/", "/items/time:12", "../time:12"),
        ("/x", "//evil.example/", ".//evil.example/"),
        ("/x/", "//evil.example/", "..//evil.example/"),
        ("//evil.example/x", "//evil.example/x/", "x/"),
        ("/items//evil.example/", "/items//evil.example", "../evil.example"),
        ("/items/a%2Fb", "/items/a%2Fb/", "a%2Fb/"),
        ("/items/a/../things", "/items/things/", "things/"),
        ("/items/things", "/items/a/../../auth/./token", "../auth/token"),
        ("/x", "//evil.example/..", ".//"),
    ],
)
def test_a_reference_is_the_shortest_safe_one(base: str, target: str, reference: str) -> None:
    assert relative_path(base, target) == reference


@pytest.mark.parametrize(
    ("location", "relative"),
    [
        ("https://api.example.com:8443/items/who/", "who/"),
        ("HTTPS://API.example.com:8443/items/who/?a=/b#c?d", "who/?a=/b#c?d"),
        ("https://api.example.com:8443", "../"),
        ("https://api.example.com:8443?q=1", "../?q=1"),
        ("/items/who?next=https://x/", "who?next=https://x/"),
        ("/auth/token", "../auth/token"),
    ],
)
def test_a_location_of_our_own_becomes_relative(location: str, relative: str) -> None:
    assert relative_location(location, _scope()) == relative


@pytest.mark.parametrize(
    "location",
    [
        "https://other.example.com/items/",
        "http://api.example.com:8443/items/",
        "https://api.example.com/items/",
        "https://api.example.com:8443@other.example.com/",
        "mailto:someone@example.com",
        "who/",
        "../auth/token",
        "?page=2",
        "#top",
        "",
    ],
)
def test_another_origin_and_a_relative_reference_stay_as_they_are(location: str) -> None:
    assert relative_location(location, _scope()) == location


@pytest.mark.parametrize(
    ("location", "relative"),
    [
        ("//evil.example/..", "..//"),
        ("//evil.example/x", "..//evil.example/x"),
        ("/\\evil.example/x", "../%5Cevil.example/x"),
        ("\\\\evil.example/x", "../%5Cevil.example/x"),
        ("\\/evil.example/x", "..//evil.example/x"),
        ("/\t/evil.example/x", "..//evil.example/x"),
        (" //evil.example/x", "..//evil.example/x"),
        ("/\x01/evil.example/x", "../%01/evil.example/x"),
        ("https://api.example.com:8443//evil.example/x", "..//evil.example/x"),
        ("https://api.example.com:8443\\@evil.example/x", "../@evil.example/x"),
        ("https://api.example.com:8443/\\evil.example/x", "../%5Cevil.example/x"),
    ],
)
def test_a_made_up_path_cannot_become_a_host(location: str, relative: str) -> None:
    assert relative_location(location, _scope()) == relative


def test_a_path_at_the_root_of_the_origin_cannot_become_a_host_either() -> None:
    for location in ("//evil.example/x", "/\\evil.example/x", "/\t/evil.example/x"):
        assert not re.match(r"[/\\\s]", relative_location(location, _scope("/x")))


def test_a_host_that_is_missing_does_not_show_the_servers_address() -> None:
    scope = {**_scope(), "headers": []}
    assert relative_location("https://10.0.0.9:8000/items/who/", scope) == "who/"


@pytest.mark.parametrize(
    ("status", "location"), [(307, b"who/"), (201, b"who/"), (200, b"/items/who/")]
)
def test_only_redirects_and_created_resources_are_touched(status: int, location: bytes) -> None:
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [(b"Location", b"/items/who/"), (b"x-other", b"/items/who/")],
    }
    before = {**start}
    sent = with_relative_location(start, _scope())
    assert sent["headers"] == [(b"Location", location), (b"x-other", b"/items/who/")]
    assert start == before


_SEGMENT = st.text("ab:é. %+~", min_size=1, max_size=4).filter(lambda s: s not in (".", ".."))
_PATH = st.builds(
    lambda segments, slash: quote("/" + "/".join(segments) + slash),
    st.lists(_SEGMENT, min_size=1, max_size=4),
    st.sampled_from(["", "/"]),
)
_OUTER = st.sampled_from(["", "/outer", "/a/b"])


@given(base=_PATH, target=_PATH, outer=_OUTER)
def test_a_reference_leads_to_its_target_under_every_outer_prefix(
    base: str, target: str, outer: str
) -> None:
    origin = "https://api.example.com:8443"
    reference = relative_path(base, target)
    assert urljoin(origin + outer + base, reference) == origin + outer + target


@given(base=st.text("ab./:", max_size=8), target=st.text("ab./\\:%\t ?#", max_size=12))
def test_no_location_is_ever_a_url_or_a_network_path(base: str, target: str) -> None:
    reference = relative_location(f"/{target}", _scope(f"/{base}"))
    assert not re.match(r"[/\\\s]|[A-Za-z][A-Za-z0-9+.-]*:", reference)


def test_a_location_that_somebody_registered_is_kept_as_it_is() -> None:
    scope = {**_scope(), "state": {}}
    keep_location(scope)
    headers = [(b"location", b"https://api.example.com:8443/neighbour")]
    start = {"type": "http.response.start", "status": 303, "headers": headers}
    assert with_relative_location(start, scope)["headers"] == headers
