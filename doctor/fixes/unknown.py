"""A proxy that was not recognised: the settings in words. `--proxy NAME` shows one proxy's."""

SNIPPETS = {
    "strip-the-prefix": "Remove @PREFIX@ from the path before it is passed on to http://@UPSTREAM@/.",
    "keep-the-prefix": "Pass the path on to http://@UPSTREAM@ as it arrives, with @PREFIX@.",
    "public-host": "Pass the Host header on as it arrives, with its port, and do not rewrite Location.",
    "public-scheme": "Set X-Forwarded-Proto to the scheme that the client used, replacing what it sent.",
    "own-redirects": "Write redirects without scheme and host: Location: @PREFIX@/",
    "websocket": "Pass 'Connection: Upgrade' and 'Upgrade: websocket' on, over HTTP/1.1.",
    "segment-boundary": "Match @PREFIX@ exactly, and @PREFIX@/ as a prefix.",
    "encoded-slash": "Pass the path on byte for byte: no decoding of %2F, no merging of //.",
    "client-headers": "Overwrite X-Forwarded-For and -Proto; remove X-Forwarded-Host, -Port, -Prefix and "
    "Forwarded that clients send.",
    "known-hosts": "Answer 421 to every Host that is not one of yours.",
    "well-known": "Route /.well-known/oauth-authorization-server@PREFIX@ and "
    "@PREFIX@/.well-known/oauth-authorization-server to the service.",
}
