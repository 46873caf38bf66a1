"""What to change in each proxy's configuration: one module per proxy, with whole blocks that are right.

`strip-the-prefix` and `keep-the-prefix` are whole: the boundary of the prefix, the slash behind it,
Host, scheme, the client's address, WebSockets, and no forwarded header of a client passed on. What
is set elsewhere, or in other words, has a name of its own.
"""

from doctor.fixes import apache, caddy, envoy, haproxy, nginx, traefik, unknown

_MODULES = {
    "nginx": nginx,
    "caddy": caddy,
    "haproxy": haproxy,
    "apache": apache,
    "traefik": traefik,
    "envoy": envoy,
    "unknown": unknown,
}
IF_STRIPPED = "# where the proxy strips the prefix:"
IF_KEPT = "# or, where it keeps the prefix:"


def fix(proxy: str, setting: str, way: str, *, prefix: str = "/") -> str:
    """Return the configuration of `proxy` that makes `setting` so, with @PREFIX@ and @UPSTREAM@.

    `way` is what this deployment does with the prefix, `strip`, `keep` or empty: then both blocks.
    Without a prefix there is no slash to add behind it.
    """
    snippets: dict[str, str] = dict(_MODULES[proxy].SNIPPETS)
    if not prefix:
        for name in ("strip-the-prefix", "keep-the-prefix"):
            for words in _MODULES[proxy].SLASH:
                snippets[name] = snippets[name].replace(words, "")
    kept = snippets["keep-the-prefix"].strip("\n")
    if setting == "encoded-slash" and way == "keep" and proxy != "traefik":
        return kept
    if setting in snippets:
        return snippets[setting].strip("\n")
    stripped = snippets["strip-the-prefix"].strip("\n")
    if way:
        return stripped if way == "strip" else kept
    return f"{IF_STRIPPED}\n{stripped}\n{IF_KEPT}\n{kept}"
