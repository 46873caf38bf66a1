"""What to change in each proxy's configuration: one module per proxy, with the same settings in each."""

from doctor.fixes import apache, caddy, envoy, haproxy, nginx, traefik, unknown

_SNIPPETS = {
    "nginx": nginx.SNIPPETS,
    "caddy": caddy.SNIPPETS,
    "haproxy": haproxy.SNIPPETS,
    "apache": apache.SNIPPETS,
    "traefik": traefik.SNIPPETS,
    "envoy": envoy.SNIPPETS,
    "unknown": unknown.SNIPPETS,
}


def fix(proxy: str, setting: str) -> str:
    """Return the configuration of `proxy` that makes `setting` so, with @PREFIX@ and @UPSTREAM@."""
    return _SNIPPETS[proxy][setting].strip("\n")
