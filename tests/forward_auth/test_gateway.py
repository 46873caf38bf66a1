"""The stack's own nginx in front of a program without a sign-in: an entry in `services.toml` is all it takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from testing.http import send
from testing.nginx import Proxy, running_proxy
from testing.outer_proxy import running_outer_proxy
from tests.forward_auth import corpus
from tests.forward_auth.conftest import SERVICES
from tests.forward_auth.corpus import Credentials


@pytest.fixture(scope="module")
def gateway(auth: int, dash: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    ports = {
        "auth": auth,
        **dict.fromkeys(("items", "wide_notes", "legacy", "dash", "vault"), dash),
    }
    folder = tmp_path_factory.mktemp("gateway")
    exempt = {"GATEHOUSE_RATE_LIMIT_EXEMPT": "127.0.0.0/8"}
    with running_proxy(folder, services=SERVICES, ports=ports, settings=exempt) as proxy:
        yield proxy


def test_who_may_passes_and_nobody_else(
    gateway: Proxy, demo: Credentials, admin: Credentials
) -> None:
    corpus.assert_rights_count(gateway.port, demo, admin)


def test_no_try_of_the_corpus_passes(gateway: Proxy) -> None:
    assert corpus.assert_none_passes(gateway.port) > 100


def test_only_the_word_of_auth_arrives(gateway: Proxy, demo: Credentials) -> None:
    corpus.assert_only_the_word_of_auth_arrives(gateway.port, demo)


def test_the_client_s_word_about_itself_arrives_at_no_service(gateway: Proxy) -> None:
    answer = send(
        gateway.url, "/legacy/", headers=[("Remote-User", "admin"), ("Remote_User", "admin")]
    )
    assert not [name for name, _ in answer.json["headers"] if name.startswith("remote")]


def test_no_cache_keeps_what_is_protected(gateway: Proxy, demo: Credentials) -> None:
    corpus.assert_nothing_is_cached(gateway.port, demo)


def test_a_browser_is_sent_to_sign_in_also_under_a_silent_prefix(
    gateway: Proxy, tmp_path: Path
) -> None:
    corpus.assert_the_way_leads_back(gateway.port)
    with running_outer_proxy(tmp_path, inner_port=gateway.port) as url:
        corpus.assert_the_way_leads_back(int(url.split(":")[2].partition("/")[0]), "/outer")


def test_a_websocket_is_protected_too(gateway: Proxy, demo: Credentials) -> None:
    url = f"ws://127.0.0.1:{gateway.port}/dash/live"
    with connect(url, additional_headers={"Cookie": demo.cookie}) as socket:
        assert socket.recv() == "dash at /dash/live"
    for headers in ({}, {"Cookie": demo.cookie, "Origin": "http://evil.example"}):
        with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=headers):
            pass
        assert refused.value.response.status_code in (401, 403)


def test_an_outage_of_auth_lets_nobody_pass(dash: int, demo: Credentials, tmp_path: Path) -> None:
    ports = {"auth": 1, **dict.fromkeys(("items", "wide_notes", "legacy", "dash", "vault"), dash)}
    with running_proxy(tmp_path, services=SERVICES, ports=ports) as proxy:
        answer = send(proxy.url, "/dash/", headers=[("Cookie", demo.cookie)])
    assert (answer.status, answer.json["status"]) == (503, 503)
    assert answer.headers["Retry-After"]
