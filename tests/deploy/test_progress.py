import io
import re

import pytest

from deploy.progress import Progress
from deploy.table import Row, duration, render


def test_a_step_says_its_number_and_its_seconds() -> None:
    out = io.StringIO()
    progress = Progress(2, out)

    with progress.step("installing packages"):
        pass
    progress.say("Wrote .env.")
    with progress.step("starting"):
        pass

    first, note, second = out.getvalue().splitlines()
    assert re.fullmatch(r"\[1/2\] installing packages \.\.\. 0\.\d s", first)
    assert note == "      Wrote .env."
    assert re.fullmatch(r"\[2/2\] starting \.\.\. 0\.\d s", second)


def test_a_step_that_fails_says_so_and_lets_the_reason_through() -> None:
    out = io.StringIO()

    with pytest.raises(OSError, match="disk"), Progress(1, out).step("writing"):
        raise OSError("disk")

    assert out.getvalue() == "[1/1] writing ... failed\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59, "59s"), (75, "1m 15s"), (3600, "1h"), (90061, "1d 1h")],
)
def test_a_duration_has_its_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_the_table_says_what_is_not_ready() -> None:
    table = render(
        [
            Row("auth", "running", pid=7, uptime_s=75, restarts=1, trouble=None),
            Row("items", "stopped"),
        ]
    )

    assert [line.split() for line in table.splitlines()] == [
        ["NAME", "STATE", "PID", "UPTIME", "RESTARTS", "READY"],
        ["auth", "running", "7", "1m", "15s", "1", "yes"],
        ["items", "stopped", "-", "-", "-", "no:", "not", "running"],
    ]
