"""Apache httpd 2.4.47 and later: what belongs into a `<VirtualHost>`."""

SLASH = ('RedirectMatch 308 "^@PREFIX@$" "@PREFIX@/"\n',)

_HEADERS = f"""
# Behind a proxy that ends TLS also: ServerName https://example.com and UseCanonicalName On
{SLASH[0]}ProxyPreserveHost On
ProxyAddHeaders Off
RequestHeader set X-Forwarded-For expr=%{{REMOTE_ADDR}}
RequestHeader set X-Forwarded-Proto expr=%{{REQUEST_SCHEME}}
RequestHeader unset X-Forwarded-Host
RequestHeader unset X-Forwarded-Port
RequestHeader unset X-Forwarded-Prefix
RequestHeader unset Forwarded
AllowEncodedSlashes NoDecode
"""

SNIPPETS = {
    "strip-the-prefix": _HEADERS
    + """ProxyPass "@PREFIX@/" "http://@UPSTREAM@/" nocanon upgrade=websocket
""",
    "keep-the-prefix": _HEADERS
    + """ProxyPass "@PREFIX@/" "http://@UPSTREAM@@PREFIX@/" nocanon upgrade=websocket
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
