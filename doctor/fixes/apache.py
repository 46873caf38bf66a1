"""Apache httpd 2.4.47 and later: what belongs into a `<VirtualHost>`."""

SNIPPETS = {
    "strip-the-prefix": """
ProxyPreserveHost On
ProxyPass "@PREFIX@/" "http://@UPSTREAM@/"
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
""",
    "keep-the-prefix": """
ProxyPreserveHost On
ProxyPass "@PREFIX@/" "http://@UPSTREAM@@PREFIX@/"
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
""",
    "public-host": """
ProxyPreserveHost On
""",
    "public-scheme": """
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
""",
    "own-redirects": """
ServerName https://example.com:443
UseCanonicalName On
""",
    "websocket": """
ProxyPass "@PREFIX@/" "http://@UPSTREAM@/" upgrade=websocket
""",
    "segment-boundary": """
RedirectMatch 308 "^@PREFIX@$" "@PREFIX@/"
ProxyPass "@PREFIX@/" "http://@UPSTREAM@/"
""",
    "encoded-slash": """
AllowEncodedSlashes NoDecode
ProxyPass "@PREFIX@/" "http://@UPSTREAM@/" nocanon
""",
    "client-headers": """
ProxyAddHeaders Off
RequestHeader set X-Forwarded-For expr=%{REMOTE_ADDR}
RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}
RequestHeader unset X-Forwarded-Host
RequestHeader unset X-Forwarded-Port
RequestHeader unset X-Forwarded-Prefix
RequestHeader unset Forwarded
""",
    "known-hosts": r"""
<If "%{HTTP_HOST} !~ /^example\.com(:\d+)?$/">
    Require all denied
</If>
""",
    "well-known": """
ProxyPass "/.well-known/oauth-authorization-server@PREFIX@" "http://@UPSTREAM@/.well-known/oauth-authorization-server"
ProxyPass "@PREFIX@/" "http://@UPSTREAM@/"
""",
}
