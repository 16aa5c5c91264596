"""Who is asking and on which thread of events: correlation id, W3C trace context and actor of the work in hand."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace

from chassis import ids

_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")
_CORRELATION = re.compile(r"^[A-Za-z0-9._:-]{1,128}$")
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Context:
    """Travels from the gateway through headers, outbox and CloudEvents attributes to every log line."""

    correlation_id: str = field(default_factory=lambda: str(ids.new_id()))
    trace_id: str = field(default_factory=ids.new_trace_id)
    span_id: str = field(default_factory=ids.new_span_id)
    actor: str = SYSTEM
    event_id: uuid.UUID | None = None
    """The event that a handler is acting upon; null at every other edge."""

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-01"

    def child(self) -> Context:
        """The same trace, a new span."""
        return replace(self, span_id=ids.new_span_id())

    def acting_as(self, actor: str) -> Context:
        return replace(self, actor=actor)


def from_headers(
    correlation_id: str | None, traceparent: str | None, actor: str = SYSTEM, event_id: uuid.UUID | None = None
) -> Context:
    """Continue the caller's trace; what is malformed is replaced by a new one, never passed on."""
    match = _TRACEPARENT.match(traceparent or "")
    trace_id = match.group(1) if match and set(match.group(1)) != {"0"} else ids.new_trace_id()
    accepted = correlation_id if correlation_id and _CORRELATION.match(correlation_id) else str(ids.new_id())
    return Context(correlation_id=accepted, trace_id=trace_id, actor=actor, event_id=event_id)


_current: ContextVar[Context | None] = ContextVar("peiyu_context", default=None)


def current() -> Context:
    """The context of the work in hand; outside any, a fresh one."""
    return _current.get() or Context()


@contextmanager
def using(context: Context) -> Iterator[Context]:
    """Make `context` current inside. Always reset: in-process calls share the caller's context variables."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def current_or_none() -> Context | None:
    """The context of the work in hand, if there is one."""
    return _current.get()
