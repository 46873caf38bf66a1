"""`servers` of an OpenAPI document: where 'Try it out' and generated clients send requests."""

from collections.abc import Iterator

from doctor.addresses import host_of, path_of, resolve, scheme_of
from doctor.findings import Finding
from doctor.openapi import Spec
from doctor.subject import Service, Subject

_SAMPLES = 3


def servers_lead_to_the_service(subject: Subject) -> Iterator[Finding]:
    """Check that server and path together are public addresses that exist."""
    for service in subject.services:
        if spec := service.spec:
            yield from _check(subject, service, spec)


def _check(subject: Subject, service: Service, spec: Spec) -> Iterator[Finding]:
    prefix, asked = service.prefix, f"GET {spec.url}"
    shown = f"servers: {spec.servers}" if spec.servers else "no servers"
    for server in spec.servers:
        url = resolve(server, spec.url)
        if host_of(url) == host_of(spec.url) and (scheme_of(spec.url), scheme_of(url)) == (
            "https",
            "http",
        ):
            yield Finding("mixed-content", asked, f"{shown} on an https page", prefix)
            return
    if host_of(spec.base) != host_of(service.base):
        subject.notes.append(f"{spec.url} names the server {spec.base}, which was not asked.")
        return
    paths = spec.plain_paths
    repeated = [path for path in paths if prefix and path.startswith(f"{prefix}/")]
    if repeated and len(repeated) == len(paths) and path_of(spec.base) == prefix:
        yield Finding(
            "prefix-set-twice",
            asked,
            f"{shown}, path {repeated[0]}: {spec.base}{repeated[0]}",
            prefix,
        )
        return
    if spec.base == service.base:
        return
    deployment = subject.deployment
    for path in paths[:_SAMPLES]:
        named, right = spec.base + path, service.base + path
        if deployment.exists(named) is False and deployment.exists(right):
            known = path_of(spec.base).rstrip("/")
            is_inner = known and prefix.endswith(known)
            yield Finding(
                "outer-prefix-unknown" if is_inner else "servers-miss-prefix",
                asked,
                f"{shown}, path {path}: {named} does not exist, {right} does",
                prefix,
            )
            return
