"""What is there at all: pages below the prefix, any other service, and what it means when there is nothing."""

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from doctor.addresses import (
    DEFAULT_PORTS,
    host_of,
    is_below,
    is_https_twin,
    origin_of,
    path_of,
    port_of,
    scheme_of,
)
from doctor.catalogue import Severity
from doctor.checks import discovery
from doctor.checks.backend import expected_by_backend
from doctor.deployment import PROBE, Answer, NoAnswerError, NotExaminedError, loops
from doctor.findings import Finding
from doctor.openapi import read_spec
from doctor.page import read_page
from doctor.recognise import is_in_the_proxys_words, refuses_the_host, welcomes
from doctor.subject import Service, Subject, found

_DOCS = ("docs", "redoc")
# Litestar, drf-spectacular, NestJS and Express, springdoc: asked where nothing is at the prefix itself.
_OTHER_DOCS = (
    "schema/swagger",
    "schema",
    "api/schema/swagger-ui/",
    "api/docs",
    "api-docs",
    "swagger-ui/index.html",
    "swagger",
    "api",
)
_LOGIN_HEADERS = "--header 'Cookie: ...' or --header 'Authorization: ...'"


def open_pages(subject: Subject) -> Iterator[Finding]:
    """Read the page at the prefix itself, and the docs pages, into the subject.

    Raises NotExaminedError when not even the first request is answered.
    """
    deployment = subject.deployment
    subject.home = _first_answers(subject)
    trails = [subject.home]
    given = subject.options.docs
    # A dashboard has no docs page, and some take a second to say so.
    usual = [subject.below(path) for path in _DOCS] if subject.framework.describes_itself else []
    docs = [given] if given else usual
    deployment.prefetch([*docs, subject.below(PROBE)])
    if (
        usual
        and not given
        and all(deployment.get(url).status in (404, 410) for url in (subject.home[-1].url, *docs))
    ):
        docs = [subject.below(path) for path in _OTHER_DOCS]
        deployment.prefetch(docs)
    for url in docs:
        with suppress(NoAnswerError):
            trails.append(deployment.trail(url))
    for trail in trails:
        page = read_page(trail[-1])
        if loops(trail) and not _is_about_the_prefix(subject, trail):
            yield found("redirect-loop", trail[-1], deployment.prefix)
        elif (
            page
            and page.text not in [known.text for known in subject.pages]
            and not (
                deployment.prefix and trail is not subject.home and _is_nothing(subject, trail[-1])
            )
        ):
            subject.pages.append(page)
    subject.pages.sort(key=lambda page: not page.shows_docs)
    for trail in trails:
        if findings := [*_leaves_the_prefix(subject, trail)]:
            yield from findings
            return


def _first_answers(subject: Subject) -> list[Answer]:
    """Ask the prefix itself; go on at the https address where http redirects there."""
    deployment = subject.deployment
    try:
        trail = deployment.trail(deployment.base + "/")
        if target := _https_target(trail[-1]):
            moved = origin_of(target) + deployment.prefix
            subject.notes.append(f"{deployment.base} redirects to https, so {moved} was examined.")
            deployment.move_to(moved)
            trail = deployment.trail(deployment.base + "/")
        if deployment.prefix and _is_nothing(subject, trail[-1]):
            # An address that is no folder, such as that of an MCP server, has no slash at its end.
            exact = deployment.get(deployment.base)
            if not _is_nothing(subject, exact) and not exact.is_redirect:
                trail = [exact]
    except NoAnswerError as error:
        hint = "Check the address, and whether this machine may reach it."
        if "ask http://" in str(error):
            hint = f"So try {deployment.base.replace('https://', 'http://', 1)}."
        raise NotExaminedError(f"{error}. {hint}") from error
    return trail


def _is_nothing(subject: Subject, answer: Answer) -> bool:
    """Whether this is what addresses get where nothing is: 404, or the one page of a web application."""
    if answer.status in (404, 410):
        return True
    if answer.status != 200 or not answer.is_html:
        return False
    return answer.body == subject.deployment.get(f"{subject.deployment.origin}/{PROBE}").body


def _https_target(answer: Answer) -> str | None:
    return (
        answer.location
        if answer.is_redirect and is_https_twin(answer.url, answer.location)
        else None
    )


def _leaves_the_prefix(subject: Subject, trail: list[Answer]) -> Iterator[Finding]:
    """Check that a page that redirects (`/` to `/lab`) stays below the prefix."""
    deployment, first, last = subject.deployment, trail[0], trail[-1]
    if not deployment.prefix or last.is_redirect or is_below(last.url, deployment.base):
        return
    twin = deployment.get(deployment.base + path_of(last.url))
    is_there = twin.status < 400 and not _alike(twin, deployment.get(subject.below(PROBE)))
    if is_there or last.status == 404:
        shown = f"{first.in_words}; {last.asked} answers {last.in_words}"
        if is_there:
            shown += f", and {twin.asked} {twin.in_words}"
        kind = "redirect-loses-prefix"
        finding = found(kind, first, deployment.prefix, shown)
        yield replace(finding, worse=Severity.BROKEN)
        if is_there:
            yield replace(finding, id="prefix-unknown")


def find_any_service(subject: Subject) -> Iterator[Finding]:
    """Take whatever answers at the prefix for a service, or say why nothing does.

    Raises NotExaminedError where that is neither the proxy's nor the service's fault.
    """
    deployment, prefix = subject.deployment, subject.deployment.prefix
    home = subject.home[-1]
    if home.is_redirect:
        yield from _explain_redirect(subject, home)
    elif home.status in (502, 503, 504):
        is_own = home.status == 503 and not is_in_the_proxys_words(home)
        yield found("service-unavailable" if is_own else "backend-unreachable", home, prefix)
    elif home.status == 400 and "contradictory scheme" in home.text.lower():
        yield found("contradictory-scheme", home, prefix)
    elif refuses_the_host(home):
        yield found("host-refused", home, prefix, f"{home.in_words} {home.text[:80].strip()}")
    elif home.status == 403 and is_in_the_proxys_words(home):
        yield found("proxy-refuses", home, prefix)
    elif home.status == 401 and _asks_for_a_login(subject, home):
        challenge = home.headers.get("www-authenticate", "without a WWW-Authenticate")
        raise NotExaminedError(
            f"{home.asked} asks for a login ({challenge}), so nothing behind it can be examined. Give one with "
            f"{_LOGIN_HEADERS}; or, where clients are to sign in by OAuth, see with --oauth how far they come."
        )
    elif home.status not in (404, 410):
        yield from _take(subject, home)
    elif kind := _prefix_is_expected_otherwise(subject):
        yield found(
            kind, home, prefix, f"{home.in_words}; the backend itself answers at the other path"
        )
    elif inner := _is_kept_below_a_stripping_proxy(subject):
        docs = deployment.get(subject.below("docs"))
        # Both look alike from outside, but whose root path is the prefix as well says so.
        spec = read_spec(inner)
        twice = spec and path_of(spec.base) == prefix
        yield found(
            "prefix-set-twice" if twice else "stripped-but-expected-kept",
            docs,
            prefix,
            f"{docs.in_words}; but {inner.asked} answers {inner.in_words}",
        )
    elif prefix and _is_of_a_service(subject, home):
        docs = deployment.get(subject.below("docs"))
        yield found(
            "nothing-below-the-prefix",
            home,
            prefix,
            f"{home.in_words} {home.text[:80].strip()}; {docs.asked} answers {docs.in_words}",
        )
    else:
        raise NotExaminedError(
            f"nothing was found there: {home.asked} answers {home.in_words}. "
            "Check the prefix in the address, or name a page or a document with --docs or --spec."
        )


def _asks_for_a_login(subject: Subject, home: Answer) -> bool:
    """Whether a 401 wants what a person types, and no token that a client could get by discovery."""
    challenge = home.headers.get("www-authenticate", "").lower()
    if challenge:
        return "bearer" not in challenge
    return not (subject.options.oauth or discovery.has_metadata(subject))


def _take(subject: Subject, home: Answer) -> Iterator[Finding]:
    """Enter what answers at the prefix as a service without a description."""
    deployment = subject.deployment
    if program := welcomes(home):
        yield found("default-page", home, deployment.prefix, f"{home.in_words}, {program}")
        return
    if deployment.prefix:
        outside = deployment.get(f"{deployment.origin}/{PROBE}")
        if _alike(home, outside) and home.body == outside.body:
            raise NotExaminedError(
                f"{home.asked} answers {home.in_words}, and so does every other address of {deployment.origin}: "
                f"nothing of its own is below {deployment.prefix}/. Check the prefix in the address."
            )
        if not is_below(home.url, deployment.base):
            raise NotExaminedError(
                f"{deployment.base}/ redirects to {home.url}, outside {deployment.prefix}/. If that is a sign-in, "
                f"give what it gives: {_LOGIN_HEADERS}."
            )
    page = next((page for page in subject.pages if page.url == home.url), None)
    subject.services.append(Service(deployment.base, page=page))
    if home.status in (401, 403):
        subject.unseen.append(
            f"{home.asked} answers {home.status}, and what is behind it was not seen. Give what lets you in: "
            f"{_LOGIN_HEADERS}."
        )
    elif page is None or not (page.assets or page.inline):
        subject.unseen.append(
            f"{home.asked} answers {home.in_words} without a script or a style, and no API description was found: "
            "nothing else of a service was seen. Name a page of it with --docs, or its description with --spec."
        )
    elif page.asks_for_a_password:
        subject.unseen.append(
            f"{home.url} is a sign-in page, and what is behind it was not seen. Give what it gives: {_LOGIN_HEADERS}."
        )


def _explain_redirect(subject: Subject, home: Answer) -> Iterator[Finding]:
    deployment, prefix, target = subject.deployment, subject.deployment.prefix, home.location
    if loops(subject.home):
        inner = _is_kept_below_a_stripping_proxy(subject)
        kind = "stripped-but-expected-kept" if inner else "nothing-below-the-prefix"
        seen = f"but {inner.asked} answers {inner.in_words}" if inner else "and so on for ever"
        yield found(kind, home, prefix, f"{home.in_words}; {seen}")
    elif host_of(target) != host_of(deployment.base):
        if not _is_inner(host_of(target)) or _is_inner(host_of(deployment.base)) == "name":
            raise NotExaminedError(
                f"{home.asked} redirects to {target}, on another host, which was not asked. If that is a sign-in, "
                f"give what it gives: {_LOGIN_HEADERS}; if it is the real name of the site, ask that."
            )
        yield found("host-lost", home, prefix)
    elif (scheme_of(deployment.base), scheme_of(target)) == ("http", "https"):
        yield from _explain_https_on_another_port(subject, home)
    elif scheme_of(target) != scheme_of(deployment.base):
        yield found("scheme-lost", home, prefix)
    elif port_of(target) != port_of(deployment.base):
        yield found("port-lost", home, prefix)
    else:
        raise NotExaminedError(f"{home.asked} redirects again and again, at last to {target}.")


def _explain_https_on_another_port(subject: Subject, home: Answer) -> Iterator[Finding]:
    """Follow no redirect to a port that may be another deployment's, but see whether anything is there."""
    deployment, target = subject.deployment, home.location
    try:
        deployment.sample(target)
    except NoAnswerError as error:
        if port_of(target) != DEFAULT_PORTS["https"]:
            raise NotExaminedError(f"{home.asked} redirects to {target}: {error}.") from error
        yield found(
            "port-lost",
            home,
            deployment.prefix,
            f"{home.in_words}; {error}",
            "A redirect to https must name the port that https is published under (nginx: return 308 "
            "https://$host:8443$request_uri).",
        )
        return
    raise NotExaminedError(
        f"{home.asked} redirects to {target}, https on another port, which may be another deployment and was not "
        "examined. If it is meant, ask that address."
    )


def _is_inner(host: str) -> str:
    """Return `name` or `address` where `host` means something inside a private network only."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "name" if "." not in host or host.endswith((".local", ".internal")) else ""
    return "address" if address.is_private else ""


def unjudged(subject: Subject) -> Iterator[str]:
    """Say which answers were no use: too many requests (429), errors of the service, endless bodies."""
    asked = [
        answer
        for answer in subject.deployment.answers
        if is_below(answer.url, subject.deployment.base) and PROBE not in answer.url
    ]
    for status in (429, 500, 502, 503, 504):
        answers = [answer for answer in asked if answer.status == status]
        if answers:
            more = f" and {len(answers) - 1} more" if len(answers) > 1 else ""
            why = "too many requests" if status == 429 else "an error"
            yield f"{answers[0].asked}{more} answered {status}, {why}, and was not judged by its content."
    for answer in subject.deployment.answers:
        if not answer.is_whole:
            yield f"{answer.asked} was too long or too slow to be read to its end, and was not judged."


def _is_about_the_prefix(subject: Subject, trail: list[Answer]) -> bool:
    """Whether a loop comes of a prefix that the service does not expect, or expects and does not get.

    One takes the slash behind the prefix away, the other adds it: to the service it is a page's name.
    """
    if not subject.deployment.prefix or trail is not subject.home:
        return False
    slash_only = {answer.url.rstrip("/") for answer in trail} == {subject.deployment.base}
    kept = _is_kept_below_a_stripping_proxy(subject)
    return kept is not None or (len(trail) > 1 and slash_only)


def _is_kept_below_a_stripping_proxy(subject: Subject) -> Answer | None:
    """Return what answers below the doubled prefix, where nothing should."""
    deployment, prefix = subject.deployment, subject.deployment.prefix
    if not prefix:
        return None
    control = deployment.get(subject.below(PROBE))
    for url in _doubled(deployment.origin, prefix):
        answer = deployment.get(url)
        if answer.is_redirect:
            # Of its own accord the service leads to an address that has the prefix once.
            once = f"{path_of(answer.location)}/"
            if once.startswith(f"{prefix}/") and not once.startswith(f"{prefix}{prefix}/"):
                return answer
            answer = deployment.follow(url)  # a relative redirect has the prefix twice itself
        if answer.status in (200, 400, 405, 406) and not (
            _alike(answer, control) and answer.body == control.body
        ):
            return answer
    return None


def _doubled(origin: str, prefix: str) -> Iterator[str]:
    """Yield addresses with the prefix twice, and with each outer part of it twice."""
    for path in ("/openapi.json", "/docs", "/schema", "/api/schema/", "/api/docs", "/"):
        yield f"{origin}{prefix}{prefix}{path}"
    outer = prefix.rpartition("/")[0]
    while outer:
        yield f"{origin}{outer}{prefix}"
        outer = outer.rpartition("/")[0]


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
    outside = subject.deployment.get(f"{subject.deployment.origin}/{PROBE}")
    return not _alike(answer, outside) and not is_in_the_proxys_words(answer)


def _alike(one: Answer, other: Answer) -> bool:
    return one.likeness == other.likeness
