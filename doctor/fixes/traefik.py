"""Traefik 3: the dynamic configuration as a file; `entryPoints` belong into the static one."""

_SERVICE = """
  services:
    service:
      loadBalancer:
        servers:
          - url: http://@UPSTREAM@
"""

_ROUTER = """
http:
  routers:
    service:
      rule: Path(`@PREFIX@`) || PathPrefix(`@PREFIX@/`)
      service: service
"""

SNIPPETS = {
    "strip-the-prefix": _ROUTER
    + """      middlewares: [strip]
  middlewares:
    strip:
      stripPrefix:
        prefixes: ["@PREFIX@"]"""
    + _SERVICE,
    "keep-the-prefix": _ROUTER.rstrip("\n") + "  # and no stripPrefix middleware" + _SERVICE,
    "public-host": """
http:
  services:
    service:
      loadBalancer:
        passHostHeader: true  # the default: remove a false
        servers:
          - url: http://@UPSTREAM@
""",
    "public-scheme": """
entryPoints:
  web:
    forwardedHeaders:
      trustedIPs: ["10.0.0.0/8"]  # the proxy in front of Traefik, whose X-Forwarded-Proto is passed on
""",
    "own-redirects": """
http:
  middlewares:
    slash:
      redirectRegex:
        regex: ^(https?://[^/]+)@PREFIX@$
        replacement: ${1}@PREFIX@/
""",
    "websocket": """
# Traefik passes the upgrade on by itself: remove headers middlewares that change Connection or Upgrade
http:
  services:
    service:
      loadBalancer:
        servers:
          - url: http://@UPSTREAM@
""",
    "segment-boundary": _ROUTER.replace(
        "      service", "      # not PathPrefix(`@PREFIX@`)\n      service"
    ),
    "encoded-slash": """
entryPoints:
  web:
    http:
      encodedCharacters:
        allowEncodedSlash: true
""",
    "client-headers": """
entryPoints:
  web:
    forwardedHeaders:
      insecure: false
      trustedIPs: []  # only proxies in front of Traefik belong here
""",
    "known-hosts": """
http:
  routers:
    service:
      rule: Host(`example.com`) && (Path(`@PREFIX@`) || PathPrefix(`@PREFIX@/`))
      service: service
""",
    "well-known": """
http:
  routers:
    metadata:
      rule: Path(`/.well-known/oauth-authorization-server@PREFIX@`)
      middlewares: [metadata]
      service: service
  middlewares:
    metadata:
      replacePath:
        path: /.well-known/oauth-authorization-server
""",
}
