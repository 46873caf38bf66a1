"""Comparison with the backend itself, which `--direct` names: what it expects, and what reaches it."""

from collections.abc import Iterator
from typing import Literal

from doctor.checks.awkward_paths import awkward_path, readings
from doctor.deployment import Deployment
from doctor.findings import Finding
from doctor.openapi import read_spec
from doctor.page import read_page
from doctor.subject import Subject, found

_REFUSES_THE_HOST = (400, 421)


def expected_by_backend(subject: Subject) -> Literal["stripped", "kept", "either"] | None:
    """Return how the backend wants the prefix; None where that is unknown or there is no prefix."""
    direct, deployment = subject.options.direct, subject.deployment
    if not direct or not deployment.prefix:
        return None
    stripped = _describes_itself(deployment, direct)
    kept = _describes_itself(deployment, direct + deployment.prefix)
    if stripped and kept:
        return "either"
    if stripped:
        return "stripped"
    return "kept" if kept else None


def way(subject: Subject) -> str:
    """Return what the proxy does with the prefix, `strip` or `keep`; empty where that is not known."""
    if not subject.deployment.prefix:
        return "keep"
    expected = expected_by_backend(subject)
    if expected == "stripped":
        return "strip"
    carried = [
        path.startswith(f"{service.prefix}/")
        for service in subject.services
        if service.spec and service.prefix
        for path in service.spec.paths
    ]
    if expected == "kept" or (carried and all(carried)):
        return "keep"
    return subject.framework.way


def paths_reach_the_backend(subject: Subject) -> Iterator[Finding]:
    """Compare an awkward path through the proxy with the same path at the backend."""
    direct, deployment = subject.options.direct, subject.deployment
    if not direct:
        return
    inner = direct + (deployment.prefix if expected_by_backend(subject) == "kept" else "")
    for service in subject.services:
        for template in service.readable_templates[:3]:
            path = awkward_path(template)
            through, itself = (
                deployment.sample(service.base + path),
                deployment.sample(inner + path),
            )
            if itself.status in _REFUSES_THE_HOST:
                continue
            if (through.status, readings(through)) != (itself.status, readings(itself)):
                yield found(
                    "path-rewritten",
                    through,
                    service.prefix,
                    f"{through.in_words} {through.text[:80]}; directly at the backend "
                    f"{itself.in_words} {itself.text[:80]}",
                )


def _describes_itself(deployment: Deployment, base: str) -> bool:
    return any(
        ((page := read_page(answer)) and page.shows_docs) or read_spec(answer)
        for answer in (deployment.follow(f"{base}/docs"), deployment.get(f"{base}/openapi.json"))
    )
