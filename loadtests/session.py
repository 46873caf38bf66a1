"""One user's sign-in: a token fetched once, and refreshed before it expires."""

import random
import time
from urllib.parse import urlencode

from locust.contrib.fasthttp import FastHttpSession

from loadtests.answers import WrongAnswer, expect_status, header_in, object_in
from loadtests.settings import Settings

PATH = "/auth/token"
LONGEST_WAIT_SECONDS = 30.0
WHY_REFUSED = {
    "sign in": "check DEMO_USERNAME and DEMO_PASSWORD",
    "refresh": "was the session ended, or its refresh token used twice?",
}


class Session:
    """Signs in on one row of the report and refreshes on another, so neither blurs the tasks'."""

    def __init__(self, http: FastHttpSession, settings: Settings) -> None:
        self._http = http
        self._settings = settings
        self._access_token = ""
        self._refresh_token = ""
        self._renew_at = 0.0

    def authorization(self) -> dict[str, str]:
        """The header of a request. Raises WrongAnswer when no token can be had."""
        if time.monotonic() >= self._renew_at:
            self._renew()
        return {"Authorization": f"Bearer {self._access_token}"}

    def forget(self) -> None:
        """Sign in anew at the next request, because the target refused the token."""
        self._refresh_token = ""
        self._renew_at = 0.0

    def _renew(self) -> None:
        if not self._refresh_token:
            form = {"username": self._settings.username, "password": self._settings.password}
            self._request_token("sign in", {"grant_type": "password", **form})
            return
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        # A refresh token works once: whatever comes of this request, it is not tried again.
        self._refresh_token = ""
        self._request_token("refresh", form)

    def _request_token(self, row: str, form: dict[str, str]) -> None:
        with self._http.request(
            "POST",
            PATH,
            name=f"{PATH} {row}",
            data=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            allow_redirects=False,
            catch_response=True,
        ) as response:
            try:
                if response.status_code in (400, 401):
                    raise WrongAnswer(f"{row} was refused: {WHY_REFUSED[row]}")
                expect_status(response, 200)
                body = object_in(response)
                access_token, life = body.get("access_token"), body.get("expires_in")
                if not isinstance(access_token, str) or body.get("token_type") != "Bearer":
                    raise WrongAnswer(
                        "the answer holds no bearer token: check RFC 6749, section 5.1"
                    )
                if not isinstance(life, int) or life <= 0:
                    raise WrongAnswer("the token has no life: check `expires_in`")
            except WrongAnswer as wrong:
                response.failure(str(wrong))
                if response.status_code == 429:
                    time.sleep(_retry_after(header_in(response, "retry-after")))
                raise
        self._access_token = access_token
        self._refresh_token = str(body.get("refresh_token") or "")
        # Users who signed in together must not refresh together, so each picks its own moment.
        self._renew_at = time.monotonic() + life * random.uniform(0.7, 0.9)


def _retry_after(header: str) -> float:
    seconds = float(header) if header.isdecimal() else 1.0
    return min(seconds, LONGEST_WAIT_SECONDS) * random.uniform(1.0, 1.5)
