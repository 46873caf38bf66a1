"""What is there at all: pages below the prefix, and what it means when there is nothing."""

from collections.abc import Iterator

from doctor.addresses import path_of, same_origin
from doctor.checks.backend import expected_by_backend
from doctor.deployment import PROBE, Answer, Deployment, NoAnswerError, NotExaminedError
from doctor.findings import Finding
from doctor.openapi import read_spec
from doctor.page import read_page
from doctor.subject import Subject, found

_DOCS = ("docs", "redoc", "")
_NOT_FROM_THE_SERVICE = (502, 503, 504)


def open_pages(subject: Subject) -> Iterator[Finding]:
    """Read the docs pages, and the page at the prefix itself, into the subject.

    Raises NotExaminedError when not even the first request is answered.
    """
    deployment = subject.deployment
    try:
        deployment.get(deployment.base + "/")
    except NoAnswerError as error:
        raise NotExaminedError(
            f"{error}. Check the address, and whether this machine may reach it."
        ) from error
    given = subject.options.docs
    for url in [given] if given else [subject.below(path) for path in _DOCS]:
        answer = deployment.follow(url)
        if answer.is_redirect and answer.location == answer.url:
            yield found("redirect-loop", answer, deployment.prefix)
        elif page := read_page(answer):
            subject.pages.append(page)


def explain_nothing(subject: Subject) -> Iterator[Finding]:
    """Say why neither docs nor an OpenAPI document was found.

    Raises NotExaminedError where that is not the proxy's or the service's fault.
    """
    deployment, prefix = subject.deployment, subject.deployment.prefix
    docs, description = subject.below("docs"), subject.below("openapi.json")
    answer = deployment.get(docs)
    if answer.status in _NOT_FROM_THE_SERVICE:
        yield found("backend-unreachable", answer, prefix)
    elif answer.status == 400 and "contradictory scheme" in answer.text.lower():
        yield found("contradictory-scheme", answer, prefix)
    elif answer.status == 401:
        raise NotExaminedError(
            f"{answer.asked} asks for a login ({answer.headers.get('www-authenticate', '')}), so nothing behind it "
            "can be examined. Give one with --header 'Authorization: ...'."
        )
    elif kind := _prefix_is_expected_otherwise(subject):
        yield found(
            kind, answer, prefix, f"{answer.in_words}; the backend itself answers at the other path"
        )
    elif prefix and (spec := read_spec(inner := deployment.get(_doubled(deployment)))):
        # Both look alike from outside, but whose root path is the prefix as well says so.
        twice = path_of(spec.base) == prefix
        yield found(
            "prefix-set-twice" if twice else "stripped-but-expected-kept",
            answer,
            prefix,
            f"{answer.in_words}; but {inner.asked} answers {inner.in_words}",
        )
    elif prefix and answer.status == 404 and _is_of_a_service(subject, answer):
        description_answer = deployment.get(description)
        yield found(
            "nothing-below-the-prefix",
            answer,
            prefix,
            f"{answer.in_words} {answer.text[:80].strip()}; "
            f"{description_answer.asked} answers {description_answer.in_words}",
        )
    elif not answer.is_redirect or same_origin(answer.location, answer.url):
        raise NotExaminedError(
            f"neither a docs page nor an OpenAPI document was found: {answer.asked} answers {answer.in_words}. "
            "Check the prefix in the address, or name them with --docs and --spec."
        )


def _doubled(deployment: Deployment) -> str:
    return f"{deployment.base}{deployment.prefix}/openapi.json"


def _prefix_is_expected_otherwise(subject: Subject) -> str | None:
    expected = expected_by_backend(subject)
    return {
        "stripped": "kept-but-expected-stripped",
        "kept": "stripped-but-expected-kept",
    }.get(expected or "")


def _is_of_a_service(subject: Subject, answer: Answer) -> bool:
    """Whether a 404 comes from behind the proxy: it differs from the proxy's own, or is FastAPI's."""
    if answer.json == {"detail": "Not Found"}:
        return True
    own = subject.deployment.get(f"{subject.deployment.origin}/{PROBE}")
    return answer.content_type.endswith("json") and own.content_type != answer.content_type
