"""WebSockets that are declared: whether the handshake of RFC 6455 arrives."""

import base64
import secrets
from collections.abc import Iterator

from doctor.deployment import Answer
from doctor.findings import Finding
from doctor.recognise import is_in_the_proxys_words
from doctor.subject import Service, Subject, found


def are_declared(subject: Subject) -> bool:
    """Whether `--websocket` or an OpenAPI document names a WebSocket."""
    return any(_declared(subject, service) for service in subject.services)


def websockets_open(subject: Subject) -> Iterator[Finding]:
    """Shake hands with every WebSocket that `--websocket` or the OpenAPI document declares."""
    for service in subject.services:
        for path in _declared(subject, service):
            answer = _shake_hands(subject, service, path)
            if answer.status == 101:
                continue
            if answer.is_redirect:
                yield found("websocket-redirected", answer, service.prefix)
            elif answer.status == 403 and is_in_the_proxys_words(answer) and answer.body:
                yield found("proxy-refuses", answer, service.prefix)
            elif answer.status in (401, 403):
                yield found("websocket-refused", answer, service.prefix)
            elif answer.status == 429 or answer.status >= 500:
                continue
            else:
                yield found("websocket-upgrade-lost", answer, service.prefix)


def _declared(subject: Subject, service: Service) -> list[str]:
    described = service.spec.websockets if service.spec else []
    known = [subject.framework.websocket] if subject.framework.websocket else []
    return list(dict.fromkeys([*subject.options.websockets, *described, *known]))


def _shake_hands(subject: Subject, service: Service, path: str) -> Answer:
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    return subject.deployment.get(
        f"{service.base}/{path.lstrip('/')}",
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", key),
        ("Origin", subject.deployment.origin),
    )
