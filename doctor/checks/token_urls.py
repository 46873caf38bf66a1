"""`tokenUrl` and `authorizationUrl`: where 'Authorize' goes, by both readings."""

import posixpath
from collections.abc import Iterator
from enum import Enum, auto

from doctor.addresses import host_of, is_below, path_of, resolve, same_origin, scheme_of
from doctor.deployment import PROBE, Deployment
from doctor.findings import Finding
from doctor.openapi import FlowUrl, Spec
from doctor.subject import Service, Subject
from doctor.swagger_ui import openapi_address, swagger_ui_address

_NO_VERDICT = (429, 500, 502, 503, 504)


class EndpointState(Enum):
    """What is known of an endpoint."""

    THERE = auto()
    ABSENT = auto()
    REDIRECTS = auto()
    UNKNOWN = auto()


def token_urls_lead_to_endpoints(subject: Subject) -> Iterator[Finding]:
    """Check every URL of every OAuth2 flow as Swagger UI and as the OpenAPI text resolves it."""
    for service in subject.services:
        if spec := service.spec:
            for flow_url in spec.flow_urls:
                yield from _check(subject, service, spec, flow_url)


def endpoints_of(service: Service) -> Iterator[str]:
    """Yield the absolute URLs of the token endpoints as the docs page uses them."""
    if spec := service.spec:
        for flow_url in spec.flow_urls:
            if flow_url.place.endswith("tokenUrl"):
                yield _addresses(service, spec, flow_url)[0]


def _addresses(service: Service, spec: Spec, flow_url: FlowUrl) -> tuple[str, str]:
    """Return what the docs page makes of the URL, and what the OpenAPI text does."""
    by_the_text = openapi_address(flow_url.url, document=spec.url, server=spec.server)
    if service.page is None:
        return by_the_text, by_the_text
    if service.page_resolves_specs:
        # The page's own script resolves every URL before Swagger UI sees it.
        return resolve(flow_url.url, spec.url), by_the_text
    in_the_page = swagger_ui_address(flow_url.url, page=service.page.url, server=spec.server)
    return in_the_page, by_the_text


def _check(subject: Subject, service: Service, spec: Spec, flow_url: FlowUrl) -> Iterator[Finding]:
    deployment, prefix = subject.deployment, service.prefix
    used, by_the_text = _addresses(service, spec, flow_url)
    written = f"{flow_url.place}: {flow_url.url!r}"
    if scheme_of(deployment.base) == "https" and scheme_of(used) == "http":
        yield Finding("mixed-content", f"GET {spec.url}", f"{written} on an https page", prefix)
        return
    if host_of(used) != host_of(deployment.base) or not same_origin(used, deployment.base):
        subject.notes.append(f"{written} is {used}, of another origin, which was not asked.")
        return
    state, shown = endpoint_state(deployment, used, flow_url)
    if state is EndpointState.ABSENT:
        advice = _advice(deployment, service, flow_url)
        yield Finding("token-url-not-found", shown, f"not found ({written})", prefix, advice)
    elif state is EndpointState.REDIRECTS:
        answer = deployment.sample(used)
        yield Finding("token-url-redirected", shown, f"{answer.in_words} ({written})", prefix)
    elif state is EndpointState.THERE and by_the_text != used and same_origin(by_the_text, used):
        strict, asked = endpoint_state(deployment, by_the_text, flow_url)
        if strict is EndpointState.ABSENT:
            yield Finding(
                "token-url-by-the-text",
                asked,
                f"not found ({written} against the server {spec.server or '/'!r}); Swagger UI uses {used}",
                prefix,
            )


def endpoint_state(
    deployment: Deployment, url: str, flow_url: FlowUrl
) -> tuple[EndpointState, str]:
    """Find out, without a POST unless it is allowed, whether an endpoint answers at `url`.

    405, 400, 401 and 422 for a GET prove one, unless a neighbour that cannot exist gets the same;
    an HTML page where tokens are issued is another application's.
    """
    if flow_url.is_token_endpoint and deployment.allow_post:
        answer = deployment.sample(url, method="POST")
        if answer.status in (404, 405):
            return EndpointState.ABSENT, answer.asked
        return (
            EndpointState.REDIRECTS if answer.is_redirect else EndpointState.THERE
        ), answer.asked
    answer = deployment.sample(url)
    if not flow_url.is_token_endpoint:
        exists = deployment.exists(url)
        state = {
            True: EndpointState.THERE,
            False: EndpointState.ABSENT,
            None: EndpointState.UNKNOWN,
        }[exists]
        return state, answer.asked
    if answer.is_redirect:
        return EndpointState.REDIRECTS, answer.asked
    if answer.status == 200 and answer.is_html:
        return EndpointState.ABSENT, answer.asked
    control = deployment.sample(resolve(PROBE, url))
    if answer.status == 404:
        # Some frameworks answer 404 and not 405 to the wrong method, but list the right ones; so do
        # proxies for every address that they know nothing of.
        allowed = [_allows_post(deployment, each.url) for each in (answer, control)]
        return (
            EndpointState.THERE if allowed == [True, False] else EndpointState.ABSENT
        ), answer.asked
    if answer.likeness == control.likeness:
        # The same for every address: nothing is there, or nothing can be told (a login, an outage).
        inside = is_below(url, deployment.base)
        nothing = answer.status == 200 or (answer.status == 503 and not inside)
        return (EndpointState.ABSENT if nothing else EndpointState.UNKNOWN), answer.asked
    return (
        EndpointState.UNKNOWN if answer.status in _NO_VERDICT else EndpointState.THERE
    ), answer.asked


def _allows_post(deployment: Deployment, url: str) -> bool:
    options = deployment.sample(url, method="OPTIONS")
    return "POST" in options.headers.get("allow", "").upper()


def _advice(deployment: Deployment, service: Service, flow_url: FlowUrl) -> str:
    """Look for the endpoint where a lost or repeated prefix would have left it."""
    page = service.page.url if service.page else f"{service.base}/docs"
    tail = path_of(resolve(flow_url.url, f"{service.base}/docs")).lstrip("/")
    last = tail.rpartition("/")[2]
    outer = service.prefix.rpartition("/")[0]
    written = flow_url.url.lstrip("./")
    for path in (
        f"{service.prefix}/{written}",
        f"{outer}/{written}",
        f"{service.prefix}/{last}",
        f"/{written}",
    ):
        url = deployment.origin + path
        if endpoint_state(deployment, url, flow_url)[0] is EndpointState.THERE:
            relative = posixpath.relpath(path, posixpath.dirname(path_of(page)))
            return f'An endpoint answers at {path}: write tokenUrl="{relative}".'
    return ""
