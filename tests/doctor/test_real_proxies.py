"""The other proxies with the configuration that is proposed for them: recognised, and clean but for
what each leaves open unless it is told."""

from pathlib import Path

import pytest

from testing.serving import served
from tests.doctor.command import run
from tests.doctor.configuration import proposed, running_proxy
from tests.doctor.services import service

# Only Caddy's site address names its hosts.
LEFT_OPEN = {
    "nginx": set[str](),
    "caddy": set[str](),
    "haproxy": {"host-trusted"},
    "apache": {"host-trusted"},
    "envoy": {"host-trusted"},
}


@pytest.mark.parametrize("way", ["strip", "keep"])
@pytest.mark.parametrize("proxy", LEFT_OPEN)
def test_a_proxy_is_recognised_and_each_proposed_block_is_right(
    proxy: str, way: str, tmp_path: Path
) -> None:
    """Whole as it is, with a WebSocket, a slash that is data and an address without its slash."""
    strips = way == "strip"
    app = (
        service(websocket="/ws")
        if strips
        else service(
            websocket="/ws", routes_prefix="/items", servers=["/"], token_url="/items/token"
        )
    )
    with served(app, root_path="/items" if strips else "") as port:
        lines = proposed(proxy, f"{way}-the-prefix", port)
        with running_proxy(proxy, lines, tmp_path, upstream=port) as origin:
            report = run(f"{origin}/items", "--json").report
    assert report["proxy"] == proxy
    assert "WebSockets" in report["examined"]
    assert {finding["id"] for finding in report["findings"]} == LEFT_OPEN[proxy]


@pytest.mark.parametrize("proxy", ["caddy", "nginx"])
def test_a_path_arrives_unchanged_after_the_mend(proxy: str, tmp_path: Path) -> None:
    faults = {"path-rewritten", "encoded-slash-refused"}
    with served(service(repeats_paths=True), root_path="/items") as port:
        found = []
        for setting in ("strip-the-prefix", "encoded-slash"):
            folder = tmp_path / setting
            folder.mkdir()
            lines = proposed(proxy, setting, port)
            with running_proxy(proxy, lines, folder, upstream=port) as origin:
                findings = run(f"{origin}/items", "--json").findings
            found.append(bool(faults & set(findings)))
    assert found == [True, False]
