"""Who is asking and on which thread of events: correlation id, W3C trace context and actor of the work in hand.

A Context is one span of a trace: whether it is also recorded and exported is `chassis/tracing.py`'s business, its ids
are these.
"""

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
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Context:
    """Travels from the gateway through headers, outbox and CloudEvents attributes to every log line."""

    correlation_id: str = field(default_factory=lambda: str(ids.new_id()))
    trace_id: str = field(default_factory=ids.new_trace_id)
    span_id: str = field(default_factory=ids.new_span_id)
    parent_id: str | None = None
    """The span that this one continues, here or in another process; null where the trace begins."""
    sampled: bool = True
    """The decision of whoever began the trace, passed on unchanged; true as long as nobody has decided against it."""
    actor: str = SYSTEM
    event_id: uuid.UUID | None = None
    """The event that a handler is acting upon; null at every other edge."""

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def child(self) -> Context:
        """The same trace, a new span."""
        return replace(self, span_id=ids.new_span_id(), parent_id=self.span_id)

    def acting_as(self, actor: str) -> Context:
        return replace(self, actor=actor)


def from_headers(
    correlation_id: str | None, traceparent: str | None, actor: str = SYSTEM, event_id: uuid.UUID | None = None
) -> Context:
    """Continue the caller's trace; what is malformed is replaced by a new one, never passed on."""
    match = _TRACEPARENT.match(traceparent or "")
    accepted = correlation_id if correlation_id and _CORRELATION.match(correlation_id) else str(ids.new_id())
    if match is None or match[1] == _NO_TRACE or match[2] == _NO_SPAN:
        return Context(correlation_id=accepted, actor=actor, event_id=event_id)
    return Context(
        correlation_id=accepted,
        trace_id=match[1],
        parent_id=match[2],
        sampled=bool(int(match[3], 16) & 1),
        actor=actor,
        event_id=event_id,
    )


_current: ContextVar[Context | None] = ContextVar("peiyu_context", default=None)
_service: ContextVar[str] = ContextVar("peiyu_service", default="")


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


def service() -> str:
    """Whose work this is: the embedded run has several services in one process. Empty where nobody has said it."""
    return _service.get()


@contextmanager
def serving(name: str) -> Iterator[None]:
    """Say whose work is done inside."""
    token = _service.set(name)
    try:
        yield
    finally:
        _service.reset(token)


def name_process(name: str) -> None:
    """Say whose work this process does where nothing nearer says it; once, in the composition root."""
    _service.set(name)
