"""Where a prefix ends, and whether a path arrives as it was sent."""

from collections.abc import Iterator

from doctor.checks.awkward_paths import MERGED, awkward_path, readings
from doctor.deployment import PROBE
from doctor.findings import Finding
from doctor.openapi import read_spec
from doctor.subject import Service, Subject, found


def prefixes_end_at_a_slash(subject: Subject) -> Iterator[Finding]:
    """Check that `/itemsx` is not taken for a path below `/items`."""
    deployment = subject.deployment
    for service in subject.services:
        if not service.prefix:
            continue
        glued = deployment.get(f"{service.base}openapi.json")
        if read_spec(glued):
            yield found("segment-boundary", glued, service.prefix)
            continue
        inside = deployment.get(f"{service.base}/{PROBE}")
        beside = deployment.get(f"{service.base}x/{PROBE}")
        outside = [deployment.get(parent + PROBE) for parent in _parents(service)]
        if beside.likeness == inside.likeness and not any(
            beside.likeness == other.likeness for other in outside
        ):
            yield found(
                "segment-boundary",
                beside,
                service.prefix,
                f"{beside.in_words}, in the words of the service behind {service.prefix}/",
            )


def _parents(service: Service) -> Iterator[str]:
    """Yield what lies above the prefix: `https://example.com/`, `https://example.com/outer/`."""
    segments = service.prefix.split("/")
    origin = service.base.removesuffix(service.prefix)
    for length in range(1, len(segments)):
        yield origin + "/".join(segments[:length]) + "/"


def encoded_slashes_arrive(subject: Subject) -> Iterator[Finding]:
    """Check that the proxy hands `%2F` over, and changes no path that the service repeats."""
    deployment = subject.deployment
    for service in subject.services:
        plain = deployment.get(f"{service.base}/{PROBE}")
        encoded = deployment.get(f"{service.base}/{PROBE}%2Fa")
        if (
            encoded.status in (400, 404)
            and plain.content_type.endswith("json")
            and not encoded.content_type.endswith("json")
        ):
            yield found("encoded-slash-refused", encoded, service.prefix)
            continue
        yield from _repeated(subject, service)


def _repeated(subject: Subject, service: Service) -> Iterator[Finding]:
    """Look for a changed path in the answers of routes that repeat their parameter."""
    for template in service.readable_templates[:3]:
        answer = subject.deployment.sample(service.base + awkward_path(template))
        if readings(answer) == [MERGED]:
            yield found(
                "path-rewritten", answer, service.prefix, f"{answer.status} {answer.text[:120]}"
            )
            return
