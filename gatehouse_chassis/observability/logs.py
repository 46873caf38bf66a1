"""Logs: one JSON object per line for machines, readable lines on a terminal; every line of a request has its id."""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from select import PIPE_BUF
from typing import Any, NamedTuple

import structlog

Event = MutableMapping[str, Any]

_LEVELS = {"exception": "error"}
_encode = json.JSONEncoder(default=repr).encode
_quote = json.encoder.encode_basestring_ascii

log = structlog.get_logger(__name__)


class RequestLine(NamedTuple):
    """What is told of a request. `is_routine`: asked every few seconds without news, so it is told at `debug` only."""

    method: str
    route: str
    path: str
    status: int
    ms: float
    client: str | None
    request_id: str
    is_routine: bool


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
]


def configure_logging(*, service: str, level: str, style: str) -> None:
    """Sends the logs of structlog and of the standard library to standard error in one format.

    Args:
        service: put on every line as `service`.
        level: `debug`, `info`, `warning` or `error`.
        style: `json`, `text`, or `auto`, which is text on a terminal and JSON elsewhere.
    """
    threshold: int = getattr(logging, level.upper())
    as_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    name_service: Any = lambda _logger, _method, event: {"service": service, **event}  # noqa: E731
    if as_text:
        last: list[Any] = [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                # A path that a client made up must not write lines or colours of its own.
                repr_native_str=True,
                # Where rich is installed the default shows the local variables, passwords too.
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
        ours = [*_SHARED, name_service, *last]
    else:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        ours = [structlog.contextvars.merge_contextvars, _JsonLines(service, threshold)]
    structlog.configure(
        processors=ours,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.add_logger_name, name_service],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # One line per request to the JWKS would drown the rest.
    for chatty in ("httpx2", "httpcore", "alembic.runtime.plugins"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _JsonLines:
    """What the processors for other libraries' lines do, in one."""

    def __init__(self, service: str, threshold: int) -> None:
        self._service = service
        self._threshold = threshold
        self._end = f', "service": {_quote(service)}}}\n'
        self._waiting = ""

    def __call__(self, logger: Any, level: str, event: Event) -> str:
        if event.get("exc_info"):
            event = structlog.processors.format_exc_info(logger, level, event)
        event["service"] = self._service
        event["level"] = _LEVELS.get(level, level)
        event["timestamp"] = _now()
        return _encode(event)

    def log_request(self, line: RequestLine) -> None:
        """Writes the line as structlog would, in a tenth of the time, with the others of this turn of the loop."""
        level = logging.DEBUG if line.is_routine else logging.INFO
        if level < self._threshold:
            return
        client = "null" if line.client is None else _quote(line.client)
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._write)
        text = (
            f'{{"event": "request", "level": "{logging.getLevelName(level).lower()}", "timestamp": "{_now()}", '
            f'"request_id": {_quote(line.request_id)}, "method": {_quote(line.method)}, '
            f'"route": {_quote(line.route)}, "path": {_quote(line.path)}, "status": {line.status}, '
            f'"ms": {line.ms}, "client": {client}{self._end}'
        )
        # Workers share one pipe, which keeps what is written together only up to this many bytes (pipe(7)).
        if self._waiting and len(self._waiting) + len(text) > PIPE_BUF:
            self._write()
        self._waiting += text

    def _write(self) -> None:
        lines, self._waiting = self._waiting, ""
        sys.stderr.write(lines)


def request_logger() -> Callable[[RequestLine], None]:
    """What writes the line of a request in the configured style."""
    last = structlog.get_config()["processors"][-1]
    return last.log_request if isinstance(last, _JsonLines) else _log_request


def _log_request(line: RequestLine) -> None:
    write = log.debug if line.is_routine else log.info
    write(
        "request",
        method=line.method,
        route=line.route,
        path=line.path,
        status=line.status,
        ms=line.ms,
        client=line.client,
    )


def _now() -> str:
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
