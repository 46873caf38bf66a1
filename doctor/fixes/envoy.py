"""Envoy: keys of the HttpConnectionManager filter."""

SLASH = (
    """        - match: {path: "@PREFIX@"}
          redirect: {path_redirect: "@PREFIX@/", response_code: PERMANENT_REDIRECT}
""",
)

_MANAGER = """
# true where clients reach Envoy directly; behind another proxy xff_num_trusted_hops is how many there are
use_remote_address: true
xff_num_trusted_hops: 0
path_with_escaped_slashes_action: KEEP_UNCHANGED
merge_slashes: false
upgrade_configs:
  - upgrade_type: websocket
route_config:
  request_headers_to_remove: [x-forwarded-host, x-forwarded-port, x-forwarded-prefix, forwarded]
  virtual_hosts:
    - name: public
      domains: ["*"]
      routes:
""" + SLASH[0]

SNIPPETS = {
    "strip-the-prefix": _MANAGER
    + """        - match: {prefix: "@PREFIX@/"}
          route: {cluster: service, prefix_rewrite: "/"}
""",
    "keep-the-prefix": _MANAGER
    + """        - match: {prefix: "@PREFIX@/"}
          route: {cluster: service}  # and no prefix_rewrite
""",
    "known-hosts": """
route_config:
  virtual_hosts:
    - name: public
      domains: ["example.com", "example.com:*"]  # not "*"
""",
    "well-known": """
route_config:
  virtual_hosts:
    - name: public
      domains: ["*"]
      routes:
        - match: {path: "/.well-known/oauth-authorization-server@PREFIX@"}
          route: {cluster: service, prefix_rewrite: "/.well-known/oauth-authorization-server"}
""",
}
