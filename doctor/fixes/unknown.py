"""A proxy that was not recognised: the settings in words. `--proxy NAME` shows one proxy's."""

SLASH = (", and redirect @PREFIX@ to it (Location: @PREFIX@/)",)

_ALL = """Match @PREFIX@/ as a prefix, and redirect @PREFIX@ to it (Location: @PREFIX@/).
Pass on Host with its port, 'Connection: Upgrade' and 'Upgrade: websocket' over HTTP/1.1; leave Location alone.
Set X-Forwarded-For and X-Forwarded-Proto anew; remove X-Forwarded-Host, -Port, -Prefix and Forwarded.
"""

SNIPPETS = {
    "strip-the-prefix": f"{_ALL}Remove @PREFIX@ from the path before it is passed on to http://@UPSTREAM@/.",
    "keep-the-prefix": f"{_ALL}Pass the path on to http://@UPSTREAM@ as it arrives, with @PREFIX@.",
    "public-scheme": "Set X-Forwarded-Proto to the scheme that the client used, replacing what it sent.",
    "encoded-slash": "Pass the path on byte for byte: no decoding of %2F, no merging of //.",
    "known-hosts": "Answer 421 to every Host that is not one of yours.",
    "well-known": "Route /.well-known/oauth-authorization-server@PREFIX@ and "
    "@PREFIX@/.well-known/oauth-authorization-server to the service.",
}
