"""One user's sign-in: a token fetched once, refreshed before it expires, and ended at the end."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from locust.contrib.fasthttp import FastHttpSession, ResponseContextManager

from loadtests.answers import WrongAnswer, expect_status, header_in, object_in
from loadtests.grants import Grant, refresh_grant

TOKEN_PATH = "/auth/token"
REVOCATION_PATH = "/auth/revoke"
LONGEST_WAIT_SECONDS = 30.0


class Session:
    """Gets tokens, each grant on a row of its own, so that none blurs the tasks' rows."""

    def __init__(self, http: FastHttpSession, grant: Callable[[], Grant]) -> None:
        self._http = http
        self._grant = grant
        self._access_token = ""
        self._refresh_token = ""
        self._renew_at = 0.0
        # A user of the open model asks several things at once, and its refresh token works once.
        self._renewing = threading.Lock()

    def authorization(self) -> dict[str, str]:
        """The header of a request. Raises WrongAnswer when no token can be had."""
        with self._renewing:
            if time.monotonic() >= self._renew_at:
                self._renew()
        return {"Authorization": f"Bearer {self._access_token}"}

    def forget(self) -> None:
        """Sign in anew at the next request, because the target refused the token."""
        self._refresh_token = ""
        self._renew_at = 0.0

    def sign_out(self) -> None:
        """End the session at the target, if there is one. Raises WrongAnswer."""
        if not self._refresh_token:
            return
        token = self._refresh_token
        self.forget()
        with self._post(REVOCATION_PATH, REVOCATION_PATH, {"token": token}) as response:
            expect_status(response, 200)

    def _renew(self) -> None:
        grant = refresh_grant(self._refresh_token) if self._refresh_token else self._grant()
        # A refresh token works once: whatever comes of this request, it is not tried again.
        self._refresh_token = ""
        with self._post(TOKEN_PATH, f"{TOKEN_PATH} [{grant.name}]", grant.form) as response:
            if response.status_code in (400, 401):
                raise WrongAnswer(f"{grant.name} was refused: {grant.advice}")
            expect_status(response, 200)
            body = object_in(response)
            access_token, life = body.get("access_token"), body.get("expires_in")
            if not isinstance(access_token, str) or body.get("token_type") != "Bearer":
                raise WrongAnswer("the answer holds no bearer token: check RFC 6749, section 5.1")
            if not isinstance(life, int) or life <= 0:
                raise WrongAnswer("the token has no life: check `expires_in`")
        self._access_token = access_token
        self._refresh_token = str(body.get("refresh_token") or "")
        # Users who signed in together must not refresh together, so each picks its own moment.
        self._renew_at = time.monotonic() + life * random.uniform(0.7, 0.9)

    @contextmanager
    def _post(
        self, path: str, row: str, form: Mapping[str, str]
    ) -> Iterator[ResponseContextManager]:
        with self._http.request(
            "POST",
            path,
            name=row,
            data=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            allow_redirects=False,
            catch_response=True,
        ) as response:
            try:
                yield response
            except WrongAnswer as wrong:
                response.failure(str(wrong))
                if response.status_code == 429:
                    time.sleep(_retry_after(header_in(response, "retry-after")))
                raise
            response.success()


def _retry_after(header: str) -> float:
    seconds = float(header) if header.isdecimal() else 1.0
    return min(seconds, LONGEST_WAIT_SECONDS) * random.uniform(1.0, 1.5)
