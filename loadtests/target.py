"""The target as it is spoken to before the first user: one request at a time, and sentences when it does not answer."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_SECONDS = 10.0
JSON = {"Content-Type": "application/json"}


class NotReadyError(Exception):
    """The run must not start; the message names the cause and how to fix it."""


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is None unless it was JSON."""

    status: int
    headers: Message
    body: Any

    def field(self, name: str) -> str:
        """A text of the JSON object in the body, empty when there is none."""
        value = self.body.get(name) if isinstance(self.body, dict) else None
        return value if isinstance(value, str) else ""


class Target:
    """Whatever is at `url`. Every method raises NotReadyError when nothing answers there."""

    def __init__(self, url: str) -> None:
        self.url = url
        # Without handlers for proxies and redirects: only the target itself may answer for the target.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())

    def get(self, path: str, token: str = "", **query: str) -> Answer:
        """The answer to GET, with an access token."""
        return self._ask(f"{path}?{urlencode(query)}" if query else path, token=token)

    def post(self, path: str, body: Mapping[str, Any], token: str) -> Answer:
        """The answer to POST of a JSON object."""
        return self._ask(path, json.dumps(body).encode(), JSON, token)

    def patch(self, path: str, body: Mapping[str, Any], token: str) -> Answer:
        """The answer to PATCH with a JSON object."""
        return self._ask(path, json.dumps(body).encode(), JSON, token, method="PATCH")

    def delete(self, path: str, token: str) -> Answer:
        """The answer to DELETE."""
        return self._ask(path, token=token, method="DELETE")

    def post_form(self, path: str, **form: str) -> Answer:
        """The answer to POST of a form."""
        return self._ask(path, urlencode(form).encode())

    def _ask(
        self,
        path: str,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        token: str = "",
        method: str | None = None,
    ) -> Answer:
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(  # noqa: S310 - check_host lets only http and https pass
            f"{self.url}{path}", data, {**(headers or {}), **authorization}, method=method
        )
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return Answer(response.status, response.headers, _json(response.read()))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, _json(error.read()))
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else cause
            origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.url))
            raise NotReadyError(
                f"Nothing answers at {origin} ({reason}): start the stack with `make up`, "
                f"or name another target with URL=."
            ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
