"""How each proxy is told what a finding asks for: one module per proxy, the same settings in each."""

from doctor.mends import apache, caddy, envoy, haproxy, nginx, traefik, unknown

_SNIPPETS = {
    "nginx": nginx.SNIPPETS,
    "caddy": caddy.SNIPPETS,
    "haproxy": haproxy.SNIPPETS,
    "apache": apache.SNIPPETS,
    "traefik": traefik.SNIPPETS,
    "envoy": envoy.SNIPPETS,
    "unknown": unknown.SNIPPETS,
}


def mend(proxy: str, setting: str) -> str:
    """Return the configuration of `proxy` that makes `setting` so, with @PREFIX@ and @UPSTREAM@."""
    return _SNIPPETS[proxy][setting].strip("\n")
