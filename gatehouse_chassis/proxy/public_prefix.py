"""One prefix setting for every proxy: the scope says what the client sees before anything reads it.

The decision, its limits and its alternatives: docs/decisions/0001-one-setting-for-strip-and-keep.md
"""

from dataclasses import dataclass
from urllib.parse import quote

from starlette.types import Scope

from gatehouse_chassis.http.problems import BadRequest
from gatehouse_chassis.proxy.forwarded import PREFIX, TrustedProxies, apply_forwarded_headers


def normalise_root_path(text: str) -> str:
    """Returns a public prefix as `/a/b`, or "" for none.

    A missing leading slash and a trailing one are mended, because their meaning is clear. Anything
    else is refused with a ValueError, whose sentence continues the name of the setting.
    """
    text = text.strip()
    prefix = text.removesuffix("/")
    if prefix and not prefix.startswith("/"):
        prefix = f"/{prefix}"
    if not PREFIX.fullmatch(prefix):
        raise ValueError(
            f"is {text!r}; it must be a path such as /items, made of letters, digits and . _ ~ - "
            "between single slashes, without . or .. as a segment, or empty"
        )
    return prefix


def is_below(path: str, prefix: str) -> bool:
    """Whether `path` is `prefix` or goes on with a slash: /items/1 is below /items, /itemsx not."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


@dataclass(frozen=True, slots=True)
class PublicPrefix:
    """Lets a service answer rightly behind proxies that strip its prefix, keep it or add another.

    Args:
        root_path: the service's own public prefix, as `normalise_root_path` returns it.
        trusted_proxies: whose X-Forwarded-* headers are believed.
    """

    root_path: str
    trusted_proxies: TrustedProxies

    def trusts(self, scope: Scope) -> bool:
        """Whether the peer of the connection, as the server sees it, is a trusted proxy."""
        return self.trusted_proxies.trust_peer_of(scope)

    def public_scope(self, scope: Scope) -> Scope:
        """Returns a copy of an http or websocket scope that says what the client sees.

        Whatever the proxies did, `root_path` is the outer prefix + ROOT_PATH and `path` is
        `root_path` + the route's path, as the ASGI specification says; client, scheme and host are
        the client's own. Raises BadRequest for a request that has no such meaning, and RuntimeError
        when the server was given a root path of its own.
        """
        if scope.get("root_path"):
            raise RuntimeError(
                "Something in front of this service has already set the root path to "
                f"{scope['root_path']!r}. Remove --root-path from the server's command, or "
                "root_path= from FastAPI(), and set the service's ROOT_PATH instead: it serves "
                "proxies that strip the prefix and proxies that keep it."
            )
        path: str = scope["path"]
        if path and not path.startswith("/"):
            raise BadRequest("The request target must be a path that starts with a slash.")
        if "\n" in path:
            # A route's pattern ends before it too, so what limits a path in a proxy would not know this one.
            raise BadRequest("The path may hold no line break.")
        if not scope.get("query_string", b"").isascii():
            raise BadRequest("The query must be percent-encoded (RFC 3986 section 3.4).")

        public = dict(scope)
        outer = apply_forwarded_headers(public, self.trusted_proxies)
        # Proxies announce what they stripped: with or without the service's own prefix.
        if self.root_path and outer.endswith(self.root_path):
            outer = outer.removesuffix(self.root_path)
        public_root = outer + self.root_path
        if is_below(path, public_root):
            missing = ""
        elif is_below(path, self.root_path):
            missing = outer
        else:
            missing = public_root

        public["root_path"] = public_root
        public["path"] = missing + path
        # The raw path keeps what the client wrote (%2F, an encoded prefix); some servers give none.
        public["raw_path"] = missing.encode() + (scope.get("raw_path") or quote(path).encode())
        return public
