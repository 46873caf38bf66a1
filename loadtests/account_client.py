"""The own account as a user reads it."""

from locust.contrib.fasthttp import FastHttpSession

from loadtests.answers import WrongAnswer, expect_status, object_in
from loadtests.session import Session

ACCOUNT_PATH = "/auth/users/me"


class AccountClient:
    """Reads the account of the user that is signed in, and checks the answer."""

    def __init__(self, http: FastHttpSession, session: Session) -> None:
        self._http = http
        self._session = session

    def read(self) -> None:
        """The own account. Raises WrongAnswer."""
        with self._http.request(
            "GET",
            ACCOUNT_PATH,
            name=ACCOUNT_PATH,
            headers=self._session.authorization(),
            allow_redirects=False,
            catch_response=True,
        ) as response:
            try:
                expect_status(response, 200)
                if not isinstance(object_in(response).get("username"), str):
                    raise WrongAnswer(
                        "the account has no username: compare loadtests/ with the API's docs"
                    )
            except WrongAnswer as wrong:
                response.failure(str(wrong))
                if response.status_code == 401:
                    self._session.forget()
                raise
            response.success()
