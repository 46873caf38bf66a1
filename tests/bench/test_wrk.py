import pytest

from bench.wrk import Refused, Run, parse

PRINTED = """\
Running 2s test @ http://127.0.0.1:8080/items/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     5.23ms    1.10ms  20.01ms   80.21%
    Req/Sec     3.05k   120.40     3.21k    70.00%
  Latency Distribution
     50%  850.00us
     75%    6.10ms
     90%    7.00ms
     99%    1.14s 
  6102 requests in 2.01s, 3.21MB read
Requests/sec:   3035.82
Transfer/sec:      1.60MB
"""  # noqa: W291  # wrk pads its units


def test_a_run_is_read_with_its_times_in_milliseconds() -> None:
    assert parse(PRINTED) == Run(requests=6102, rate=3035.82, p50=0.85, p99=1140.0)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("  Non-2xx or 3xx responses: 7\n", "7 answers were errors"),
        ("  Socket errors: connect 0, read 2, write 0, timeout 0\n", "answers did not come"),
    ],
    ids=["errors", "lost"],
)
def test_a_run_with_errors_is_refused(line: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        parse(PRINTED.replace("Requests/sec", line + "Requests/sec"))


def test_a_run_without_an_answer_is_refused() -> None:
    with pytest.raises(Refused, match="no answer"):
        parse(PRINTED.replace("6102 requests", "0 requests"))
