"""What must be true of the target before the first user starts; otherwise one sentence says what is not."""

import ipaddress
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import urlsplit

from loadtests.settings import Credentials, Settings
from loadtests.target import Answer, NotReadyError, Target

EXEMPTION = (
    "GATEHOUSE_RATE_LIMIT_EXEMPT=127.0.0.1/32 (with Docker 10.84.80.1/32) and `make down up`"
)


def check_host(url: str, allowed_hosts: frozenset[str]) -> bool:
    """Whether `url` is on this machine; another one must be among the `allowed_hosts`.

    Raises NotReadyError.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host:
        raise NotReadyError(f"{url!r} is no target: give it as URL=http://localhost:8080.")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotReadyError(f"The host {host} of URL has no address: is it spelt right?") from error
    if all(ipaddress.ip_address(str(entry[4][0])).is_loopback for entry in found):
        return True
    if host not in allowed_hosts:
        raise NotReadyError(
            f"{host} is not this machine, and a load test can take down what it is pointed at: "
            f"if you may load it, set LOADTESTS_ALLOWED_HOSTS={host}."
        )
    return False


def who_signs_in(settings: Settings, *, on_this_machine: bool) -> Credentials:
    """The administrator, or the demo user where none is known for this target. Raises NotReadyError."""
    if settings.admin and (on_this_machine or not settings.admin_is_from_file):
        return settings.admin
    if settings.demo:
        return settings.demo
    raise NotReadyError(
        "Who signs in at this target? Set DEMO_USERNAME and DEMO_PASSWORD in the environment, or "
        "ADMIN_USERNAME and ADMIN_PASSWORD; those of .env are for this machine only."
    )


@contextmanager
def signed_in(
    target: Target, who: Credentials, scopes: Sequence[str], *, patience_seconds: float = 0
) -> Iterator[str]:
    """An access token with these scopes, of a session that ends with the block.

    It waits for so long where there were too many sign-ins. Raises NotReadyError.
    """
    form = {
        "grant_type": "password",
        "username": who.username,
        "password": who.password,
        "scope": " ".join(scopes),
    }
    answer = target.post_form("/auth/token", **form)
    deadline = time.monotonic() + patience_seconds
    while answer.status == 429 and time.monotonic() < deadline:
        time.sleep(retry_after(answer))
        answer = target.post_form("/auth/token", **form)
    token = answer.field("access_token")
    if answer.status == 200 and token:
        try:
            yield token
        finally:
            target.post_form("/auth/revoke", token=answer.field("refresh_token") or token)
        return
    if answer.status in (400, 401):
        raise NotReadyError(
            f"{target.url} does not let {who.username!r} sign in for {form['scope']}: check {who.variables} "
            f"in the environment and in .env."
        )
    if answer.status == 429:
        raise NotReadyError(
            f"{target.url} has had too many sign-ins from here: wait {retry_after(answer)} s, "
            f"or exempt this address with {EXEMPTION}."
        )
    raise NotReadyError(
        f"{target.url}/auth/token answered {answer.status} and no token: see `make logs`."
    )


def retry_after(answer: Answer) -> int:
    """How many seconds a 429 asks to wait."""
    header = answer.headers.get("Retry-After", "")
    return int(header) if header.isdecimal() else 1


def check_service(target: Target, service: str) -> None:
    """Check that a service is ready. Raises NotReadyError."""
    answer = target.get(f"/{service}/health/ready")
    if answer.status == 200:
        return
    if answer.status == 503 and isinstance(answer.body, dict) and "checks" in answer.body:
        causes = ", ".join(
            f"{name}: {state}" for name, state in answer.body["checks"].items() if state != "ok"
        )
        raise NotReadyError(f"The {service} service is not ready ({causes}): see `make logs`.")
    if answer.status in (502, 503, 504):
        raise NotReadyError(
            f"The {service} service is down at {target.url}: see `make ps`, `make logs`."
        )
    raise NotReadyError(
        f"{target.url}/{service}/health/ready answered {answer.status}, so this is not Gatehouse: "
        f"see `make ps`, or name the target with URL=."
    )


def check_items(target: Target, token: str) -> None:
    """Check that items takes a token. Raises NotReadyError."""
    answer = target.get("/items/", token, limit="1")
    if answer.status == 401:
        raise NotReadyError(
            "The items service refuses the token that auth has just issued: GATEHOUSE_PUBLIC_URL "
            "must be the same for both services (restart them with `make down up`)."
        )
    if answer.status != 200:
        raise NotReadyError(
            f"{target.url}/items/ answered {answer.status} to a signed-in user: see `make logs`."
        )
