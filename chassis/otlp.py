"""The OpenTelemetry SDK behind `chassis/tracing.py`; loaded only when spans are switched on.

Endpoint, headers, certificates, sampler, batch sizes: the SDK reads the standard `OTEL_…` variables itself.
"""

from __future__ import annotations

import threading
from typing import Any

from opentelemetry.context import Context as Empty
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, Tracer, set_span_in_context
from opentelemetry.trace import Span as Recorded

from chassis.context import Context
from chassis.tracing import Attributes, Kind

NAMESPACE = "peiyu"
CLOSE_SECONDS = 3.0

_KINDS: dict[Kind, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
    "internal": SpanKind.INTERNAL,
}


class _Given(IdGenerator):
    """Gives the SDK the ids that the Context has already."""

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def use(self, here: Context) -> None:
        self._of_thread.here = here

    def generate_trace_id(self) -> int:
        return int(self._of_thread.here.trace_id, 16)

    def generate_span_id(self) -> int:
        return int(self._of_thread.here.span_id, 16)


class Exporting:
    """One queue and one connection to the collector per process; one resource per service in it."""

    def __init__(self, *, named_by_environment: bool = False, exporter: SpanExporter | None = None) -> None:
        """`named_by_environment`: OTEL_SERVICE_NAME is set, and wins over the names we know."""
        self._named = named_by_environment
        self._queue = BatchSpanProcessor(exporter or OTLPSpanExporter())
        self._ids = _Given()
        self._tracers: dict[str, Tracer] = {}
        self._gate = threading.Lock()

    def begin(self, service: str, here: Context, name: str, kind: Kind, attributes: Attributes) -> Recorded:
        """The span with the ids of `here`; whether it is recorded is the sampler's decision."""
        tracer = self._tracers.get(service) or self._tracer(service)
        self._ids.use(here)
        return tracer.start_span(name, _parent(here), _KINDS[kind], attributes)

    def close(self) -> None:
        """Send what waits; give up after a few seconds."""
        ending = threading.Thread(target=self._queue.shutdown, name="spans end", daemon=True)
        ending.start()
        ending.join(CLOSE_SECONDS)

    def _tracer(self, service: str) -> Tracer:
        with self._gate:
            if service not in self._tracers:
                named: dict[str, Any] = {} if self._named else {"service.name": service or NAMESPACE}
                # A provider of our own, never the global one: what other libraries would record has other ids
                provider = TracerProvider(
                    resource=Resource.create({"service.namespace": NAMESPACE, **named}),
                    id_generator=self._ids,
                    shutdown_on_exit=False,
                )
                provider.add_span_processor(self._queue)
                self._tracers[service] = provider.get_tracer("peiyu")
            return self._tracers[service]


def _parent(here: Context) -> Empty:
    if here.parent_id is None:
        return Empty()
    flags = TraceFlags(TraceFlags.SAMPLED if here.sampled else TraceFlags.DEFAULT)
    known = SpanContext(int(here.trace_id, 16), int(here.parent_id, 16), is_remote=True, trace_flags=flags)
    return set_span_in_context(NonRecordingSpan(known), Empty())
