"""Many requests at the same moment, from a process of their own: the test's own clock must not wait for them."""

from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from urllib.parse import urlencode

from testing.http import send

Outcome = tuple[int, str | None, bytes]
"""Status, `Retry-After` and body of an answer."""


def storm_of_forms(
    executor: ProcessPoolExecutor, url: str, form: dict[str, str], times: int
) -> Future[list[Outcome]]:
    """POSTs the form as many times at once."""
    return executor.submit(_storm, url, urlencode(form).encode(), times)


def own_process() -> ProcessPoolExecutor:
    """What `storm_of_forms` runs in."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _storm(url: str, body: bytes, times: int) -> list[Outcome]:
    def post(_number: int) -> Outcome:
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        answer = send(url, method="POST", headers=headers, body=body)
        return answer.status, answer.headers["Retry-After"], answer.body

    with ThreadPoolExecutor(times) as people:
        return list(people.map(post, range(times)))
