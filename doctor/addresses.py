"""URLs as browsers and proxies see them: origin, path, and what a reference resolves to."""

from urllib.parse import SplitResult, urljoin, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def port_of(url: str) -> int | None:
    """Return the port of `url`, also where the scheme implies it; None for other schemes."""
    address = urlsplit(url)
    return address.port or DEFAULT_PORTS.get(address.scheme)


def origin_of(url: str) -> str:
    """Return scheme, host and port of `url` (RFC 6454), without a port that the scheme implies."""
    address = urlsplit(url)
    host = f"[{address.hostname}]" if ":" in (address.hostname or "") else address.hostname
    implied = address.port in (None, DEFAULT_PORTS.get(address.scheme))
    return f"{address.scheme}://{host}" + ("" if implied else f":{address.port}")


def path_of(url: str) -> str:
    """Return the path of `url`, `/` where it has none."""
    return urlsplit(url).path or "/"


def host_of(url: str) -> str:
    """Return the host of `url` in lower case, without its port."""
    return urlsplit(url).hostname or ""


def scheme_of(url: str) -> str:
    """Return the scheme of `url` in lower case, empty for a relative reference."""
    return urlsplit(url).scheme


def same_origin(one: str, other: str) -> bool:
    """Whether a browser takes the two URLs for the same site."""
    return origin_of(one) == origin_of(other)


def is_https_twin(url: str, target: str) -> bool:
    """Whether `target` is `url` over https: the same host, and the port that the scheme implies or the same one.

    Any other port may be another deployment, which nobody asked to have examined.
    """
    if (scheme_of(url), scheme_of(target)) != ("http", "https") or host_of(url) != host_of(target):
        return False
    ports = (port_of(url), port_of(target))
    return ports == (DEFAULT_PORTS["http"], DEFAULT_PORTS["https"]) or ports[0] == ports[1]


def resolve(reference: str, base: str) -> str:
    """Resolve `reference` against `base` (RFC 3986 section 5), without its fragment."""
    return urljoin(base, reference).partition("#")[0]


def is_below(url: str, base: str) -> bool:
    """Whether `url` is `base` or lies below it, on a segment boundary."""
    own, prefix = path_of(url), urlsplit(base).path.rstrip("/")
    return same_origin(url, base) and (own == prefix or own.startswith(f"{prefix}/"))


def without_login(url: str) -> str:
    """Return `url` without the name and password in front of its host."""
    address = urlsplit(url)
    return address._replace(netloc=address.netloc.rpartition("@")[2]).geturl()


def is_well_formed(url: str) -> bool:
    """Whether `url` is an absolute http(s) URL with a host and a possible port."""
    try:
        address: SplitResult = urlsplit(url)
        port = address.port
    except ValueError:
        return False
    return address.scheme in ("http", "https") and bool(address.hostname) and port != 0
