"""What counts as one client: its network."""

from ipaddress import IPv6Address, ip_address, ip_network


def client_network(address: str | None) -> str:
    """The IPv4 address, or the /64 of an IPv6 address, which one household has as a whole.

    nginx counts the same: `$client_network` in proxy/gateway/nginx.conf.template.
    """
    try:
        parsed = ip_address(str(address).partition("%")[0])  # without a zone, such as %eth0
    except ValueError:  # None, of a unix socket
        return str(address)
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)
