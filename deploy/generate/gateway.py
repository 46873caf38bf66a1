"""The parts of nginx's configuration that name services."""

import re
from collections.abc import Mapping

from gatehouse_chassis.services import DEFAULT_READ_TIMEOUT, ServiceEntry, path_expression

FIRST_PORT = 8001
AUTHORIZATION_SERVER = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
)
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"


def addresses(services: Mapping[str, ServiceEntry]) -> str:
    """What `start.sh` knows: the prefix of auth, and of each service its variables, prefix, address and limit.

    A service listens on the port after that of the one before it, unless its variables say otherwise.
    """
    lines, port = [], FIRST_PORT
    for service in services.values():
        address = service.upstream or f"127.0.0.1:{port}"
        port += service.is_ours
        lines.append(f"{service.name.upper()} {service.prefix} {address} {service.body_limit}")
    listed = "\n".join(lines)
    return f"AUTH_PREFIX={services['auth'].prefix}\nSERVICES='{listed}'"


def sign_in_limit(services: Mapping[str, ServiceEntry]) -> str:
    """The requests that are counted, as lines of a map of `exempt method path`, in both spellings of a path."""
    lines = []
    for service in services.values():
        for one in service.sign_in_limit:
            method, _, path = one.partition(" ")
            lines += [
                f'"0 {method} {service.prefix}{spelling}" $counted_client;'
                for spelling in (path, f"{path}/")
            ]
    return "\n".join(lines)


def cors(services: Mapping[str, ServiceEntry]) -> str:
    """The origins whose pages may read a service's answers, as lines of a map that `start.sh` writes."""
    return "\n".join(f"@{service.name.upper()}_CORS@" for service in services.values())


def upstreams(services: Mapping[str, ServiceEntry]) -> str:
    """A group of connections for each service, to the servers that `start.sh` writes."""
    return "\n".join(
        f"""\
upstream {service.name} {{
    @{service.name.upper()}_SERVERS@
    keepalive 32;
    keepalive_timeout 3s;
}}"""
        for service in services.values()
    )


def locations(services: Mapping[str, ServiceEntry]) -> str:
    """Where each service is found, on the boundary of a segment, and its well-known addresses."""
    parts: list[str] = []
    exceptions: list[str] = []
    for service in services.values():
        passes = f"proxy_pass http://{service.name};"
        limit = f"client_max_body_size @{service.name.upper()}_BODY_LIMIT@;"
        waits_longer = service.read_timeout != DEFAULT_READ_TIMEOUT
        timeout = f" proxy_read_timeout {service.read_timeout}s;" if waits_longer else ""
        others = {
            path: f"client_max_body_size {largest};"
            for path, largest in _body_limits(service).items()
        }
        of_root = others.get(_expression(service, "/"), limit)  # "=" wins over an expression
        tail = f"{timeout} {passes}"
        if service.require:
            tail += _protection(service.name)
            parts.append(_verification(service, services["auth"].prefix))
        parts += [
            f"location = {service.prefix} {{ {of_root}{tail} }}",
            f"location {service.prefix}/ {{ {limit}{tail} }}",
        ]
        exceptions += [f"location ~ ^{path}$ {{ {other}{tail} }}" for path, other in others.items()]
        if service.is_ours or service.scopes:
            # Resources below the prefix have metadata too: the second is for /items/mcp and its like.
            parts += [
                f"location = {PROTECTED_RESOURCE}{service.prefix} {{ {passes} }}",
                f"location {PROTECTED_RESOURCE}{service.prefix}/ {{ {passes} }}",
            ]
        if service.name == "auth":
            parts += [
                f"location = {document}{service.prefix} {{ {passes} }}"
                for document in AUTHORIZATION_SERVER
            ]
    prefixes = "|".join(re.escape(service.prefix) for service in services.values())
    parts += [
        "# Metrics are for the inside; a regular expression wins over the prefixes above.",
        f"location ~* ^({prefixes})/metrics(/|$) {{ return 404; }}",
        *exceptions,  # the first expression wins, so these pass no metrics
    ]
    return "\n".join(parts)


_PASSED = 'include "@PROXY_HOME@/passed_headers.conf";'  # a location with headers of its own inherits none


def _protection(name: str) -> str:
    """What else a location has whose service has no sign-in (`require`)."""
    return (
        f' auth_request /_verify/{name}; {_PASSED} include "@PROXY_HOME@/protected.conf";'
        f" error_page 401 403 = @refused_{name};"
    )


def _verification(service: ServiceEntry, auth_prefix: str) -> str:
    """What nginx asks auth before it passes a request on, and again for the answer to one that may not pass."""
    verify = f"{auth_prefix}/verify?require={','.join(service.require)}"
    # auth_request takes no redirect, which auth gives only where it is told what is asked for.
    return f"""\
location = /_verify/{service.name} {{
    internal;
    {_PASSED} include "@PROXY_HOME@/verify.conf";
    proxy_set_header X-Forwarded-Uri "";
    proxy_pass http://auth{verify};
}}
location @refused_{service.name} {{
    {_PASSED} include "@PROXY_HOME@/verify.conf";
    proxy_set_header X-Forwarded-Uri $request_uri;
    set $cache_control "";
    set $verify {verify};
    proxy_pass http://auth$verify;
}}"""


def _body_limits(service: ServiceEntry) -> dict[str, int]:
    """The largest body for each path of `body_limits`: a location knows no method."""
    limits: dict[str, int] = {}
    for route, limit in service.body_limits.items():
        path = _expression(service, route.partition(" ")[2])
        limits[path] = max(limit, limits.get(path, 0))
    return limits


def _expression(service: ServiceEntry, template: str) -> str:
    return re.escape(service.prefix) + path_expression(template)
