"""Traefik 3: the dynamic configuration as a file; `entryPoints` belong into the static one.

Host, scheme and WebSockets are passed on by themselves, and forwarded headers of clients are not.
"""

SLASH = (
    """    slash:
      redirectRegex:
        regex: ^(https?://[^/]+)@PREFIX@$
        replacement: ${1}@PREFIX@/
""",
    "slash, ",
    "      middlewares: [slash]\n",
    "  middlewares: # of the slash\n",
)
_MIDDLEWARES = SLASH[3]

_ROUTER = """
http:
  routers:
    service:
      rule: Path(`@PREFIX@`) || PathPrefix(`@PREFIX@/`)
      middlewares: [MIDDLEWARES]
      service: service
  services:
    service:
      loadBalancer:
        servers:
          - url: http://@UPSTREAM@
"""

SNIPPETS = {
    "strip-the-prefix": _ROUTER.replace("MIDDLEWARES", "slash, strip")
    + """  middlewares:
    strip:
      stripPrefix:
        prefixes: ["@PREFIX@"]
"""
    + SLASH[0],
    "keep-the-prefix": _ROUTER.replace("MIDDLEWARES", "slash") + _MIDDLEWARES + SLASH[0],
    "public-scheme": """
entryPoints:
  web:
    forwardedHeaders:
      insecure: false
      trustedIPs: ["10.0.0.0/8"]  # the proxy in front of Traefik, whose X-Forwarded-Proto is passed on
""",
    "encoded-slash": """
entryPoints:
  web:
    http:
      encodedCharacters:
        allowEncodedSlash: true
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
