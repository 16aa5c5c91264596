"""Spans have the ids of their Context; off, nothing of the SDK is loaded."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import ValidationError

from chassis import context, tracing
from chassis.context import Context
from chassis.otlp import Exporting
from chassis.settings import TracingSettings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Tracing switched on, with the SDK's own exporter for tests at its end."""
    found = InMemorySpanExporter()
    exporting = Exporting(exporter=found)
    monkeypatch.setattr(tracing, "_exporting", exporting)
    yield found
    exporting.close()


def test_a_span_has_the_ids_of_its_context(exporter: InMemorySpanExporter) -> None:
    here = Context(correlation_id="case-1")
    with context.serving("registry"), tracing.recording(here, "outer", "server", {"a": 1}) as outer:
        assert context.current() == outer.context == here
        with tracing.recording(here.child(), "inner", "client"):
            pass
    tracing.close()
    inner, first = exporter.get_finished_spans()
    assert (f"{first.context.trace_id:032x}", f"{first.context.span_id:016x}") == (here.trace_id, here.span_id)
    assert first.parent is None
    assert inner.parent is not None
    assert (inner.context.trace_id, inner.parent.span_id) == (first.context.trace_id, first.context.span_id)
    assert first.resource.attributes["service.name"] == "registry"
    assert dict(first.attributes or {}) == {"peiyu.correlation_id": "case-1", "a": 1}


def test_an_exception_is_named_but_what_it_says_is_not_exported(exporter: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError), tracing.recording(Context(), "failing", "internal"):
        raise ValueError("13812345678")
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert not span.status.is_ok
    assert (span.attributes or {})["error.type"] == "ValueError"
    assert "13812345678" not in span.to_json()


@pytest.mark.parametrize(("flags", "exported"), [("01", 1), ("00", 0)])
def test_the_callers_decision_holds_and_is_passed_on(exporter: InMemorySpanExporter, flags: str, exported: int) -> None:
    here = context.from_headers(None, f"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}")
    with tracing.recording(here, "x", "server") as span:
        assert span.context.traceparent == f"00-0af7651916cd43dd8448eb211c80319c-{here.span_id}-{flags}"
    tracing.close()
    assert len(exporter.get_finished_spans()) == exported


@pytest.mark.parametrize(("ratio", "flags"), [("0", "00"), ("1", "01")])
def test_a_ratio_decides_where_a_trace_begins(monkeypatch: pytest.MonkeyPatch, ratio: str, flags: str) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
    exporting = Exporting(exporter=InMemorySpanExporter())
    monkeypatch.setattr(tracing, "_exporting", exporting)
    with tracing.recording(Context(), "x", "server") as span:
        assert span.context.traceparent.endswith(f"-{flags}")
    tracing.close()


def test_without_a_collector_the_decision_of_the_caller_is_passed_on() -> None:
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    with tracing.recording(context.from_headers(None, given), "x", "server") as span:
        assert span.context.traceparent.endswith("-00")


@pytest.mark.parametrize(
    "given", ["00-" + "0" * 32 + "-b7ad6b7169203331-01", "00-" + "a" * 32 + "-" + "0" * 16 + "-01"]
)
def test_a_trace_or_parent_of_zeros_begins_a_new_trace(given: str) -> None:
    here = context.from_headers(None, given)
    assert here.parent_id is None
    assert here.trace_id not in given


def test_switched_off_nothing_of_the_sdk_is_loaded() -> None:
    code = (
        "import sys; from peiyu import suite, serving, working; suite.load('app'); suite.load('worker');"
        "from chassis import tracing; from chassis.settings import TracingSettings;"
        "tracing.configure(TracingSettings(_env_file=None));"
        "assert not tracing.on();"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_switch_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert TracingSettings().wanted is wanted


def test_a_protocol_we_do_not_speak_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    with pytest.raises(ValidationError):
        TracingSettings()
