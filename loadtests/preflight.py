"""What must be true before the first user starts; otherwise one sentence says what is not."""

import ipaddress
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

from loadtests.settings import Settings

SERVICES = ("auth", "items")
TIMEOUT_SECONDS = 10.0


class NotReadyError(Exception):
    """The run must not start; the message names the cause and what mends it."""


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Message
    body: Any


def check(url: str, settings: Settings) -> None:
    """Check that `url` may be loaded, is up, and lets the user sign in and list items.

    Raises NotReadyError.
    """
    _check_host(url, settings.allowed_hosts)
    for service in SERVICES:
        _check_service(url, service)
    token = _sign_in(url, settings)
    _check_token(url, token)


def _check_host(url: str, allowed_hosts: frozenset[str]) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise NotReadyError(f"{url!r} is no target: give it as URL=http://localhost:8080.")
    if host in allowed_hosts:
        return
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReadyError(f"The host {host} of URL has no address: is it spelt right?") from error
    if not all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found):
        raise NotReadyError(
            f"{host} is not this machine, and a load test can take down what it is pointed at: "
            f"if you may load it, set LOADTESTS_ALLOWED_HOSTS={host}."
        )


def _check_service(url: str, service: str) -> None:
    answer = _request(f"{url}/{service}/health/ready")
    if answer.status == 200:
        return
    if answer.status == 503 and isinstance(answer.body, dict) and "checks" in answer.body:
        causes = ", ".join(
            f"{name}: {state}" for name, state in answer.body["checks"].items() if state != "ok"
        )
        raise NotReadyError(f"The {service} service is not ready ({causes}): see `make logs`.")
    if answer.status in (502, 503, 504):
        raise NotReadyError(f"The {service} service is down at {url}: see `make ps`, `make logs`.")
    raise NotReadyError(
        f"{url}/{service}/health/ready answered {answer.status}, so this is not Gatehouse: "
        f"see `make ps`, or name the target with URL=."
    )


def _sign_in(url: str, settings: Settings) -> str:
    form = {
        "grant_type": "password",
        "username": settings.username,
        "password": settings.password,
    }
    answer = _request(f"{url}/auth/token", data=urlencode(form).encode())
    if answer.status == 200 and isinstance(answer.body, dict) and "access_token" in answer.body:
        return str(answer.body["access_token"])
    if answer.status in (400, 401):
        raise NotReadyError(
            f"{url} does not let {settings.username!r} sign in: check DEMO_USERNAME and "
            f"DEMO_PASSWORD in the environment and in .env."
        )
    if answer.status == 429:
        wait = answer.headers.get("Retry-After", "some")
        raise NotReadyError(
            f"{url} has had too many sign-ins from here: wait {wait} s, or exempt this address "
            f"with GATEHOUSE_RATE_LIMIT_EXEMPT=127.0.0.1/32 and `make down up`."
        )
    raise NotReadyError(f"{url}/auth/token answered {answer.status} and no token: see `make logs`.")


def _check_token(url: str, token: str) -> None:
    answer = _request(f"{url}/items/?limit=1", headers={"Authorization": f"Bearer {token}"})
    if answer.status == 401:
        raise NotReadyError(
            "The items service refuses the token that auth has just issued: GATEHOUSE_PUBLIC_URL "
            "must be the same for both services (restart them with `make down up`)."
        )
    if answer.status != 200:
        raise NotReadyError(
            f"{url}/items/ answered {answer.status} to a signed-in user: see `make logs`."
        )


def _request(
    url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None
) -> _Answer:
    # Without handlers for proxies and redirects: only the target itself may answer for the target.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
    request = urllib.request.Request(  # noqa: S310 - check() lets only http and https pass
        url, data=data, headers=dict(headers or {})
    )
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return _Answer(response.status, response.headers, _json(response.read()))
    except urllib.error.HTTPError as error:
        with error:
            return _Answer(error.code, error.headers, _json(error.read()))
    except (OSError, HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else cause
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
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
