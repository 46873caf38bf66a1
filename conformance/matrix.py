"""Every cell of the real matrix, the cells that cannot be, and a sample that pairs everything with everything."""

from conformance.deployments import THE_STACKS
from conformance.proxies import PROXIES
from conformance.run import Cell
from conformance.servers import SERVERS
from conformance.ways import WAYS, Way

PROXY_NAMES = (THE_STACKS, *PROXIES)


def cause_of_absence(proxy: str, way: Way) -> str:
    """Why there is no cell for a proxy and a way, or nothing."""
    if proxy != THE_STACKS:
        return ""
    if way.strips:
        return "The stack's own configuration keeps the prefix."
    if way.unix:
        return "proxy/gateway/start.sh takes the services' addresses as host:port."
    if way.outer:
        return "Every other proxy stands in front of it in this way: look there."
    if way.https and not way.in_a_row:
        return "It speaks plain HTTP; TLS ends at a proxy in front of it, as two proxies in a row."
    return ""


def all_cells() -> list[Cell]:
    """The whole matrix, one server after the other."""
    return [
        Cell(proxy, way.name, server)
        for server in SERVERS
        for proxy in PROXY_NAMES
        for way in WAYS
        if not cause_of_absence(proxy, way)
    ]


def sample() -> list[Cell]:
    """Every pair of a proxy and a way, of a proxy and a server, and of a way and a server, at least once."""
    servers = list(SERVERS)
    cells = [
        Cell(proxy, way.name, servers[(row + column) % len(servers)])
        for row, proxy in enumerate(PROXY_NAMES)
        for column, way in enumerate(WAYS)
        if not cause_of_absence(proxy, way)
    ]
    return sorted(cells, key=lambda cell: servers.index(cell.server))
