"""Host and X-Forwarded-* headers from any client: does the deployment use them in its answers?

Only what an answer repeats can be seen: a deployment whose redirects are all relative and whose pages
name no host may believe every header, and the report says that it was not seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from doctor.addresses import is_below, origin_of, scheme_of
from doctor.deployment import PROBE, Answer, NoAnswerError
from doctor.findings import Finding
from doctor.subject import Service, Subject

_HOST = f"{PROBE}.invalid"  # RFC 2606: a name that never resolves
_ADDRESS = "192.0.2.66"  # RFC 5737: an address for documentation only


@dataclass(frozen=True)
class _ForgedHeader:
    """A header that only a proxy may send, and what shows that it was used."""

    kind: str
    header: str
    value: str
    marker: str


_FORGED_ADDRESS = _ForgedHeader("forwarded-for-trusted", "X-Forwarded-For", _ADDRESS, _ADDRESS)
_FORGED_HEADERS = (
    _ForgedHeader("host-trusted", "Host", _HOST, _HOST),
    _ForgedHeader("forwarded-host-trusted", "X-Forwarded-Host", _HOST, _HOST),
    _ForgedHeader("forwarded-host-trusted", "X-Forwarded-Port", "61616", ":61616"),
    _ForgedHeader("forwarded-host-trusted", "Forwarded", f"for={_ADDRESS};host={_HOST}", _HOST),
    _ForgedHeader("prefix-injection", "X-Forwarded-Prefix", f"/{PROBE}';//", f"/{PROBE}';//"),
    _ForgedHeader("forwarded-prefix-trusted", "X-Forwarded-Prefix", f"/{PROBE}", f"/{PROBE}"),
    _FORGED_ADDRESS,
)


Ask = Callable[..., Answer]


def client_headers_are_ignored(subject: Subject) -> Iterator[Finding]:
    """Send headers that only a proxy may set, and look for them in redirects, pages and documents."""
    deployment = subject.deployment
    for service in subject.services:
        for url in _pages(subject, service):
            yield from _forge_all(subject, service, deployment.get, url)
        if redirecting := subject.redirecting.get(service.base):
            yield from _forge_all(subject, service, deployment.sample, redirecting)
        # A sampled route is asked as little as can be: only whether it repeats a client's address.
        for path in service.readable_routes[:3]:
            honest = deployment.sample(service.base + path)
            yield from _forge(service, deployment.sample, honest, _FORGED_ADDRESS)
        if not any(_names_the_origin(answer) for answer in deployment.answers):
            subject.unseen.append(
                f"No answer below {service.name} names the public scheme and host (its redirects are relative), so "
                "what the deployment makes of a client's own Host, X-Forwarded-Host, -Proto and Forwarded was not "
                "seen: look at what the proxy overwrites, and at which peers the service trusts."
            )


def _pages(subject: Subject, service: Service) -> Iterator[str]:
    """Yield, each once, the pages and documents of the service that may repeat a header."""
    urls = [service.page.url] if service.page else []
    urls += [service.spec.url] if service.spec else []
    urls += subject.metadata[:1]
    home = subject.home[-1]
    if is_below(home.url, service.base) and not home.is_redirect:
        urls.append(home.url)
    yield from dict.fromkeys(urls)


def _names_the_origin(answer: Answer) -> bool:
    """Whether an honest answer shows what its maker holds for the public scheme and host."""
    origin = origin_of(answer.url)
    return origin in answer.raw_location or origin in answer.text


def _forge_all(subject: Subject, service: Service, ask: Ask, url: str) -> Iterator[Finding]:
    deployment = subject.deployment
    all_forged = (*_FORGED_HEADERS, _forged_scheme(service))
    try:
        honest = ask(url)
        if honest.status < 400:
            deployment.prefetch(
                [honest.url],
                *((forged.header, forged.value) for forged in all_forged),
                as_stranger=ask == deployment.sample,
            )
        for forged in all_forged:
            yield from _forge(service, ask, honest, forged)
    except NoAnswerError:
        subject.notes.append(f"{url} gave no answer to forged headers.")


def _forged_scheme(service: Service) -> _ForgedHeader:
    own = scheme_of(service.base)
    other = "http" if own == "https" else "https"
    marker = origin_of(service.base).replace(own, other, 1)
    return _ForgedHeader("forwarded-proto-trusted", "X-Forwarded-Proto", other, marker)


def _forge(service: Service, ask: Ask, honest: Answer, forged: _ForgedHeader) -> Iterator[Finding]:
    if honest.status >= 400:
        return
    answer = ask(honest.url, (forged.header, forged.value))
    if answer.status >= 400 or (forged.kind == "prefix-injection" and not answer.is_html):
        return
    for place, text, before in (
        ("Location", answer.raw_location, honest.raw_location),
        ("the body", answer.text, honest.text),
    ):
        if forged.marker in text and forged.marker not in before:
            yield _finding(service, answer, forged, place, text)
            return


def _finding(
    service: Service, answer: Answer, forged: _ForgedHeader, place: str, text: str
) -> Finding:
    at = text.index(forged.marker)
    excerpt = " ".join(text[max(0, at - 40) : at + len(forged.marker) + 20].split())
    return Finding(
        forged.kind,
        f"{answer.asked} with {forged.header}: {forged.value}",
        f"{answer.status}, in {place}: {excerpt}",
        service.prefix,
    )
