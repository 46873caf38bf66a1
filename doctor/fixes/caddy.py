"""Caddy 2: what belongs into a site block of the Caddyfile; `{ }` at the start is the global block."""

SLASH = ("redir @PREFIX@ @PREFIX@/ 308\n",)

_BACKEND = """    reverse_proxy @UPSTREAM@ {
        # X-Forwarded-For, -Proto and -Host of clients are dropped unless trusted_proxies names them.
        header_up Host {http.request.hostport}
        header_up -X-Forwarded-Prefix
        header_up -X-Forwarded-Port
        header_up -Forwarded
    }
}
"""

SNIPPETS = {
    "strip-the-prefix": f"""
{SLASH[0]}handle_path @PREFIX@/* {{
{_BACKEND}""",
    "keep-the-prefix": f"""
{SLASH[0]}handle @PREFIX@/* {{
{_BACKEND}""",
    "encoded-slash": f"""
{SLASH[0]}handle @PREFIX@/* {{
    uri path_regexp ^@PREFIX@/ /  # in place of handle_path, which merges //
{_BACKEND}""",
    "public-scheme": """
{
    servers {
        # Caddy sends X-Forwarded-Proto by itself; behind another proxy it must be configured to trust that one.
        trusted_proxies static private_ranges
    }
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
