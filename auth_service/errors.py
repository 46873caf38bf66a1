"""What several domains raise. A domain raises plain exceptions with a sentence; edges turn them into answers.

`auth_service.problems` has the answers of the API, `auth_service.oauth.errors` those of the OAuth endpoints,
`auth_service.pages.refusals` those of the pages.
"""


class InvalidField(Exception):
    """A value is well-formed and still cannot be accepted.

    Attributes:
        field: its name in the request body.
        reason: why, as a clause without a full stop.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


class TryLater(Exception):
    """Nothing was done; the same request may succeed later.

    Attributes:
        retry_after: in seconds.
    """

    def __init__(self, sentence: str, *, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class TooManyTries(TryLater):
    """This client asked too often for the same."""

    def __init__(self) -> None:
        super().__init__("You asked for this too often; wait before the next time.", retry_after=60)
