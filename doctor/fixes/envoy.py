"""Envoy: keys of the HttpConnectionManager filter."""

_VIRTUAL_HOST = """
route_config:
  virtual_hosts:
    - name: public
      domains: ["*"]
      routes:
"""

SNIPPETS = {
    "strip-the-prefix": _VIRTUAL_HOST
    + """        - match: {prefix: "@PREFIX@/"}
          route: {cluster: service, prefix_rewrite: "/"}
""",
    "keep-the-prefix": _VIRTUAL_HOST
    + """        - match: {path_separated_prefix: "@PREFIX@"}
          route: {cluster: service}  # and no prefix_rewrite
""",
    "public-host": _VIRTUAL_HOST
    + """        - match: {path_separated_prefix: "@PREFIX@"}
          route: {cluster: service}  # and no host_rewrite_literal or auto_host_rewrite
""",
    "public-scheme": """
# true where clients reach Envoy directly; behind another proxy xff_num_trusted_hops is how many there are
use_remote_address: true
xff_num_trusted_hops: 0
""",
    "own-redirects": _VIRTUAL_HOST
    + """        - match: {path: "@PREFIX@"}
          redirect: {path_redirect: "@PREFIX@/", response_code: PERMANENT_REDIRECT}
""",
    "websocket": """
upgrade_configs:
  - upgrade_type: websocket
""",
    "segment-boundary": _VIRTUAL_HOST
    + """        - match: {path_separated_prefix: "@PREFIX@"}  # not prefix: "@PREFIX@"
          route: {cluster: service}
""",
    "encoded-slash": """
path_with_escaped_slashes_action: KEEP_UNCHANGED
merge_slashes: false
""",
    "client-headers": """
use_remote_address: true
skip_xff_append: false
xff_num_trusted_hops: 0
route_config:
  request_headers_to_remove:
    - x-forwarded-host
    - x-forwarded-port
    - x-forwarded-prefix
    - forwarded
""",
    "known-hosts": """
route_config:
  virtual_hosts:
    - name: public
      domains: ["example.com", "example.com:*"]  # not "*"
""",
    "well-known": _VIRTUAL_HOST
    + """        - match: {path: "/.well-known/oauth-authorization-server@PREFIX@"}
          route: {cluster: service, prefix_rewrite: "/.well-known/oauth-authorization-server"}
""",
}
