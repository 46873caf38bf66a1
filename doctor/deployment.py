"""The deployment under examination, and every request that is made to it."""

import re
import ssl
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import JSONDecodeError, loads
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from doctor.addresses import origin_of, resolve, same_origin
from doctor.no_answer import in_words

Header = tuple[str, str]
Question = tuple[str, str, tuple[Header, ...]]
"""The method, the URL and the headers of one request."""

MAX_BODY = 32 * 1024 * 1024
"""Bytes of a body that are read at most; the descriptions of large services have some million."""

MAX_SECONDS = 10.0
"""A whole answer may take this long; of a longer one the beginning is read."""

AT_ONCE = 4
"""Requests that are under way together at most, so that an examination is no load test."""

_READABLE = ("", "identity", "gzip", "deflate")
_ENDLESS = ("text/event-stream", "multipart/x-mixed-replace")

PROBE = "gatehouse-doctor-probe"
"""A name that no deployment uses, for what must not exist."""

SAFE = ("GET", "HEAD", "OPTIONS")


class NotExaminedError(Exception):
    """The deployment cannot be examined at all; the message is for the person who asked."""


class NoAnswerError(Exception):
    """One request got no HTTP answer; the message says why."""


class LimitReachedError(Exception):
    """No request or no time is left of what one examination may take; the message says which."""


@dataclass(frozen=True)
class Answer:
    """What came back for one request; redirects are answers too."""

    method: str
    url: str
    status: int
    headers: httpx2.Headers
    body: bytes
    is_whole: bool = True

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

    @cached_property
    def likeness(self) -> tuple[int, str, str]:
        """What two answers of one program have in common: no request's id, time or path."""
        text = re.sub(r"/[^\s\"<>]*", "", self.text)
        return self.status, self.content_type, re.sub(r"[0-9A-Fa-f-]{8,}|\d+", "", text)

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
        deadline: seconds that all requests together may take.
        headers: the person's own, which may be credentials: sent with what `ask` and `get` ask of
            the origins of `url` and `direct`, and never by `sample`.
        direct: the backend itself.
        ca_file: certificates to trust beside the system's.
        allow_post: whether a token endpoint may be sent an empty form.

    Only safe methods are used (RFC 9110 section 9.2.1) unless a POST is allowed, no redirect is
    followed by itself, and the same request is sent once. Requests are sent in turn, but for those
    that `prefetch` is told of.
    """

    def __init__(
        self,
        url: str,
        *,
        limit: int = 300,
        seconds: float = 10,
        deadline: float = 60,
        headers: Sequence[Header] = (),
        direct: str | None = None,
        ca_file: str | None = None,
        allow_post: bool = False,
    ) -> None:
        self.move_to(url)
        self.requests = 0
        self.answers: list[Answer] = []
        self.allow_post = allow_post
        self._limit = limit
        self._seconds = seconds
        self._deadline = deadline
        self._ends = time.monotonic() + deadline
        self._known: dict[Question, Answer | NoAnswerError] = {}
        self._counting = threading.Lock()
        self.credentials = tuple(headers)
        self._friends = {origin_of(direct)} if direct else set()
        self._client = httpx2.Client(
            verify=_trusting(ca_file),
            trust_env=False,  # a proxy of the asking machine would answer for the one under examination
            headers=[("User-Agent", "gatehouse-doctor"), ("Accept-Encoding", "identity")],
            # Every request starts afresh: no cookie of one answer goes with the next request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def move_to(self, url: str) -> None:
        """Examine `url` from now on, as where the first address redirects to https."""
        self.base = url.rstrip("/")
        self.origin = origin_of(url)
        self.prefix = urlsplit(self.base).path

    def get(self, url: str, *headers: Header) -> Answer:
        """GET an absolute URL.

        Raises NoAnswerError, LimitReachedError.
        """
        return self.ask("GET", url, *headers)

    def ask(self, method: str, url: str, *headers: Header) -> Answer:
        """Send one request, with the person's headers, or return the answer it gave before.

        Raises NoAnswerError, LimitReachedError.
        """
        return self._once(method, url, self._with_credentials(url, headers))

    def sample(self, url: str, *headers: Header, method: str = "GET") -> Answer:
        """Ask a route that is not known to be harmless: as a stranger, without the person's headers.

        Raises NoAnswerError, LimitReachedError.
        """
        return self._once(method, url, headers)

    def prefetch(self, urls: Iterable[str], *variants: Header, as_stranger: bool = False) -> None:
        """Send what `get` (or, `as_stranger`, `sample`) will ask soon, several at a time; the answers wait for it.

        Each URL is asked as it is, or, where there are `variants`, once with each of these headers.
        """
        added: list[tuple[Header, ...]] = [(variant,) for variant in variants] or [()]
        self._send_together(
            ("GET", url, headers if as_stranger else self._with_credentials(url, headers))
            for url in urls
            for headers in added
        )

    def _with_credentials(self, url: str, headers: tuple[Header, ...]) -> tuple[Header, ...]:
        own = self.credentials if origin_of(url) in {self.origin, *self._friends} else ()
        return (*own, *headers)

    def _once(self, method: str, url: str, headers: tuple[Header, ...]) -> Answer:
        if method not in SAFE and not (method == "POST" and self.allow_post):
            raise ValueError(f"{method} may change something at {url}")
        question = (method, url, headers)
        if question not in self._known:
            self._keep(question, self._answer_or_error(question))
        known = self._known[question]
        if isinstance(known, NoAnswerError):
            raise known
        return known

    def _send_together(self, questions: Iterable[Question]) -> None:
        new = [each for each in dict.fromkeys(questions) if each not in self._known]
        # What is over the limit is left to whoever asks for it, and is told there.
        new = new[: max(0, self._limit - self.requests)]
        with ThreadPoolExecutor(AT_ONCE) as threads, suppress(LimitReachedError):
            for question, answer in zip(new, threads.map(self._answer_or_error, new), strict=True):
                self._keep(question, answer)

    def _keep(self, question: Question, answer: Answer | NoAnswerError) -> None:
        self._known[question] = answer
        if isinstance(answer, Answer):
            self.answers.append(answer)

    def _answer_or_error(self, question: Question) -> Answer | NoAnswerError:
        try:
            return self._send(*question)
        except NoAnswerError as error:
            return error

    def follow(self, url: str, *headers: Header) -> Answer:
        """GET `url` and what it redirects to within the same origin; return the last answer."""
        return self.trail(url, *headers)[-1]

    def trail(self, url: str, *headers: Header, hops: int = 5) -> list[Answer]:
        """Return every answer on the way that `follow` goes; it ends where it comes by again."""
        answers = [self.get(url, *headers)]
        for _ in range(hops):
            last = answers[-1]
            if not last.is_redirect or not same_origin(last.location, url) or loops(answers):
                break
            answers.append(self.get(last.location, *headers))
        return answers

    def exists(self, url: str) -> bool | None:
        """Whether something of its own answers at `url`; None where that cannot be told.

        Any status but 404 proves a route (405 and 422 too), unless a neighbour that cannot exist
        gets the very same answer, as from a single-page application or a gateway with a login.
        """
        answer = self.sample(url)
        if answer.status in (404, 410):
            return False
        if answer.status == 429 or answer.status >= 500:
            return None
        control = self.sample(resolve(PROBE, url))
        if (control.status, control.content_type) != (answer.status, answer.content_type):
            return True
        if answer.status == 200:
            return answer.body != control.body
        return None

    def _send(self, method: str, url: str, headers: Sequence[Header]) -> Answer:
        left = self._ends - time.monotonic()
        with self._counting:
            if self.requests >= self._limit:
                raise LimitReachedError(
                    f"After {self.requests} requests no more were made: --requests N allows more."
                )
            if left <= 0:
                raise LimitReachedError(
                    f"After {self._deadline:g} seconds no more was asked: --deadline SECONDS allows more."
                )
            self.requests += 1
        until = time.monotonic() + min(MAX_SECONDS, left)
        body = bytearray()
        is_whole = True
        try:
            with self._client.stream(
                method, url, headers=[*headers], timeout=min(self._seconds, left)
            ) as response:
                encoding = response.headers.get("content-encoding", "").lower()
                if encoding not in _READABLE:
                    raise NoAnswerError(
                        f"{method} {url} is compressed with {encoding}, although nothing but plain text was asked for "
                        "(Accept-Encoding: identity), and cannot be read here"
                    )
                kind = response.headers.get("content-type", "")
                # After 101 the connection is a WebSocket's; that and a stream end when they are left.
                if response.status_code != 101 and not kind.startswith(_ENDLESS):
                    for chunk in response.iter_bytes():
                        body += chunk
                        if len(body) > MAX_BODY or time.monotonic() > until:
                            is_whole = False
                            break
                return Answer(
                    method, url, response.status_code, response.headers, bytes(body), is_whole
                )
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NoAnswerError(f"{method} {url} got no answer: {in_words(error)}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()


def loops(trail: Sequence[Answer]) -> bool:
    """Whether redirects lead back to an address that they came by."""
    last = trail[-1]
    return last.is_redirect and last.location in [answer.url for answer in trail]


@cache
def _trusting(ca_file: str | None) -> ssl.SSLContext:
    """Return what verifies servers; reading the system's certificates takes longer than a request."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
