"""nginx 1.22 and later: what belongs inside `server { }`, or is one."""

SNIPPETS = {
    "strip-the-prefix": """
location @PREFIX@/ {
    proxy_pass http://@UPSTREAM@/;  # the slash at the end strips the prefix
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_redirect off;
}
""",
    "keep-the-prefix": """
location @PREFIX@/ {
    proxy_pass http://@UPSTREAM@;  # no slash at the end: the path arrives as it is
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_redirect off;
}
""",
    "public-host": """
proxy_set_header Host $http_host;  # $host would lose the port, no line at all the whole name
proxy_redirect off;
""",
    "public-scheme": """
proxy_set_header X-Forwarded-Proto $scheme;
# behind another proxy, and only there, in place of $scheme: $http_x_forwarded_proto
""",
    "own-redirects": """
absolute_redirect off;
""",
    "websocket": """
location @PREFIX@/ {
    proxy_pass http://@UPSTREAM@/;
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
    proxy_set_header Host $http_host;
}
""",
    "segment-boundary": """
location = @PREFIX@ { return 308 @PREFIX@/; }
location @PREFIX@/ { proxy_pass http://@UPSTREAM@/; }  # in place of: location @PREFIX@ { ... }
absolute_redirect off;
""",
    "encoded-slash": """
location @PREFIX@/ {
    # What the client sent, without the prefix: a path after proxy_pass would be decoded and merged.
    if ($request_uri !~ "^@PREFIX@(?<rest>/.*)$") { return 404; }
    proxy_pass http://@UPSTREAM@$rest;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
}
""",
    "client-headers": """
proxy_set_header X-Forwarded-For $remote_addr;  # not $proxy_add_x_forwarded_for
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host "";
proxy_set_header X-Forwarded-Port "";
proxy_set_header X-Forwarded-Prefix "";
proxy_set_header Forwarded "";
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
