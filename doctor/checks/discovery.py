"""OAuth and MCP discovery: walked as each kind of client does, to the first step at which it fails.

A client is asked for a token (401), finds the metadata of the resource (RFC 9728) by the challenge or by
inserting /.well-known into the address, there the authorization server, and its metadata by RFC 8414
(inserted) or OpenID Connect Discovery (appended). MCP clients try all of them in the order of the MCP
specification (2025-11-25), section "Authorization Server Discovery".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from doctor.addresses import host_of, is_below, origin_of, path_of, resolve, same_origin, scheme_of
from doctor.catalogue import Severity
from doctor.checks.token_urls import EndpointState, endpoint_state
from doctor.deployment import PROBE, Answer, NoAnswerError
from doctor.findings import Finding
from doctor.openapi import FlowUrl
from doctor.recognise import refuses_the_host
from doctor.subject import Subject, found

_RESOURCE = "/.well-known/oauth-protected-resource"
_OAUTH = "/.well-known/oauth-authorization-server"
_OPENID = "/.well-known/openid-configuration"
_NAMES_METADATA = re.compile(r'resource_metadata="?([^",\s]+)')
_ORIGIN = f"https://{PROBE}.invalid"  # a browser client's own; RFC 2606

BY_CHALLENGE = "MCP and RFC 9728, by the challenge"
BY_INSERTION = "MCP and RFC 9728, without a challenge"
BY_OAUTH = "OAuth 2.0 (RFC 8414)"
BY_OPENID = "OpenID Connect"
IN_A_BROWSER = "any of them in a browser"


@dataclass(frozen=True)
class _Document:
    """What one well-known address gave: the document, or the fault that stops a client there."""

    answer: Answer
    content: dict[str, Any] | None = None
    fault: str = ""
    """The kind of finding; empty where it is simply not there and a client goes on to the next address."""
    shown: str = ""


def _typed(subject: Subject) -> str:
    """Return the address that people type for what asks for a token: of several services that one's."""
    challenged = _challenged(subject)
    asked = challenged.url if challenged else subject.deployment.base
    bases = [service.base for service in subject.services if is_below(asked, service.base)]
    return max([subject.deployment.base, *bases], key=len)


def has_metadata(subject: Subject) -> bool:
    """Whether the address itself has metadata at one of the places where clients look first."""
    origin, prefix = subject.deployment.origin, subject.deployment.prefix
    documents = _read(subject, {BY_INSERTION: origin + _RESOURCE + prefix}, "resource")
    documents |= _read(subject, {BY_OAUTH: origin + _OAUTH + prefix}, "issuer")
    return any(document.content for document in documents.values())


def asks_for_a_token(subject: Subject) -> bool:
    """Whether anything that was asked is challenged for a bearer token, or `--oauth` says so."""
    return subject.options.oauth or _challenged(subject) is not None


def clients_find_the_authorization_server(subject: Subject) -> Iterator[Finding]:
    """Walk from the examined address to the token endpoint as each kind of client does."""
    challenged = _challenged(subject)
    named = _NAMES_METADATA.search(_challenge(challenged)) if challenged else None
    resources = _resource_metadata(subject, named[1] if named else "")
    if named and _leads_elsewhere(subject, named[1]) and not subject.options.oauth:
        return  # the deployment has another public name, under which it is to be examined
    given = next((document for document in resources.values() if document.content), None)
    servers = _authorization_servers(subject, given)
    issuer = next(iter(servers), "")
    metadata = _server_metadata(subject, issuer) if issuer else {}
    if given is None and not any(document.content for document in metadata.values()):
        # That nothing is at the origin either is no fault of its own.
        metadata = {}
    if not (named or given or metadata):
        if not subject.options.oauth:
            # Most services that ask for tokens have no metadata, and their clients know where tokens are had.
            subject.notes.append(
                f"{challenged.asked if challenged else ''} asks for a token, and no OAuth metadata was found. Where "
                "clients are to find it, --oauth says where they fail."
            )
            return
        yield from _nothing_found(subject, [*resources.values(), *metadata.values()])
        return
    findings = [
        *_judge_challenge(subject, challenged, named),
        *_judge_resource(subject, resources, given),
        *_judge_server(subject, issuer, metadata),
    ]
    documents = [each for each in (*resources.values(), *metadata.values()) if each.content]
    subject.metadata = [document.answer.url for document in documents]
    findings += _judge_browsers(subject, documents)
    _tell_clients(subject, resources, metadata, findings, challenged=bool(named))
    nobody = all(not said.startswith("finds") for said in subject.clients.values())
    for finding in findings:
        yield replace(finding, worse=Severity.BROKEN) if nobody else finding


def _challenged(subject: Subject) -> Answer | None:
    """Return the answer that asks for a bearer token, or for it knows not what."""
    for answer in (*subject.home, *subject.deployment.answers):
        if answer.status == 401 and is_below(answer.url, subject.deployment.base):
            challenge = _challenge(answer)
            if not challenge or "bearer" in challenge.lower():
                return answer
    return None


def _challenge(answer: Answer) -> str:
    return ", ".join(answer.headers.get_list("www-authenticate"))


def _resource_metadata(subject: Subject, named: str) -> dict[str, _Document]:
    """Ask every address at which clients look for the metadata of the resource."""
    deployment = subject.deployment
    urls = {}
    if named and same_origin(resolve(named, deployment.base), deployment.base):
        urls[BY_CHALLENGE] = resolve(named, deployment.base)
    elif named:
        subject.notes.append(
            f"The challenge names {named}, of another origin, which was not asked: examine the address that this "
            "deployment takes for its own."
        )
    path = path_of(_typed(subject) + "/").rstrip("/")
    urls[BY_INSERTION] = deployment.origin + _RESOURCE + path
    if path:
        urls["at the root"] = deployment.origin + _RESOURCE
    return _read(subject, urls, "resource")


def _authorization_servers(subject: Subject, given: _Document | None) -> list[str]:
    """Return the issuers that the resource names; those of other hosts are not asked."""
    deployment = subject.deployment
    if given is None or given.content is None:
        # Clients of the first MCP authorization (2025-03-26) take the origin.
        return [deployment.origin]
    named = given.content.get("authorization_servers")
    servers = [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
    for server in servers:
        if host_of(server) != host_of(deployment.base):
            subject.notes.append(
                f"The authorization server {server} is on another host and was not asked."
            )
    return [server for server in servers if host_of(server) == host_of(deployment.base)]


def _server_metadata(subject: Subject, issuer: str) -> dict[str, _Document]:
    """Ask every address at which clients look for the metadata of an authorization server."""
    deployment = subject.deployment
    path = path_of(issuer.rstrip("/") + "/").rstrip("/")
    # What is http on an https site is told by its own finding, and asked where it should be.
    origin = deployment.origin if _is_unsafe(subject, issuer) else origin_of(issuer)
    urls = {BY_OAUTH: origin + _OAUTH + path, BY_OPENID: origin + path + _OPENID}
    if path:
        urls["OpenID Connect, inserted"] = origin + _OPENID + path
        urls["OAuth 2.0, appended"] = origin + path + _OAUTH
    return _read(subject, urls, "issuer")


def _read(subject: Subject, urls: dict[str, str], key: str) -> dict[str, _Document]:
    subject.deployment.prefetch(urls.values())
    documents = {}
    for how, url in urls.items():
        try:
            documents[how] = _document(subject, subject.deployment.trail(url), key)
        except NoAnswerError as error:
            subject.notes.append(f"{error}.")
    return documents


def _document(subject: Subject, trail: list[Answer], key: str) -> _Document:
    """Judge one well-known address: what a client makes of its answer."""
    first, last = trail[0], trail[-1]
    if last.is_redirect:
        if scheme_of(last.location) == "http" and scheme_of(last.url) == "https":
            return _Document(first, None, "scheme-lost", last.in_words)
        return _Document(first, None, "metadata-redirected", last.in_words)
    if refuses_the_host(last):
        return _Document(first, None, "host-refused", last.in_words)
    if last.status in (401, 403):
        return _Document(first, None, "metadata-behind-sign-in", last.in_words)
    if last.status == 200 and last.is_html:
        return _Document(first, None, "metadata-is-html", last.in_words)
    content = last.json if last.status == 200 else None
    if isinstance(content, dict) and isinstance(content.get(key), str):
        return _Document(last, content)
    return _Document(first, shown=last.in_words)


def _judge_challenge(
    subject: Subject, challenged: Answer | None, named: re.Match[str] | None
) -> Iterator[Finding]:
    prefix = path_of(_typed(subject) + "/").rstrip("/")
    if challenged is None:
        return
    if not _challenge(challenged):
        shown = f"{challenged.in_words}, without WWW-Authenticate"
        yield found("challenge-lost", challenged, prefix, shown)
    elif named and _is_unsafe(subject, named[1]):
        yield found(
            "scheme-lost", challenged, prefix, f"WWW-Authenticate: {_challenge(challenged)}"
        )


def _judge_resource(
    subject: Subject, resources: dict[str, _Document], given: _Document | None
) -> Iterator[Finding]:
    prefix = path_of(_typed(subject) + "/").rstrip("/")
    for how, document in resources.items():
        if document.fault:
            yield found(document.fault, document.answer, prefix, document.shown)
        elif document.content is None and how in (BY_CHALLENGE, BY_INSERTION):
            yield found("resource-metadata-not-found", document.answer, prefix, document.shown)
    if given and given.content:
        resource, typed = given.content["resource"], _typed(subject)
        # A client takes the metadata of a folder for what is in it (MCP's SDKs; RFC 8707 section 2).
        if not is_below(typed, resource):
            shown = f"resource {resource!r}, and the address that people type is {typed!r}"
            yield found("resource-mismatch", given.answer, prefix, shown)


def _judge_server(
    subject: Subject, issuer: str, metadata: dict[str, _Document]
) -> Iterator[Finding]:
    path = path_of(issuer + "/").rstrip("/")
    there = [(how, document) for how, document in metadata.items() if document.content]
    is_openid = any(_OPENID in document.answer.url for _, document in there)
    for how, document in metadata.items():
        if document.fault and (there == [] or how in (BY_OAUTH, BY_OPENID)):
            yield found(document.fault, document.answer, path, document.shown)
        elif document.content is None and (
            how == BY_OAUTH or (how == BY_OPENID and is_openid) or (not there and how == BY_OPENID)
        ):
            yield found("well-known-not-found", document.answer, path, document.shown)
    for _, document in there[:1]:
        content = document.content or {}
        if content["issuer"].rstrip("/") != issuer.rstrip("/"):
            shown = f"issuer {content['issuer']!r}, and the resource names {issuer!r}"
            yield found("issuer-mismatch", document.answer, path, shown)
        yield from _judge_endpoints(subject, document, path)


def _judge_endpoints(subject: Subject, document: _Document, path: str) -> Iterator[Finding]:
    for name, place in (
        ("authorization_endpoint", "authorizationUrl"),
        ("token_endpoint", "tokenUrl"),
    ):
        url = (document.content or {}).get(name)
        if not isinstance(url, str):
            continue
        if _is_unsafe(subject, url):
            yield found("scheme-lost", document.answer, path, f"{name} {url!r} on an https site")
        elif same_origin(url, subject.deployment.base):
            state, asked = endpoint_state(subject.deployment, url, FlowUrl(place, url))
            if state is EndpointState.ABSENT:
                shown = f"{name} {url!r}; {asked} finds nothing"
                yield found("metadata-endpoint-not-found", document.answer, path, shown)


def _judge_browsers(subject: Subject, documents: list[_Document]) -> Iterator[Finding]:
    """Ask once more for what was found, as a page of another origin does (Fetch, section 4.9)."""
    for document in documents:
        answer = subject.deployment.get(document.answer.url, ("Origin", _ORIGIN))
        if answer.headers.get("access-control-allow-origin") not in ("*", _ORIGIN):
            shown = f"{answer.in_words}, without Access-Control-Allow-Origin"
            yield found("metadata-without-cors", answer, subject.deployment.prefix, shown)
            return


def _nothing_found(subject: Subject, documents: list[_Document]) -> Iterator[Finding]:
    subject.clients["every kind of client"] = "finds no metadata at any address"
    for document in documents[:1]:
        shown = document.shown or document.answer.in_words
        kind = document.fault or "resource-metadata-not-found"
        finding = found(kind, document.answer, subject.deployment.prefix, shown)
        yield replace(finding, worse=Severity.BROKEN)


def _tell_clients(
    subject: Subject,
    resources: dict[str, _Document],
    metadata: dict[str, _Document],
    findings: list[Finding],
    *,
    challenged: bool,
) -> None:
    """Say of each kind of client how far it comes."""
    faults = {finding.id: finding for finding in findings if finding.id != "metadata-without-cors"}
    later = [
        faults[kind]
        for kind in ("resource-mismatch", "issuer-mismatch", "metadata-endpoint-not-found")
        if kind in faults
    ]

    def says(*steps: _Document | None) -> str:
        for step in steps:
            if step is None or step.content is None:
                where = f"{step.answer.asked}: {step.shown}" if step else "the first step"
                return f"fails at {where}"
        return (
            f"fails at {later[0].asked}: {later[0].answered}"
            if later
            else "finds the token endpoint"
        )

    server = next((each for each in metadata.values() if each.content), None)
    server = server or metadata.get(BY_OAUTH)
    rows = [server] if metadata else []
    if challenged and BY_CHALLENGE in resources:
        subject.clients[BY_CHALLENGE] = says(resources[BY_CHALLENGE], *rows)
    if BY_INSERTION in resources:
        inserted = resources[BY_INSERTION]
        # Clients go on to the root where there is nothing, and stop at what is no JSON.
        root = resources.get("at the root")
        stops = inserted.content or inserted.fault or root is None
        subject.clients[BY_INSERTION] = says(inserted if stops else root, *rows)
    if metadata:
        subject.clients[BY_OAUTH] = says(metadata.get(BY_OAUTH))
        if any(each.content and _OPENID in each.answer.url for each in metadata.values()):
            subject.clients[BY_OPENID] = says(metadata.get(BY_OPENID))
    for finding in findings:
        if finding.id == "metadata-without-cors":
            subject.clients[IN_A_BROWSER] = f"fails at {finding.asked}: {finding.answered}"


def _leads_elsewhere(subject: Subject, url: str) -> bool:
    absolute = resolve(url, subject.deployment.base)
    return not same_origin(absolute, subject.deployment.base) and not _is_unsafe(subject, absolute)


def _is_unsafe(subject: Subject, url: str) -> bool:
    return scheme_of(subject.deployment.base) == "https" and scheme_of(url) == "http"
