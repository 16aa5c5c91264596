"""Spans: a Context that is timed and sent to an OpenTelemetry collector, when that is switched on.

Off is the default: then nothing of the SDK is loaded, and an edge pays for one look at a variable. The ids of a span
are those of its Context, so a log line, a traceparent header and an exported span always name the same thing. What an
exception says is not exported, for the database repeats what it was given: only its class is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from chassis import context
from chassis.context import Context

if TYPE_CHECKING:
    from chassis.otlp import Exporting
    from chassis.settings import TracingSettings

Kind = Literal["server", "client", "producer", "consumer", "internal"]
Attributes = Mapping[str, str | int | float | bool]

QUIET = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Asked every few seconds by machines: a span of each would bury the others."""

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})
_exporting: Exporting | None = None


def configure(settings: TracingSettings) -> None:
    """Switch spans on for this process if the environment names a collector; once, in the composition root."""
    global _exporting
    if not settings.wanted:
        return
    from chassis.otlp import Exporting

    _exporting = Exporting(named_by_environment=bool(settings.service_name))


def close() -> None:
    """Send what is waiting, for a few seconds at most: a collector that is away must not hold up the end."""
    global _exporting
    if _exporting is not None:
        ending, _exporting = _exporting, None
        ending.close()


def on() -> bool:
    """Whether spans are recorded; for edges that pass very often."""
    return _exporting is not None


def method(given: str) -> str:
    """An HTTP method for names and labels: what a caller invents must not make new ones."""
    return given if given in _METHODS else "_OTHER"


class Span:
    """A Context being worked on. Without a collector, or where the sampler said no, it records nothing."""

    __slots__ = ("_recorded", "context")

    def __init__(self, here: Context, recorded: Any = None) -> None:
        self.context = here
        self._recorded = recorded

    def rename(self, name: str) -> None:
        if self._recorded is not None:
            self._recorded.update_name(name)

    def set(self, attributes: Attributes) -> None:
        if self._recorded is not None:
            self._recorded.set_attributes(attributes)

    def fail(self, error_type: str) -> None:
        """Mark it as failed; `error_type` is a class name or a status, never a message."""
        if self._recorded is not None:
            from opentelemetry.trace import StatusCode

            self._recorded.set_attribute("error.type", error_type)
            self._recorded.set_status(StatusCode.ERROR)

    def end(self) -> None:
        if self._recorded is not None:
            self._recorded.end()


def begin(here: Context, name: str, kind: Kind, attributes: Attributes | None = None) -> Span:
    """Begin the span that `here` is; go on with the context it returns, which knows whether the trace is sampled."""
    if _exporting is None:
        return Span(here)
    given = {"peiyu.correlation_id": here.correlation_id, **(attributes or {})}
    recorded = _exporting.begin(context.service(), here, name, kind, given)
    sampled = recorded.get_span_context().trace_flags.sampled
    return Span(here if sampled == here.sampled else replace(here, sampled=sampled), recorded)


@contextmanager
def recording(here: Context, name: str, kind: Kind, attributes: Attributes | None = None) -> Iterator[Span]:
    """The span that `here` is, current inside and ended after; failed when an exception leaves it."""
    span = begin(here, name, kind, attributes)
    with context.using(span.context):
        try:
            yield span
        except BaseException as error:
            span.fail(type(error).__qualname__)
            raise
        finally:
            span.end()
