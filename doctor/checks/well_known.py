"""OAuth metadata, where the OpenAPI document names OAuth: RFC 8414 and RFC 9728 under a prefix."""

from collections.abc import Iterator

from doctor.addresses import (
    host_of,
    origin_of,
    path_of,
    port_of,
    resolve,
    same_origin,
    scheme_of,
)
from doctor.checks.token_urls import endpoints_of
from doctor.deployment import Answer
from doctor.findings import Finding
from doctor.subject import Subject, found

_SERVER = "/.well-known/oauth-authorization-server"
_RESOURCE = "/.well-known/oauth-protected-resource"


def metadata_is_found_at_both_addresses(subject: Subject) -> Iterator[Finding]:
    """Ask for the metadata of every issuer at both spellings, and compare the issuer it names."""
    deployment = subject.deployment
    issuers = dict.fromkeys(
        resolve(".", endpoint).rstrip("/")
        for service in subject.services
        for endpoint in endpoints_of(service)
        if same_origin(endpoint, deployment.base)
    )
    for issuer in issuers:
        path = path_of(issuer + "/").rstrip("/")
        appended = deployment.get(issuer + _SERVER)
        inserted = deployment.get(origin_of(issuer) + _SERVER + path)
        named = [answer.json["issuer"] for answer in (appended, inserted) if _names_issuer(answer)]
        if not named:
            continue
        if named[0] == issuer:
            if path and len(named) == 1:
                missing = appended if _names_issuer(inserted) else inserted
                yield found("well-known-not-found", missing, path)
        elif _is_a_distortion(named[0], issuer):
            there = appended if _names_issuer(appended) else inserted
            yield found("issuer-mismatch", there, path, f"issuer {named[0]!r}, expected {issuer!r}")
    for service in subject.services:
        if issuers and service.prefix:
            buried = deployment.get(service.base + _RESOURCE)
            at_root = deployment.get(deployment.origin + _RESOURCE + service.prefix)
            if (
                isinstance(buried.json, dict)
                and "resource" in buried.json
                and at_root.status == 404
            ):
                yield found("well-known-not-found", at_root, service.prefix)


def _names_issuer(answer: Answer) -> bool:
    return (
        answer.status == 200
        and isinstance(answer.json, dict)
        and isinstance(answer.json.get("issuer"), str)
    )


def _is_a_distortion(named: str, issuer: str) -> bool:
    """Whether a proxy made `named` of `issuer`; a deployment may also have several public names."""
    if host_of(named) != host_of(issuer):
        return "." not in host_of(named) and "." in host_of(issuer)
    return (
        scheme_of(named) != scheme_of(issuer)
        or same_origin(named, issuer)
        or port_of(named) in (80, 443)
    )
