"""HAProxy 2.6 and later: lines of the frontend or backend that are named."""

_FRONTEND = """
frontend public
    use_backend service if { path @PREFIX@ } || { path_beg @PREFIX@/ }
"""

SNIPPETS = {
    "strip-the-prefix": _FRONTEND
    + r"""
backend service
    http-request replace-path @PREFIX@/?(.*) /\1
    server one @UPSTREAM@
""",
    "keep-the-prefix": _FRONTEND
    + """
backend service
    server one @UPSTREAM@  # and no replace-path or set-path
""",
    "public-host": """
backend service
    # Host is passed on as it is, unless a line such as `http-request set-header Host` changes it: remove that.
    server one @UPSTREAM@
""",
    "public-scheme": """
frontend public
    http-request set-header X-Forwarded-Proto https if { ssl_fc }
    http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
""",
    "own-redirects": """
frontend public
    http-request redirect code 308 location @PREFIX@/ if { path @PREFIX@ }
""",
    "websocket": """
backend service
    # The upgrade is passed on by itself: remove del-header lines for Connection and Upgrade.
    timeout tunnel 1h
    server one @UPSTREAM@
""",
    "segment-boundary": _FRONTEND,
    "encoded-slash": """
backend service
    # Paths are passed on byte for byte, unless `http-request normalize-uri` or `url_dec` changes them: remove those.
    server one @UPSTREAM@
""",
    "client-headers": """
frontend public
    http-request set-header X-Forwarded-For %[src]
    http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
    http-request del-header X-Forwarded-Host
    http-request del-header X-Forwarded-Port
    http-request del-header X-Forwarded-Prefix
    http-request del-header Forwarded
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
