"""The deployment under examination, and every request that is made to it."""

import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from json import JSONDecodeError, loads
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from doctor.addresses import origin_of, resolve, same_origin

Header = tuple[str, str]

MAX_BODY = 8 * 1024 * 1024
"""Bytes of a body that are read at most; the descriptions of large services have a few million."""

MAX_SECONDS = 30.0
"""A whole answer may take this long."""

PROBE = "proxy-doctor-probe"
"""A name that no deployment uses, for what must not exist."""

_SAFE = ("GET", "HEAD", "OPTIONS")


class NotExaminedError(Exception):
    """The deployment cannot be examined at all; the message is for the person who asked."""


class NoAnswerError(Exception):
    """One request got no HTTP answer; the message says why."""


class LimitReachedError(Exception):
    """No request is left of those that one examination may make."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request; redirects are answers too."""

    method: str
    url: str
    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def asked(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        value: str = self.headers.get("content-type", "")
        return value.partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        return self.content_type in ("text/html", "application/xhtml+xml")

    @property
    def is_redirect(self) -> bool:
        return self.status in (301, 302, 303, 307, 308) and "location" in self.headers

    @property
    def raw_location(self) -> str:
        value: str = self.headers.get("location", "")
        return value

    @property
    def location(self) -> str:
        """Where a redirect leads, absolute."""
        return resolve(self.raw_location, self.url)

    @cached_property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or None."""
        with suppress(JSONDecodeError, UnicodeDecodeError, RecursionError):
            return loads(self.body)
        return None

    @property
    def in_words(self) -> str:
        if self.is_redirect:
            return f"{self.status}, Location: {self.raw_location}"
        return f"{self.status} {self.content_type}".strip()


class Deployment:
    """A public URL, and every request that is made to it, within limits.

    Args:
        url: what people open, with the public prefix: `https://example.com/items`.
        limit: requests that are made at most.
        seconds: how long connecting, or silence within an answer, may last.
        headers: sent with every request.
        ca_file: certificates to trust beside the system's.
        allow_post: whether a token endpoint may be sent an empty form.

    Only safe methods are used (RFC 9110 section 9.2.1) unless a POST is allowed, no redirect is
    followed by itself, and the same request is sent once.
    """

    def __init__(
        self,
        url: str,
        *,
        limit: int = 300,
        seconds: float = 10,
        headers: Sequence[Header] = (),
        ca_file: str | None = None,
        allow_post: bool = False,
    ) -> None:
        self.base = url.rstrip("/")
        self.origin = origin_of(url)
        self.prefix = urlsplit(self.base).path
        self.requests = 0
        self.answers: list[Answer] = []
        self.allow_post = allow_post
        self._limit = limit
        self._known: dict[tuple[str, str, tuple[Header, ...]], Answer] = {}
        self._client = httpx2.Client(
            verify=_trusting(ca_file),
            timeout=seconds,
            trust_env=False,  # a proxy of the asking machine would answer for the one under examination
            headers=[("User-Agent", "proxy-doctor"), ("Accept-Encoding", "identity"), *headers],
        )

    def get(self, url: str, *headers: Header) -> Answer:
        """GET an absolute URL.

        Raises NoAnswerError, LimitReachedError.
        """
        return self.ask("GET", url, *headers)

    def ask(self, method: str, url: str, *headers: Header) -> Answer:
        """Send one request to the deployment's host, or return the answer it gave before.

        Raises NoAnswerError, LimitReachedError.
        """
        if method not in _SAFE and not (method == "POST" and self.allow_post):
            raise ValueError(f"{method} may change something at {url}")
        question = (method, url, headers)
        if question not in self._known:
            self._known[question] = self._send(method, url, headers)
            self.answers.append(self._known[question])
        return self._known[question]

    def follow(self, url: str, *, hops: int = 3) -> Answer:
        """GET `url` and what it redirects to within the same origin; return the last answer."""
        answer = self.get(url)
        for _ in range(hops):
            if not answer.is_redirect or not same_origin(answer.location, url):
                break
            answer = self.get(answer.location)
        return answer

    def exists(self, url: str) -> bool | None:
        """Whether something of its own answers at `url`; None where that cannot be told.

        Any status but 404 proves a route (405 and 422 too), unless a neighbour that cannot exist
        gets the very same answer, as from a single-page application or a gateway with a login.
        """
        answer = self.get(url)
        if answer.status in (404, 410):
            return False
        if answer.status >= 500:
            return None
        control = self.get(resolve(PROBE, url))
        if (control.status, control.content_type) != (answer.status, answer.content_type):
            return True
        if answer.status == 200:
            return answer.body != control.body
        return None

    def _send(self, method: str, url: str, headers: Sequence[Header]) -> Answer:
        if self.requests >= self._limit:
            raise LimitReachedError
        self.requests += 1
        deadline = time.monotonic() + MAX_SECONDS
        body = bytearray()
        try:
            with self._client.stream(method, url, headers=[*headers]) as response:
                # After 101 the connection is a WebSocket's, which ends when it is left.
                if response.status_code != 101:
                    for chunk in response.iter_bytes():
                        body += chunk
                        if len(body) > MAX_BODY or time.monotonic() > deadline:
                            break
                return Answer(method, url, response.status_code, response.headers, bytes(body))
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise NoAnswerError(f"{method} {url} got no answer: {reason}") from error
        finally:
            # Every request starts afresh: no cookie of one answer goes with the next request.
            self._client.cookies.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()


@cache
def _trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return what verifies servers; reading the system's certificates takes longer than a request."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
