"""Content-Security-Policy: whether the page's own policy lets the page work (CSP Level 3)."""

import base64
import fnmatch
import hashlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from doctor.addresses import host_of, port_of, same_origin, scheme_of
from doctor.findings import Finding
from doctor.page import Asset, InlineScript, Page
from doctor.subject import Subject

_HASHES = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_DIRECTIVE_OF = {"script": "script-src", "style": "style-src"}


def policies_allow_pages(subject: Subject) -> Iterator[Finding]:
    """Check scripts, styles and the request for the OpenAPI document against every policy."""
    for page in subject.pages:
        for policy in page.policies:
            if blocked := next(_blocked(page, _parse(policy)), None):
                yield Finding(
                    "csp-blocks-page",
                    f"GET {page.url}",
                    f"Content-Security-Policy: {policy}; it blocks {blocked}",
                    subject.deployment.prefix,
                )


def _parse(policy: str) -> dict[str, list[str]]:
    directives: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        name, *sources = directive.split() or [""]
        directives.setdefault(name.lower(), sources)
    return directives


def _blocked(page: Page, directives: dict[str, list[str]]) -> Iterator[str]:
    scripts = _sources(directives, "script-src-elem", "script-src")
    if scripts is not None:
        for script in page.inline:
            if not _allows_inline(scripts, script):
                yield f"the inline script that begins {' '.join(script.text.split())[:40]!r}"
    for asset in page.assets:
        if name := _DIRECTIVE_OF.get(asset.kind):
            sources = _sources(directives, f"{name}-elem", name)
            if sources is not None and not _allows(sources, asset, page):
                yield f"{asset.kind} {asset.url}"
    connections = _sources(directives, "connect-src")
    if connections is not None and page.shows_docs:
        for spec in page.named_specs:
            if not _allows(connections, Asset("spec", page.absolute(spec)), page):
                yield f"the request for {page.absolute(spec)}"


def _sources(directives: dict[str, list[str]], *names: str) -> list[str] | None:
    """Return the sources of the first directive that is there; None where nothing is restricted."""
    return next((directives[name] for name in (*names, "default-src") if name in directives), None)


def _allows_inline(sources: list[str], script: InlineScript) -> bool:
    exact = [source.strip("'") for source in sources if source.startswith(("'nonce-", "'sha"))]
    if script.nonce and f"nonce-{script.nonce}" in exact:
        return True
    for source in exact:
        name, _, digest = source.partition("-")
        if name in _HASHES:
            own = base64.b64encode(_HASHES[name](script.text.encode()).digest()).decode()
            if own == digest.replace("-", "+").replace("_", "/"):
                return True
    # With a nonce or a hash in the list 'unsafe-inline' counts for nothing.
    return not exact and "'unsafe-inline'" in [source.lower() for source in sources]


def _allows(sources: list[str], asset: Asset, page: Page) -> bool:
    if asset.nonce and f"'nonce-{asset.nonce}'" in sources:
        return True
    if asset.kind == "script" and "'strict-dynamic'" in sources:
        return False
    return any(_matches(source, asset.url, page.url) for source in sources)


def _matches(source: str, url: str, page: str) -> bool:
    if source == "*":
        return True
    if source.lower() == "'self'":
        return same_origin(url, page)
    if source.startswith("'"):
        return False
    if source.endswith(":"):
        return scheme_of(url) == source[:-1].lower()
    absolute = source if "://" in source else f"{scheme_of(page)}://{source}"
    wanted = urlsplit(absolute.replace(":*", ""))
    return (
        fnmatch.fnmatch(host_of(url), (wanted.hostname or "").lower())
        and scheme_of(url) in (wanted.scheme, "https")
        and (":*" in absolute or port_of(url) in (port_of(absolute), 443))
        and urlsplit(url).path.startswith(wanted.path.rstrip("/"))
    )
