"""What an examination has found out so far and every check works on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from doctor.addresses import is_below, path_of, resolve
from doctor.deployment import Answer, Deployment
from doctor.findings import Finding
from doctor.frameworks import Framework, framework_of
from doctor.openapi import Spec
from doctor.page import Page


@dataclass(frozen=True)
class Options:
    """What the person asked for beside the URL.

    Attributes:
        docs, spec: addresses of the docs page and of the OpenAPI document, absolute.
        direct: base URL of the backend itself, reached without the proxy.
        websockets: paths below the prefix that are WebSockets.
        browser: whether the pages are opened in a real Chromium too.
        oauth: whether OAuth discovery is walked even where nothing asks for a token.
    """

    docs: str | None = None
    spec: str | None = None
    direct: str | None = None
    websockets: Sequence[str] = ()
    oauth: bool = False
    browser: bool = False


@dataclass(frozen=True)
class Service:
    """One service: where the public finds it, what describes it, and the docs page that shows it."""

    base: str
    spec: Spec | None = None
    page: Page | None = None
    page_resolves_specs: bool = False

    @property
    def prefix(self) -> str:
        """The path of its public base, empty at the root."""
        return path_of(self.base + "/").rstrip("/")

    @property
    def routes(self) -> list[str]:
        """Paths below the base without parameters, those that can be read (GET) first."""
        return [_below(path, self, spec) for spec in self._specs for path in spec.plain_paths]

    @property
    def readable_routes(self) -> list[str]:
        """The routes that can be read (GET)."""
        return [
            _below(path, self, spec)
            for spec in self._specs
            for path in spec.plain_paths
            if "get" in spec.paths[path]
        ]

    @property
    def readable_templates(self) -> list[str]:
        """Paths below the base that can be read (GET) and end in their one parameter."""
        return [
            _below(path, self, spec) for spec in self._specs for path in spec.readable_templates
        ]

    @property
    def _specs(self) -> list[Spec]:
        return [self.spec] if self.spec else []

    @property
    def name(self) -> str:
        return self.prefix or "/"


@dataclass
class Subject:
    """The deployment with its options, and what earlier checks learned.

    Attributes:
        pages: HTML pages that were read: docs and, where it is a page, the base itself.
        services: the services whose OpenAPI documents were found, or one without.
        redirecting: an address of each service that redirects, by its base.
        home: what the prefix itself answers, with its redirects within the origin.
        notes: sentences on what could not be examined.
        metadata: addresses of OAuth metadata that was found.
        clients: how far each kind of OAuth client comes, by its name.
        unseen: of these, what may be wrong and cannot show here.
    """

    deployment: Deployment
    options: Options
    pages: list[Page] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    redirecting: dict[str, str] = field(default_factory=dict)
    home: list[Answer] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    metadata: list[str] = field(default_factory=list)
    clients: dict[str, str] = field(default_factory=dict)

    @property
    def framework(self) -> Framework:
        """What the service is made with."""
        base = self.deployment.base
        return framework_of(
            answer for answer in self.deployment.answers if is_below(answer.url, base)
        )

    def below(self, path: str) -> str:
        """Return the absolute URL of `path` below the public prefix."""
        return f"{self.deployment.base}/{path.lstrip('/')}"


def _below(path: str, service: Service, spec: Spec) -> str:
    """Take the prefix off a path of a service whose routes carry it by themselves."""
    at_the_root = path_of(spec.base + "/") == "/"
    carries = at_the_root and path.startswith(f"{service.prefix}/")
    return path.removeprefix(service.prefix) if carries else path


def found(kind: str, answer: Answer, prefix: str, answered: str = "", advice: str = "") -> Finding:
    """Make a finding from the answer that shows it."""
    return Finding(kind, answer.asked, answered or answer.in_words, prefix, advice)


def reference(text: str, base: str) -> str:
    """Resolve what a person typed: a URL, a path with the prefix, or a path below it."""
    if "://" in text or is_below(resolve(text, f"{base}/"), base):
        return resolve(text, f"{base}/")
    return resolve(text.lstrip("/"), f"{base}/")
