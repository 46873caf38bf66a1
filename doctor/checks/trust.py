"""Host and X-Forwarded-* headers from any client: does the deployment use them in its answers?"""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.addresses import origin_of, scheme_of
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


_FORGED_HEADERS = (
    _ForgedHeader("host-trusted", "Host", _HOST, _HOST),
    _ForgedHeader("forwarded-host-trusted", "X-Forwarded-Host", _HOST, _HOST),
    _ForgedHeader("forwarded-host-trusted", "X-Forwarded-Port", "61616", ":61616"),
    _ForgedHeader("forwarded-host-trusted", "Forwarded", f"for={_ADDRESS};host={_HOST}", _HOST),
    _ForgedHeader("prefix-injection", "X-Forwarded-Prefix", f"/{PROBE}';//", f"/{PROBE}';//"),
    _ForgedHeader("forwarded-prefix-trusted", "X-Forwarded-Prefix", f"/{PROBE}", f"/{PROBE}"),
    _ForgedHeader("forwarded-for-trusted", "X-Forwarded-For", _ADDRESS, _ADDRESS),
)


def client_headers_are_ignored(subject: Subject) -> Iterator[Finding]:
    """Send headers that only a proxy may set, and look for them in redirects, pages and documents."""
    for service in subject.services:
        for url in _targets(subject, service):
            try:
                honest = subject.deployment.get(url)
                for forged in _FORGED_HEADERS:
                    yield from _forge(subject, service, honest, forged)
                yield from _forge_scheme(subject, service, honest)
            except NoAnswerError:
                subject.notes.append(f"{url} gave no answer to forged headers.")


def _targets(subject: Subject, service: Service) -> Iterator[str]:
    if service.base in subject.redirecting:
        yield subject.redirecting[service.base]
    if service.page:
        yield service.page.url
    if service.spec:
        yield service.spec.url
    yield from (service.base + path for path in service.readable_routes[:3])


def _forge(
    subject: Subject, service: Service, honest: Answer, forged: _ForgedHeader
) -> Iterator[Finding]:
    answer = subject.deployment.get(honest.url, (forged.header, forged.value))
    if answer.status >= 400 or (forged.kind == "prefix-injection" and not answer.is_html):
        return
    for place, text, before in (
        ("Location", answer.raw_location, honest.raw_location),
        ("the body", answer.text, honest.text),
    ):
        if forged.marker in text and forged.marker not in before:
            yield _finding(
                service,
                answer,
                forged.kind,
                f"{forged.header}: {forged.value}",
                place,
                text,
                forged.marker,
            )
            return


def _forge_scheme(subject: Subject, service: Service, honest: Answer) -> Iterator[Finding]:
    own = scheme_of(service.base)
    other = "http" if own == "https" else "https"
    answer = subject.deployment.get(honest.url, ("X-Forwarded-Proto", other))
    if answer.status >= 400:
        return
    marker = origin_of(service.base).replace(own, other, 1)
    for place, text, before in (
        ("Location", answer.raw_location, honest.raw_location),
        ("the body", answer.text, honest.text),
    ):
        if marker in text and marker not in before:
            header = f"X-Forwarded-Proto: {other}"
            yield _finding(service, answer, "forwarded-proto-trusted", header, place, text, marker)
            return


def _finding(
    service: Service, answer: Answer, kind: str, header: str, place: str, text: str, marker: str
) -> Finding:
    at = text.index(marker)
    excerpt = " ".join(text[max(0, at - 40) : at + len(marker) + 20].split())
    return Finding(
        kind,
        f"{answer.asked} with {header}",
        f"{answer.status}, in {place}: {excerpt}",
        service.prefix,
    )
