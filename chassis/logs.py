"""Logs: one JSON object per line for machines, readable lines on a terminal; every line of a request has its id."""

import json
import logging
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

import structlog

Event = MutableMapping[str, Any]

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
        last = [structlog.processors.format_exc_info, _as_json]
        ours = [structlog.contextvars.merge_contextvars, _JsonLines(service)]
    threshold = getattr(logging, level.upper())
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
    """What the processors for other libraries' lines do, in one: every request writes a line."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, logger: Any, level: str, event: Event) -> str:
        if event.get("exc_info"):
            event = structlog.processors.format_exc_info(logger, level, event)
        event["service"] = self._service
        event["level"] = _LEVELS.get(level, level)
        event["timestamp"] = datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        return _encode(event)


_LEVELS = {"exception": "error"}
_encode = json.JSONEncoder(default=repr).encode


def _as_json(_logger: Any, _level: str, event: Event) -> str:
    return _encode(event)
