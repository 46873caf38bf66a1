"""Logs: one JSON object per line for machines, readable lines on a terminal; every line of a request has its id."""

import json
import logging
import sys
from typing import Any

import structlog

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
    else:
        # One encoder for all lines: structlog's own default makes one for each.
        encode = json.JSONEncoder(default=repr).encode
        last = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=lambda event, **_options: encode(event)),
        ]
    structlog.configure(
        processors=[*_SHARED, name_service, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                *_SHARED,
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ExtraAdder(),
                name_service,
            ],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    # One line per request to the JWKS would drown the rest.
    for chatty in ("httpx2", "httpcore", "alembic.runtime.plugins"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
