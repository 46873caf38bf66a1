"""Whose word the deployment takes: Host and X-Forwarded-* of anybody, reflected in what it answers."""

from collections.abc import Iterator
from dataclasses import dataclass

from doctor.addresses import origin_of, scheme_of
from doctor.deployment import PROBE, Answer, NoAnswerError
from doctor.findings import Finding
from doctor.subject import Service, Subject

_HOST = f"{PROBE}.invalid"  # RFC 2606: never a host of anybody
_ADDRESS = "192.0.2.66"  # RFC 5737: never an address of anybody


@dataclass(frozen=True)
class _Lie:
    """A header that only a proxy may send, and what shows that it was believed."""

    kind: str
    header: str
    value: str
    marker: str


_LIES = (
    _Lie("host-trusted", "Host", _HOST, _HOST),
    _Lie("forwarded-host-trusted", "X-Forwarded-Host", _HOST, _HOST),
    _Lie("forwarded-host-trusted", "X-Forwarded-Port", "61616", ":61616"),
    _Lie("forwarded-host-trusted", "Forwarded", f"for={_ADDRESS};host={_HOST}", _HOST),
    _Lie("prefix-injection", "X-Forwarded-Prefix", f"/{PROBE}';//", f"/{PROBE}';//"),
    _Lie("forwarded-prefix-trusted", "X-Forwarded-Prefix", f"/{PROBE}", f"/{PROBE}"),
    _Lie("forwarded-for-trusted", "X-Forwarded-For", _ADDRESS, _ADDRESS),
)


def strangers_are_not_believed(subject: Subject) -> Iterator[Finding]:
    """Send what only a proxy may say, and look for it in redirects, pages and documents."""
    for service in subject.services:
        for url in _targets(subject, service):
            try:
                honest = subject.deployment.get(url)
                for lie in _LIES:
                    yield from _tell(subject, service, honest, lie)
                yield from _tell_scheme(subject, service, honest)
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


def _tell(subject: Subject, service: Service, honest: Answer, lie: _Lie) -> Iterator[Finding]:
    answer = subject.deployment.get(honest.url, (lie.header, lie.value))
    if answer.status >= 400 or (lie.kind == "prefix-injection" and not answer.is_html):
        return
    for place, text, before in (
        ("Location", answer.raw_location, honest.raw_location),
        ("the body", answer.text, honest.text),
    ):
        if lie.marker in text and lie.marker not in before:
            yield _finding(
                service, answer, lie.kind, f"{lie.header}: {lie.value}", place, text, lie.marker
            )
            return


def _tell_scheme(subject: Subject, service: Service, honest: Answer) -> Iterator[Finding]:
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
            lie = f"X-Forwarded-Proto: {other}"
            yield _finding(service, answer, "forwarded-proto-trusted", lie, place, text, marker)
            return


def _finding(
    service: Service, answer: Answer, kind: str, lie: str, place: str, text: str, marker: str
) -> Finding:
    at = text.index(marker)
    excerpt = " ".join(text[max(0, at - 40) : at + len(marker) + 20].split())
    return Finding(
        kind,
        f"{answer.asked} with {lie}",
        f"{answer.status}, in {place}: {excerpt}",
        service.prefix,
    )
