"""nginx 1.22 and later: what belongs inside `server { }`, or is one."""

_HEADERS = """    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;  # behind a proxy that ends TLS: $http_x_forwarded_proto
    proxy_set_header X-Forwarded-Host "";
    proxy_set_header X-Forwarded-Port "";
    proxy_set_header X-Forwarded-Prefix "";
    proxy_set_header Forwarded "";
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_redirect off;
"""

SLASH = ("location = @PREFIX@ { return 308 @PREFIX@/; }\n",)
_SLASH = f"""
absolute_redirect off;
{SLASH[0]}"""

SNIPPETS = {
    "strip-the-prefix": f"""{_SLASH}location @PREFIX@/ {{
    proxy_pass http://@UPSTREAM@/;  # the slash at the end strips the prefix
{_HEADERS}}}
""",
    "keep-the-prefix": f"""{_SLASH}location @PREFIX@/ {{
    proxy_pass http://@UPSTREAM@;  # no slash at the end: the path arrives as it is
{_HEADERS}}}
""",
    "encoded-slash": f"""{_SLASH}location @PREFIX@/ {{
    # What the client sent, without the prefix: a path after proxy_pass would be decoded and merged.
    if ($request_uri !~ "^@PREFIX@(?<rest>/.*)$") {{ return 404; }}
    proxy_pass http://@UPSTREAM@$rest;
{_HEADERS}}}
""",
    "known-hosts": """
server {
    listen 80 default_server;  # and the same with 443 ssl
    return 421;  # a request for a host that no other server_name has
}
""",
    "well-known": """
location = /.well-known/oauth-authorization-server@PREFIX@ {
    proxy_pass http://@UPSTREAM@/.well-known/oauth-authorization-server;
}
location = @PREFIX@/.well-known/oauth-authorization-server {
    proxy_pass http://@UPSTREAM@/.well-known/oauth-authorization-server;
}
""",
}
