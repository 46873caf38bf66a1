"""A cell of the real matrix, running: proxies in front of the services, in one of the ways."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from conformance.proxies import PROXIES, Ports
from conformance.servers import Services, socket_address
from conformance.view import Behind, View
from conformance.ways import Way
from conformance.wire import SocketWire
from testing.certificates import HOST, Certificates
from testing.nginx import running_proxy
from testing.services import SAMPLE

THE_STACKS = "nginx, the stack's own"
"""The column of proxy/gateway/nginx.conf.template, run by proxy/gateway/start.sh."""

CLIENT, STRANGER, PEER = "127.0.0.7", "127.0.0.8", "127.0.0.1"
_PUBLISHED = 8443


@contextmanager
def running_deployment(
    proxy: str, way: Way, services: Services, folder: Path, certificates: Certificates
) -> Iterator[list[View]]:
    """Runs the proxies of one cell and yields its views; with two, both lead to the same service."""
    folder.mkdir()
    kind = PROXIES["nginx" if proxy == THE_STACKS else proxy]
    tls = ["tls"] if way.https else []
    with ExitStack() as running:
        nested = bool(way.outer) or way.in_a_row
        # An outer proxy stands in front of the stack's own nginx, unless the way says that the inner one strips or
        # that there are two of a kind.
        if proxy == THE_STACKS or (way.outer and not way.strips):
            inner = running.enter_context(_the_stacks(folder / "inner", services, behind=nested))
        else:
            options = (["strip"] if way.strips else []) + ([] if nested else tls)
            inner = running.enter_context(
                kind.in_front_of_services(
                    folder / "inner",
                    certificates,
                    auth=services.auth,
                    items=services.items,
                    options=options,
                    behind_another=nested,
                    loses_host=way.host_lost,
                )
            )
        outermost = inner
        if way.outer:
            options = tls + (["announce"] if way.outer == "announced" else [])
            outermost = running.enter_context(
                kind.in_front_of_gatehouse(
                    folder / "outer", certificates, gatehouse=inner.plain, options=options
                )
            )
        elif way.in_a_row:
            gatehouse = f"127.0.0.1:{inner.plain}"
            outermost = running.enter_context(
                kind.in_front_of_services(
                    folder / "outer", certificates, auth=gatehouse, items=gatehouse, options=tls
                )
            )
        views = [_view(way, outermost, services, certificates, "/outer" if way.outer else "")]
        if way.twice:
            views.append(_view(way, inner, services, certificates, ""))
        yield views


@contextmanager
def _the_stacks(folder: Path, services: Services, *, behind: bool) -> Iterator[Ports]:
    folder.mkdir()
    auth, items = (int(address.partition(":")[2]) for address in (services.auth, services.items))
    settings = {"GATEHOUSE_RATE_LIMIT_EXEMPT": "127.0.0.0/8"}
    if behind:
        settings["GATEHOUSE_TRUSTED_PROXIES"] = PEER
    with running_proxy(
        folder, ports={"auth": auth, "items": items}, settings=settings, services=SAMPLE
    ) as proxy:
        yield Ports(proxy.port, proxy.port)


def _view(
    way: Way, outermost: Ports, services: Services, certificates: Certificates, outer: str
) -> View:
    scheme, listening = ("https", outermost.tls) if way.https else ("http", outermost.plain)
    port = {"own": f":{listening}", "published": f":{_PUBLISHED}", "default": ""}[way.port]
    service = socket_address(services.items)
    on_unix = isinstance(service, str)
    return View(
        origin=f"{scheme}://{HOST}{port}",
        way=way,
        proxy=SocketWire(("127.0.0.1", listening), CLIENT, certificates.trust),
        behind=Behind(
            service=SocketWire(service, PEER),
            stranger=None if on_unix else SocketWire(service, STRANGER),
            address=services.items,
            client=CLIENT,
        ),
        outer=outer,
        plain=SocketWire(("127.0.0.1", outermost.plain), CLIENT) if way.https else None,
    )
