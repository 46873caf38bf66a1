"""HAProxy 2.6 and later: lines of the frontend or backend that are named. Paths pass byte for byte."""

SLASH = ("    http-request redirect code 308 location @PREFIX@/ if { path @PREFIX@ }\n",)

_FRONTEND = f"""
frontend public
{SLASH[0]}    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request del-header X-Forwarded-Host
    http-request del-header X-Forwarded-Port
    http-request del-header X-Forwarded-Prefix
    http-request del-header Forwarded
    use_backend service if {{ path_beg @PREFIX@/ }}

backend service
    timeout tunnel 1h  # WebSockets
"""

SNIPPETS = {
    "strip-the-prefix": _FRONTEND
    + r"""    http-request replace-path @PREFIX@/(.*) /\1
    server one @UPSTREAM@
""",
    "keep-the-prefix": _FRONTEND
    + """    server one @UPSTREAM@  # and no replace-path or set-path
""",
    "known-hosts": """
frontend public
    http-request deny deny_status 421 unless { req.hdr(host),field(1,:) -i example.com }
""",
    "well-known": """
frontend public
    use_backend metadata if { path /.well-known/oauth-authorization-server@PREFIX@ }
    use_backend metadata if { path @PREFIX@/.well-known/oauth-authorization-server }

backend metadata
    http-request set-path /.well-known/oauth-authorization-server
    server one @UPSTREAM@
""",
}
