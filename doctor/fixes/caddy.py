"""Caddy 2: what belongs into a site block of the Caddyfile; `{ }` at the start is the global block."""

SNIPPETS = {
    "strip-the-prefix": """
redir @PREFIX@ @PREFIX@/ 308
handle_path @PREFIX@/* {
    reverse_proxy @UPSTREAM@
}
""",
    "keep-the-prefix": """
handle @PREFIX@/* {
    reverse_proxy @UPSTREAM@
}
""",
    "public-host": """
reverse_proxy @UPSTREAM@ {
    header_up Host {http.request.hostport}
}
""",
    "public-scheme": """
{
    servers {
        # Caddy sends X-Forwarded-Proto by itself; behind another proxy it must be configured to trust that one.
        trusted_proxies static private_ranges
    }
}
""",
    "own-redirects": """
redir @PREFIX@ @PREFIX@/ 308
""",
    "websocket": """
# reverse_proxy passes the upgrade on by itself: remove header_up lines for Connection and Upgrade
handle_path @PREFIX@/* {
    reverse_proxy @UPSTREAM@
}
""",
    "segment-boundary": """
@service path @PREFIX@ @PREFIX@/*
handle @service {
    reverse_proxy @UPSTREAM@
}
""",
    "encoded-slash": """
handle @PREFIX@/* {
    uri path_regexp ^@PREFIX@/ /  # in place of handle_path, which merges //
    reverse_proxy @UPSTREAM@
}
""",
    "client-headers": """
# X-Forwarded-For, -Proto and -Host of clients are dropped unless trusted_proxies names them.
reverse_proxy @UPSTREAM@ {
    header_up -X-Forwarded-Prefix
    header_up -X-Forwarded-Port
    header_up -Forwarded
}
""",
    "known-hosts": """
@foreign not host example.com
respond @foreign 421
""",
    "well-known": """
handle /.well-known/oauth-authorization-server@PREFIX@ {
    rewrite * /.well-known/oauth-authorization-server
    reverse_proxy @UPSTREAM@
}
handle_path @PREFIX@/* {
    reverse_proxy @UPSTREAM@
}
""",
}
