"""What no server or library does by itself: one process, one setting, several prefixes at the same time."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.case import CASES
from conformance.deployments import running_deployment
from conformance.run import Cell, run_cell
from conformance.servers import SERVERS, running_services, socket_address
from conformance.view import View
from conformance.ways import WAYS
from conformance.wire import SocketWire
from testing.certificates import Certificates
from testing.nginx import find_nginx

_DIRECTLY = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C10", "C11", "C12", "C13", "C15", "C17")


@pytest.fixture
def views(tmp_path: Path) -> Iterator[list[View]]:
    """The service below /outer/items, below /items, and on its own port."""
    find_nginx()
    [way] = [way for way in WAYS if way.twice]
    certificates = Certificates(tmp_path)
    with (
        running_services(SERVERS["uvicorn"], tmp_path / "services") as services,
        running_deployment("nginx", way, services, tmp_path / "proxies", certificates) as proxied,
    ):
        direct = View(
            origin=f"http://{services.items}",
            way=way,
            proxy=SocketWire(socket_address(services.items), "127.0.0.7"),
            behind=proxied[0].behind,
        )
        yield [*proxied, direct]


def test_the_same_unchanged_process_answers_under_items_under_outer_items_and_directly_at_once(
    views: list[View],
) -> None:
    *proxied, direct = views
    assert [view.prefix for view in views] == ["/outer/items", "/items", "/items"]
    for _ in range(2):
        outcomes = run_cell(Cell("nginx", proxied[0].way.name, "uvicorn"), proxied)
        assert [str(outcome) for outcome in outcomes if outcome.is_bad] == []
        for name in _DIRECTLY:
            CASES[name].check(direct)
    assert len({view.get("/who").json["process"] for view in views}) == 1


def test_directly_it_answers_without_the_prefix_too(views: list[View]) -> None:
    direct = views[-1]
    for path in ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/sub/docs"):
        bare = direct.ask(direct.origin + path)
        assert bare.status == 200, path
        assert bare.body == direct.get(path).body
    assert direct.ask(f"{direct.origin}/static/d").header("location") == "d/"
    opened = direct.proxy.open_websocket(f"ws://{direct.host}/ws")
    assert f'"url":"ws://{direct.host}/items/ws"' in opened.message
