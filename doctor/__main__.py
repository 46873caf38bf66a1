"""`python -m doctor URL`: examine a deployment, print what is wrong, and exit 0, 1 or 2."""

import argparse
import base64
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO
from urllib.parse import unquote, urlsplit

from doctor.addresses import is_well_formed, without_login
from doctor.catalogue import KINDS, Severity
from doctor.deployment import Deployment, NotExaminedError
from doctor.examination import examine
from doctor.findings import Finding
from doctor.recognise import PROXIES
from doctor.report import TextReport, as_json, printable
from doctor.subject import Options, reference

_ERASE_LINE = "\r\x1b[K"
_EXAMPLES = """\
examples:
  gatehouse-doctor https://example.com/items
  gatehouse-doctor http://localhost:8080                        a page that shows several services
  gatehouse-doctor https://example.com/items --direct http://10.0.0.7:8000
                                                            compare with the backend itself
  gatehouse-doctor https://example.com/items --spec openapi.json
                                                            a service without a docs page
  gatehouse-doctor https://example.com/items --websocket /ws --json

exit codes: 0 nothing found that is broken now (--fail-on), 1 something is, 2 could not be examined
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit code."""
    given = parser().parse_args(arguments)
    base = _service_of(without_login(given.url))
    options = Options(
        docs=reference(given.docs, base) if given.docs else None,
        spec=reference(given.spec, base) if given.spec else None,
        direct=given.direct and given.direct.rstrip("/"),
        websockets=given.websocket,
        oauth=given.oauth,
        browser=given.browser,
    )
    progress = _Progress(sys.stderr)
    upstream = urlsplit(given.direct).netloc if given.direct else None
    try:
        with Deployment(
            base,
            limit=given.requests,
            seconds=given.timeout,
            deadline=given.deadline,
            headers=[*_login_in(given.url), *given.header],
            direct=options.direct,
            ca_file=given.ca_file,
            allow_post=given.allow_post,
        ) as deployment:
            report = examine(
                deployment, options, proxy=given.proxy, ignored=given.ignore, progress=progress.tell
            )
    except NotExaminedError as error:
        sys.stderr.write(f"gatehouse-doctor could not examine {base}: {printable(str(error))}\n")
        return 2
    finally:
        progress.end()
    try:
        if given.json:
            sys.stdout.write(as_json(report, upstream=upstream) + "\n")
        else:
            TextReport(sys.stdout, upstream=upstream).write(report)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe (`| head -1`); Python must not write to it again at exit.
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  # open until the end
    return 1 if any(_fails(finding, given.fail_on) for finding in report.findings) else 0


def _fails(finding: Finding, least: str) -> bool:
    return least != "never" and finding.severity.rank >= Severity(least).rank


class _Progress:
    """Says on one line of a terminal what is being examined; says nothing anywhere else."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._tells = stream.isatty()

    def tell(self, theme: str) -> None:
        if self._tells:
            self._stream.write(f"{_ERASE_LINE}examining {theme} ...")
            self._stream.flush()

    def end(self) -> None:
        if self._tells:
            self._stream.write(_ERASE_LINE)
            self._stream.flush()


class _Parser(argparse.ArgumentParser):
    """An error is one sentence; the usage is in `--help`."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (gatehouse-doctor --help shows all options)\n")


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    parser = _Parser(
        prog="gatehouse-doctor",
        description="Examine a deployment behind a proxy from outside: what is wrong, why, and what to change.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", type=_url, help="what people open, with its prefix")
    parser.add_argument(
        "--direct", type=_url_without_login, metavar="URL", help="the backend, past the proxy"
    )
    parser.add_argument(
        "--docs", type=_reference, metavar="URL", help="the docs page, when it is not at /docs"
    )
    parser.add_argument(
        "--spec", type=_reference, metavar="URL", help="the OpenAPI document, when no page shows it"
    )
    parser.add_argument(
        "--websocket",
        metavar="PATH",
        action="append",
        default=[],
        help="a WebSocket below the prefix (repeatable)",
    )
    parser.add_argument(
        "--oauth",
        action="store_true",
        help="walk OAuth and MCP discovery even where nothing that is asked answers 401",
    )
    parser.add_argument(
        "--browser",
        action="store_true",
        help="open the pages in a real Chromium too (pip install 'gatehouse-doctor[browser]')",
    )
    parser.add_argument(
        "--proxy", choices=PROXIES, help="whose configuration to show, when it is not recognised"
    )
    parser.add_argument(
        "--header",
        metavar="'NAME: VALUE'",
        type=_header,
        action="append",
        default=[],
        help="send this with every request (repeatable)",
    )
    parser.add_argument(
        "--allow-post",
        action="store_true",
        help="send token endpoints an empty POST; without it only GET and OPTIONS are used",
    )
    parser.add_argument(
        "--ca-file",
        type=_file,
        metavar="FILE",
        help="certificates (PEM) to trust beside the system's",
    )
    parser.add_argument(
        "--requests", type=_count, default=300, metavar="N", help="make at most N requests (300)"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=10, metavar="SECONDS", help="wait for an answer (10)"
    )
    parser.add_argument(
        "--deadline", type=_seconds, default=60, metavar="SECONDS", help="for all requests (60)"
    )
    parser.add_argument(
        "--fail-on",
        choices=[*reversed(Severity), "never"],
        default=Severity.BROKEN,
        help="exit 1 on findings that are at least so bad: broken now (the default), broken for some clients, risky",
    )
    parser.add_argument(
        "--ignore",
        choices=KINDS,
        metavar="NAME",
        action="append",
        default=[],
        help="leave findings of this name out (repeatable)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _service_of(url: str) -> str:
    """Return the service's base where the address is that of its docs page."""
    for page in ("/docs", "/redoc", "/openapi.json"):
        url = url.rstrip("/").removesuffix(page)
    return url.rstrip("/")


def _url(text: str) -> str:
    """Read what people open, which may carry a login: `https://name:password@example.com/items`."""
    url = text.partition("#")[0].partition("?")[0]
    if not is_well_formed(url):
        # What stands before an @ may be a password.
        shown = repr(text.rpartition("@")[2])
        raise argparse.ArgumentTypeError(
            f"{shown} is no address: give it as https://example.com/items."
        )
    return url


def _url_without_login(text: str) -> str:
    url = _url(text)
    if url != without_login(url):
        raise argparse.ArgumentTypeError(
            f"{without_login(url)} is given with a login: give that by --header 'Authorization: ...'."
        )
    return url


def _reference(text: str) -> str:
    return _url_without_login(text) if "://" in text else text


def _login_in(url: str) -> list[tuple[str, str]]:
    """Return the header that the login in `url` means (RFC 7617)."""
    address = urlsplit(url)
    if address.username is None:
        return []
    login = f"{unquote(address.username)}:{unquote(address.password or '')}"
    return [("Authorization", f"Basic {base64.b64encode(login.encode()).decode()}")]


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip().replace("-", "").isalnum() and text.isprintable()):
        # It may be a secret, so it is not repeated.
        raise argparse.ArgumentTypeError("that is no header: give it as 'Name: value'.")
    return name.strip(), value.strip()


def _file(text: str) -> str:
    try:
        ssl.create_default_context().load_verify_locations(text)
    except (OSError, ssl.SSLError) as error:
        why = "no certificate is in it" if Path(text).is_file() else "there is no such file"
        raise argparse.ArgumentTypeError(f"{text} cannot be used: {why}.") from error
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of requests: give 1 or more.")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 300:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: give seconds up to 300.")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
