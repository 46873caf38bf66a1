"""Redirects: whether Location keeps the public scheme, host, port and prefix."""

from collections.abc import Iterator

from doctor.addresses import host_of, origin_of, path_of, port_of, scheme_of
from doctor.deployment import Answer
from doctor.findings import Finding
from doctor.subject import Service, Subject, found

_SAMPLES = 4
_ORIGIN_FAULTS = ("host-lost", "scheme-lost", "port-lost")


def redirects_stay_public(subject: Subject) -> Iterator[Finding]:
    """Provoke slash redirects of each service and compare where they lead with where they should."""
    for service in subject.services:
        of_the_service = list(_slash_redirects(subject, service))
        for answer, route in of_the_service:
            # What redirects is a good probe of which headers the deployment trusts.
            subject.redirecting.setdefault(service.base, answer.url)
            if kind := _fault(answer, service, route, _knows_prefix(service)):
                yield found(kind, answer, service.prefix)
        yield from _bare_prefix(subject, service)


def _slash_redirects(subject: Subject, service: Service) -> Iterator[tuple[Answer, str]]:
    """Yield each redirect with the path below the prefix that it should lead to."""
    routes = [path for path in service.routes if path != "/"]
    docs = ["/docs"] if service.spec or (service.page and service.page.shows_docs) else []
    for route in [*docs, *routes[:_SAMPLES]]:
        other = route.rstrip("/") if route.endswith("/") else f"{route}/"
        answer = subject.deployment.sample(service.base + other)
        if answer.is_redirect:
            yield answer, route


def _bare_prefix(subject: Subject, service: Service) -> Iterator[Finding]:
    """Check the redirect from the prefix without its slash, which proxies often make themselves."""
    if not service.prefix:
        return
    answer = subject.deployment.get(service.base)
    if not answer.is_redirect or not path_of(answer.location).endswith("/"):
        return
    kind = _fault(answer, service, "/", _knows_prefix(service))
    if kind in _ORIGIN_FAULTS:
        # The frameworks of Python redirect with an empty body, proxies with a small page.
        yield found("own-redirect" if answer.body else kind, answer, service.prefix)
    elif kind and kind != "redirect-loses-prefix":
        yield found(kind, answer, service.prefix)


def _fault(answer: Answer, service: Service, route: str, knows_prefix: bool) -> str | None:
    """Return the kind of fault of a redirect that should lead to `route`, None when it is right."""
    target, prefix = answer.location, service.prefix
    path = path_of(target)
    expected = f"{prefix}{route}"
    if origin_of(target) == origin_of(service.base) and path == expected:
        return None
    if not path.endswith(route):
        return None  # a login page, a language, a newer version: intended
    before = path[: len(path) - len(route)]
    if "//" in path:
        return "root-path-ends-in-slash"
    if prefix and before == prefix + prefix:
        return "location-doubled"
    if host_of(target) != host_of(service.base):
        return "host-lost"
    if before != prefix:
        if before == "" and knows_prefix:
            return "prefix-for-a-keeping-proxy"
        if before and prefix.endswith(before):
            return "outer-prefix-unknown"
        return "redirect-loses-prefix" if before == "" else None
    if scheme_of(target) != scheme_of(service.base):
        return "scheme-lost"
    return "port-lost" if port_of(target) != port_of(service.base) else None


def _knows_prefix(service: Service) -> bool:
    """Whether the service's own description has the prefix that its redirects may lack."""
    return bool(
        service.prefix
        and service.spec
        and service.spec.server not in (None, ".", "./")
        and path_of(service.spec.base) == service.prefix
    )
