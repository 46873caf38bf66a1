"""The files of a page: found, of the right type, over https, from its own host."""

import re
from collections.abc import Iterator

from doctor.addresses import host_of, is_below, path_of, port_of, same_origin, scheme_of
from doctor.deployment import PROBE, Answer
from doctor.findings import Finding
from doctor.page import Asset, Page, read_page
from doctor.subject import Subject

_MAX_FILES = 20
_JAVASCRIPT = ("text/javascript", "application/javascript", "application/x-javascript")
_NEVER_A_SCRIPT = ("text/html", "application/json", "text/css")


def files_of_pages_load(subject: Subject) -> Iterator[Finding]:
    """Load what a browser would load for each page, except from other hosts."""
    prefix = subject.deployment.prefix
    for page in subject.pages:
        asked = f"GET {page.url}"
        third = [asset.url for asset in page.assets if not same_origin(asset.url, page.url)]
        elsewhere = sorted({host_of(url) for url in third if host_of(url) != host_of(page.url)})
        if elsewhere and page.shows_docs:
            yield Finding(
                "third-party-assets", asked, f"the page loads from {', '.join(elsewhere)}", prefix
            )
        if scheme_of(page.url) == "https":
            unsafe = [url for url in third if scheme_of(url) == "http"] or _written_unsafe(page)
            if unsafe:
                yield Finding("mixed-content", asked, f"the page loads {unsafe[0]}", prefix)
        own = [asset for asset in page.assets if same_origin(asset.url, page.url)][:_MAX_FILES]
        subject.deployment.prefetch(asset.url for asset in own)
        for asset in own:
            answer = subject.deployment.follow(asset.url)
            if problem := _problem(subject, asset, answer):
                shown = f"{answer.in_words} (loaded by {page.url})"
                kind, advice = _cause(subject, page, asset) or (problem, "")
                yield Finding(kind, answer.asked, shown + advice, prefix)
        yield from _oauth2_redirect(subject, page)
        yield from _root(subject, page)
    yield from _without_slash(subject)


def _written_unsafe(page: Page) -> list[str]:
    """Return the http addresses of the page's own host that are written into its scripts."""
    own = re.compile(rf"http:\\?/\\?/{re.escape(host_of(page.url))}[:/\\\"'][^\"'\s]*")
    texts = [script.text for script in (*page.inline, *page.data)]
    return [found[0] for text in texts if (found := own.search(text))]


def _cause(subject: Subject, page: Page, asset: Asset) -> tuple[str, str] | None:
    """Return why a page asks for a file where it is not, if it is elsewhere, and what shows it."""
    deployment, prefix = subject.deployment, subject.deployment.prefix
    # What a docs page asks for is judged by its API description (checks/api_description.py).
    if not prefix or page.shows_docs:
        return None
    path = path_of(asset.url)

    def loads(url: str) -> bool:
        answer = deployment.follow(url)
        return answer.status == 200 and not _problem(subject, asset, answer)

    if not is_below(asset.url, deployment.base):
        for inner in ("", *suffixes(prefix)):
            twin = deployment.base + path.removeprefix(inner)
            if path.startswith(f"{inner}/") and loads(twin):
                kind = "outer-prefix-unknown" if inner else "prefix-unknown"
                return kind, f"; {twin} is there"
        # A page of an application that is known writes no addresses of another one.
        return ("prefix-unknown", "") if subject.framework.name else None
    if path.startswith(f"{prefix}{prefix}/") and loads(deployment.origin + path[len(prefix) :]):
        return "prefix-set-twice", ""
    doubled = deployment.origin + prefix + path
    return ("stripped-but-expected-kept", f"; {doubled} is there") if loads(doubled) else None


def suffixes(prefix: str) -> Iterator[str]:
    """Yield what a prefix would be without its outer segments, the longest first."""
    segments = prefix.split("/")[1:]
    for start in range(1, len(segments)):
        yield "/" + "/".join(segments[start:])


def _root(subject: Subject, page: Page) -> Iterator[Finding]:
    """Check where the scripts of an application that is known will ask: at the public address."""
    pattern = subject.framework.root
    written = re.search(pattern, page.text) if pattern else None
    if written is None:
        return
    base, root = subject.deployment.base, page.absolute(written[1] or ".")
    path, prefix = path_of(f"{root.rstrip('/')}/").rstrip("/"), subject.deployment.prefix
    kind = None
    if host_of(root) != host_of(base):
        kind = "host-lost"
    elif path != prefix and not path.startswith(f"{prefix}/"):
        kind = "outer-prefix-unknown" if path and prefix.endswith(path) else "prefix-unknown"
    elif port_of(root) != port_of(base) and scheme_of(root) == scheme_of(base):
        kind = "port-lost"
    if kind:
        shown = f"the page's scripts ask below {written[0]}"
        yield Finding(kind, f"GET {page.url}", shown, prefix)


def _without_slash(subject: Subject) -> Iterator[Finding]:
    """Check that a page that answers without the slash at its end finds its files from there too."""
    deployment = subject.deployment
    page = read_page(deployment.get(deployment.base)) if deployment.prefix else None
    if page is None or page.shows_docs:
        return
    known = {asset.url for each in subject.pages for asset in each.assets}
    for asset in page.assets[:_MAX_FILES]:
        if asset.url not in known and same_origin(asset.url, page.url):
            answer = deployment.follow(asset.url)
            if _problem(subject, asset, answer):
                shown = f"200, and loads {asset.url}, which answers {answer.in_words}"
                yield Finding("page-without-slash", f"GET {page.url}", shown, deployment.prefix)
                return


def _problem(subject: Subject, asset: Asset, answer: Answer) -> str | None:
    if answer.status in (404, 410) or _is_nothing(subject, asset, answer):
        # A missing picture is no broken page.
        return None if asset.kind == "image" else "asset-not-found"
    if answer.status != 200:
        return None
    kind = answer.content_type
    strict = answer.headers.get("x-content-type-options", "").lower() == "nosniff"
    if asset.kind == "script":
        exact = strict or asset.is_module
        wrong = kind not in _JAVASCRIPT if exact else kind in _NEVER_A_SCRIPT
        return "asset-wrong-type" if wrong else None
    if asset.kind == "style":
        return (
            "asset-wrong-type" if kind != "text/css" and (strict or kind == "text/html") else None
        )
    return None


def _is_nothing(subject: Subject, asset: Asset, answer: Answer) -> bool:
    """Whether a proxy says so to every address that it forwards nowhere: an empty 200, or a 503."""
    if is_below(asset.url, subject.deployment.base) or (answer.status == 200 and answer.body):
        return False
    control = subject.deployment.get(f"{subject.deployment.origin}/{PROBE}")
    return answer.status in (200, 503) and answer.likeness == control.likeness


def _oauth2_redirect(subject: Subject, page: Page) -> Iterator[Finding]:
    # Only flows that lead to another page come back to it; a password is sent by the docs page itself.
    flows = [
        flow
        for service in subject.services
        if service.spec and service.page is page
        for flow in service.spec.flow_urls
    ]
    leads_away = any(not flow.is_token_endpoint for flow in flows)
    if leads_away and page.oauth2_redirect and page.oauth2_redirect.startswith("/"):
        answer = subject.deployment.follow(subject.deployment.origin + page.oauth2_redirect)
        if answer.status == 404:
            shown = f"{answer.in_words} (oauth2RedirectUrl of {path_of(page.url)})"
            yield Finding(
                "oauth2-redirect-not-found", answer.asked, shown, subject.deployment.prefix
            )
