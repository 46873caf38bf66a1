"""The OpenAPI documents: those that the docs pages name, and what is wrong with their addresses."""

import re
from collections.abc import Iterator

from doctor.addresses import host_of, is_below, path_of, resolve, same_origin, scheme_of
from doctor.deployment import Answer, Deployment, NoAnswerError
from doctor.findings import Finding
from doctor.openapi import AS_SWAGGER_UI_ASKS, Spec, as_spec, is_yaml, read_spec
from doctor.page import Page, documents_in_script, specs_in_script
from doctor.subject import Service, Subject, found

_LIBRARY = re.compile(r"-bundle|standalone|\.min\.")
_IMPORT = re.compile(r"""\bfrom\s*["'](\.{1,2}/[^"']+)["']""")
_MAX_OWN_SCRIPT = 4 * 1024 * 1024


def find_services(subject: Subject) -> Iterator[Finding]:
    """Find the OpenAPI document of every service, and enter the services into the subject."""
    deployment = subject.deployment
    pages = [page for page in subject.pages if page.shows_docs]
    if subject.options.spec:
        answer = deployment.follow(subject.options.spec, AS_SWAGGER_UI_ASKS)
        spec = read_spec(answer)
        if spec is None:
            kind = "spec-fails" if answer.status >= 500 else "spec-not-openapi"
            yield found(kind, answer, deployment.prefix)
        subject.services.append(Service(deployment.base, spec, pages[0] if pages else None))
        return
    for page in pages:
        scripts = _own_scripts(deployment, page)
        for document in (each for script in scripts for each in documents_in_script(script)):
            if spec := as_spec(page.url, document):
                subject.services.append(Service(deployment.base, spec, page))
        if subject.services:
            break
        written = page.named_specs or [
            name for script in scripts for name in specs_in_script(script)
        ]
        resolves = any("tokenUrl" in script for script in scripts)
        for address in written:
            try:
                yield from _open(
                    subject, page, address, several=len(written) > 1, resolves=resolves
                )
            except NoAnswerError as error:
                subject.notes.append(f"{page.url} shows {address!r}: {error}.")
    if not subject.services and (pages or subject.framework.describes_itself):
        spec = read_spec(deployment.follow(subject.below("openapi.json"), AS_SWAGGER_UI_ASKS))
        if spec or pages:
            subject.services.append(Service(deployment.base, spec, pages[0] if pages else None))


def _open(
    subject: Subject, page: Page, written: str, *, several: bool, resolves: bool
) -> Iterator[Finding]:
    deployment = subject.deployment
    url = page.absolute(written)
    if not same_origin(url, page.url):
        if host_of(url) == host_of(page.url) and scheme_of(url) != scheme_of(page.url):
            yield Finding(
                "mixed-content", f"GET {page.url}", f"the page loads {url}", deployment.prefix
            )
        else:
            subject.notes.append(f"{page.url} shows {url} of another host, which was not asked.")
        return
    answer = deployment.follow(url, AS_SWAGGER_UI_ASKS)
    if addresses := [*_listed(answer.json)]:
        for address in addresses:
            yield from _open(
                subject, page, resolve(address, page.url), several=True, resolves=resolves
            )
        return
    spec = read_spec(answer)
    if spec is None and (
        not answer.is_whole or answer.status in (401, 403, 429) or is_yaml(answer)
    ):
        why = " is YAML, which is read where PyYAML is installed" if is_yaml(answer) else ""
        subject.notes.append(f"{answer.asked}{why or f' answers {answer.in_words}'}: not judged.")
        if not several:
            subject.services.append(Service(deployment.base, None, page))
        return
    if several:
        if spec is None:
            kind = "spec-fails" if answer.status >= 500 else "spec-not-found"
            yield found(kind, answer, deployment.prefix)
        base = resolve(".", url).rstrip("/")
    else:
        actual = spec
        for kind, advice, spec_there in _diagnose(subject, page, written, answer):
            shown = f"the page loads {written}, and {answer.asked} answers {answer.in_words}"
            yield Finding(kind, f"GET {page.url}", shown, deployment.prefix, advice)
            actual = spec_there
        spec = actual
        base = deployment.base
    known = [service for service in subject.services if service.base == base]
    if not known:
        subject.services.append(Service(base, spec, page, page_resolves_specs=resolves))


def _diagnose(
    subject: Subject, page: Page, written: str, answer: Answer
) -> Iterator[tuple[str, str, Spec | None]]:
    """Yield what is wrong with the one address that a page asks, and the document that was meant."""
    deployment, prefix = subject.deployment, subject.deployment.prefix
    spec, path = read_spec(answer), path_of(answer.url)
    own = read_spec(deployment.follow(subject.below("openapi.json"), AS_SWAGGER_UI_ASKS))
    if spec:
        # Another service's document at the root of the domain is as wrong as none.
        is_foreign = own and own.document.get("paths") != spec.document.get("paths")
        if prefix and is_foreign and not is_below(answer.url, deployment.base):
            yield "prefix-unknown", "", own
        return
    if prefix and f"/{written}".startswith(f"{prefix}/"):
        yield "root-path-lacks-slash", "", own
    elif prefix and path.startswith(f"{prefix}{prefix}/"):
        yield "prefix-set-twice", "", own
    elif "//" in path:
        yield "root-path-ends-in-slash", "", own
    elif prefix and (inner := _inner_prefix(prefix, path)) and _is_there(subject, path, inner):
        yield "outer-prefix-unknown", "", _is_there(subject, path, inner)
    elif prefix and not is_below(answer.url, deployment.base) and _is_there(subject, path, ""):
        yield "prefix-unknown", "", _is_there(subject, path, "")
    elif answer.status == 200:
        yield "spec-not-openapi", "", own
    elif answer.status >= 500 and is_below(answer.url, deployment.base):
        yield "spec-fails", "", own
    else:
        there = own and f"The document is at {own.url}: write that, or 'openapi.json' relative."
        yield "spec-not-found", there or "", own


def _inner_prefix(prefix: str, path: str) -> str | None:
    """Return the longest proper suffix of `prefix` that `path` begins with."""
    segments = prefix.split("/")[1:]
    for start in range(1, len(segments)):
        inner = "/" + "/".join(segments[start:])
        if path.startswith(f"{inner}/"):
            return inner
    return None


def _is_there(subject: Subject, path: str, inner: str) -> Spec | None:
    return read_spec(subject.deployment.follow(subject.deployment.base + path[len(inner) :]))


def _listed(document: object) -> Iterator[str]:
    """Yield the documents' addresses in a page's list of services, or in Swagger UI's own `configUrl`."""
    if isinstance(document, dict) and not {"openapi", "swagger"} & set(document):
        urls = document.get("urls")
        document = urls if isinstance(urls, list) else [document]
    for entry in document if isinstance(document, list) else []:
        if isinstance(entry, dict):
            address = entry.get("url") or entry.get("spec")
            if isinstance(address, str):
                yield address
            elif isinstance(prefix := entry.get("prefix"), str):
                yield f"{prefix.rstrip('/')}/openapi.json"


def _own_scripts(deployment: Deployment, page: Page) -> list[str]:
    """Return the texts of the page's own scripts and of the modules that they import."""
    texts = [script.text for script in page.inline]
    waiting = [
        asset.url
        for asset in page.assets
        if asset.kind == "script"
        and same_origin(asset.url, page.url)
        and not _LIBRARY.search(path_of(asset.url))
    ]
    seen: set[str] = set()
    while waiting and len(seen) < 8:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        answer = deployment.get(url)
        if answer.status == 200 and len(answer.body) <= _MAX_OWN_SCRIPT and not answer.is_html:
            texts.append(answer.text)
            waiting += [resolve(name, url) for name in _IMPORT.findall(answer.text)]
    return texts
