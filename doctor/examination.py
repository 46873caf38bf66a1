"""One examination: the checks in their order, each on what the earlier ones learned."""

from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass

from doctor.checks import (
    api_description,
    arrival,
    backend,
    boundaries,
    browser,
    cookies,
    discovery,
    page_files,
    page_policy,
    redirects,
    servers,
    token_urls,
    trust,
    websocket,
    well_known,
)
from doctor.checks.backend import way
from doctor.deployment import Deployment, LimitReachedError, NoAnswerError
from doctor.findings import Finding, in_order
from doctor.frameworks import Framework
from doctor.gateways import Gateway, gateway_of
from doctor.recognise import recognise
from doctor.subject import Options, Subject

Check = Callable[[Subject], Iterator[Finding]]

_NEEDS: dict[str, Callable[[Subject], bool]] = {
    "servers": lambda subject: any(service.spec for service in subject.services),
    "token and authorization URLs": lambda subject: any(
        service.spec for service in subject.services
    ),
    "files of the pages": lambda subject: bool(subject.pages),
    "OAuth and MCP discovery": discovery.asks_for_a_token,
    "content security policies": lambda subject: any(page.policies for page in subject.pages),
}
"""Themes that are not gone through, and not said to be, where nothing of their kind is there."""

_FIRST: dict[str, Check] = {
    "pages": arrival.open_pages,
    "OpenAPI documents": api_description.find_services,
}
_THEN: dict[str, Check] = {
    "files of the pages": page_files.files_of_pages_load,
    "content security policies": page_policy.policies_allow_pages,
    "servers": servers.servers_lead_to_the_service,
    "token and authorization URLs": token_urls.token_urls_lead_to_endpoints,
    "redirects": redirects.redirects_stay_public,
    "prefix boundary": boundaries.prefixes_end_at_a_slash,
    "encoded slashes": boundaries.encoded_slashes_arrive,
    "OAuth metadata": well_known.metadata_is_found_at_both_addresses,
    "OAuth and MCP discovery": discovery.clients_find_the_authorization_server,
    "forged headers": trust.client_headers_are_ignored,
    "cookies": cookies.cookies_keep_to_their_service,
}
_WITH_DIRECT: dict[str, Check] = {"paths at the backend": backend.paths_reach_the_backend}
_WITH_WEBSOCKETS: dict[str, Check] = {"WebSockets": websocket.websockets_open}


@dataclass(frozen=True)
class Report:
    """What an examination found.

    Attributes:
        url: what was examined.
        gateway: what stands in front of it, where it shows.
        proxy: the proxy that was recognised, or `unknown`.
        framework: what the service is made with, as far as it shows.
        way: what the proxy does with the prefix, `strip` or `keep`; empty where that is not known.
        services: the public prefixes of the services that were found.
        examined: the themes that were gone through.
        findings: the root cause first.
        notes: what could not be examined, in sentences.
        clients: how far each kind of OAuth client comes, by its name.
        unseen: what may be wrong and cannot show here, in sentences.
        requests: how many were made.
    """

    url: str
    gateway: Gateway | None
    proxy: str
    framework: Framework
    way: str
    services: list[str]
    examined: list[str]
    findings: list[Finding]
    notes: list[str]
    unseen: list[str]
    clients: dict[str, str]
    requests: int


def examine(
    deployment: Deployment,
    options: Options,
    *,
    proxy: str | None = None,
    ignored: Collection[str] = (),
    progress: Callable[[str], object] = lambda _theme: None,
) -> Report:
    """Examine a deployment, and call `progress` with each theme before it is gone through.

    Findings whose ids are `ignored` are left out, with what they explain.

    Raises NotExaminedError when there is nothing to examine.
    """
    subject = Subject(deployment, options)
    findings: list[Finding] = []
    examined: list[str] = []

    def run(checks: dict[str, Check]) -> None:
        for theme, check in checks.items():
            if theme in _NEEDS and not _NEEDS[theme](subject):
                continue
            progress(theme)
            try:
                findings.extend(check(subject))
                examined.append(theme)
            except NoAnswerError as error:
                subject.notes.append(f"{theme}: not examined to the end, because {error}.")

    try:
        run(_FIRST)
        if not subject.services and not findings:
            run({"what answers below the prefix": arrival.find_any_service})
        if subject.services:
            if options.direct:
                run(_WITH_DIRECT)
            if websocket.are_declared(subject):
                run(_WITH_WEBSOCKETS)
            run(_THEN)
            if options.browser:
                run({"pages in a browser": browser.pages_load_in_a_browser})
    except LimitReachedError as reached:
        subject.notes.append(str(reached))
    subject.notes.extend(arrival.unjudged(subject))
    ordered = in_order(findings)
    if left_out := sorted({finding.id for finding in ordered} & set(ignored)):
        subject.notes.append(f"Left out by --ignore: {', '.join(left_out)}.")
    known_way = ""
    with suppress(NoAnswerError, LimitReachedError):
        known_way = way(subject)
    return Report(
        url=deployment.base,
        gateway=gateway_of(deployment.base, deployment.answers),
        proxy=proxy or recognise(deployment),
        framework=subject.framework,
        way=known_way,
        services=[service.name for service in subject.services],
        examined=examined,
        findings=[finding for finding in ordered if finding.id not in ignored],
        notes=list(dict.fromkeys(subject.notes)),
        unseen=list(dict.fromkeys(subject.unseen)),
        clients=subject.clients,
        requests=deployment.requests,
    )
