"""The files of a page: found, of the right type, over https, from its own host."""

from collections.abc import Iterator

from doctor.addresses import host_of, path_of, same_origin, scheme_of
from doctor.deployment import Answer
from doctor.findings import Finding
from doctor.page import Asset, Page
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
        unsafe = [url for url in third if scheme_of(url) == "http"]
        if unsafe and scheme_of(page.url) == "https":
            yield Finding("mixed-content", asked, f"the page loads {unsafe[0]}", prefix)
        own = [asset for asset in page.assets if same_origin(asset.url, page.url)]
        for asset in own[:_MAX_FILES]:
            answer = subject.deployment.follow(asset.url)
            if problem := _problem(asset, answer):
                shown = f"{answer.in_words} (loaded by {page.url})"
                yield Finding(problem, answer.asked, shown, prefix)
        yield from _oauth2_redirect(subject, page)


def _problem(asset: Asset, answer: Answer) -> str | None:
    if answer.status == 404:
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


def _oauth2_redirect(subject: Subject, page: Page) -> Iterator[Finding]:
    if page.oauth2_redirect and page.oauth2_redirect.startswith("/"):
        answer = subject.deployment.follow(subject.deployment.origin + page.oauth2_redirect)
        if answer.status == 404:
            shown = f"{answer.in_words} (oauth2RedirectUrl of {path_of(page.url)})"
            yield Finding(
                "oauth2-redirect-not-found", answer.asked, shown, subject.deployment.prefix
            )
