"""JSON lines on standard error: a fixed sentence, ids as fields, the correlation id on every line."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from chassis import context


def configure(level: str = "INFO", form: str = "json", *, service: str = "") -> None:
    """Set up logging for this process, once, in the composition root. `form` is json or console."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _add_context,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "kafka", "alembic"):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    if service:
        context.name_process(service)
    global _straight
    _straight = None
    if form == "json":
        _straight = structlog.wrap_logger(
            structlog.WriteLogger(sys.stderr),
            processors=[
                structlog.processors.add_log_level,
                _add_context,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                renderer,
            ],
            wrapper_class=structlog.make_filtering_bound_logger(level),
        )


_straight: Any = None


def _add_context(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.pop("color_message", None)  # uvicorn says the same again, for terminals
    here = context.current_or_none()
    if here is not None:
        event.setdefault("correlation_id", here.correlation_id)
        event.setdefault("trace_id", here.trace_id)
        event.setdefault("span_id", here.span_id)
    if service := context.service():
        event.setdefault("service", service)
    return event


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def get_straight(name: str) -> Any:
    """A logger for lines that come with every request: the same lines without the standard library's machinery.

    Measured: 13 us a line instead of 36. Take it after `configure`; before, and on a console, it is an ordinary one.
    """
    return get(name) if _straight is None else _straight.bind(logger=name)
