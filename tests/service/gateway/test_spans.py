"""The gateway's spans before a service in this process and in another one."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from chassis import tracing
from chassis.otlp import Exporting
from tests.service.gateway.service import PREFIX
from tests.service.gateway.serving import until

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"

Ended = Callable[[], dict[tuple[str, SpanKind], ReadableSpan]]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ended]:
    """Tracing switched on; the spans of the test's trace, by service and kind."""
    exporter = InMemorySpanExporter()
    exporting = Exporting(exporter=exporter)
    monkeypatch.setattr(tracing, "_exporting", exporting)

    def finished() -> list[ReadableSpan]:
        exporting._queue.force_flush()
        return [span for span in exporter.get_finished_spans() if f"{span.context.trace_id:032x}" == TRACE]

    def spans() -> dict[tuple[str, SpanKind], ReadableSpan]:
        # The client has its answer a moment before the gateway's own span, the last of all, has ended
        until(lambda: any(_of(span) == ("gateway", SpanKind.SERVER) for span in finished()))
        found = {_of(span): span for span in finished()}
        assert len(found) == len(finished())
        return found

    yield spans
    exporting.close()


def _of(span: ReadableSpan) -> tuple[str, SpanKind]:
    return str(span.resource.attributes["service.name"]), span.kind


def asked(officer: httpx.Client, path: str, status: int) -> httpx.Response:
    answer = officer.get(f"{PREFIX}{path}", headers={"traceparent": f"00-{TRACE}-{CALLER}-01"})
    assert answer.status_code == status
    return answer


def parent(span: ReadableSpan) -> str:
    assert span.parent is not None
    return f"{span.parent.span_id:016x}"


def own(span: ReadableSpan) -> str:
    return f"{span.context.span_id:016x}"


def test_each_hop_is_the_child_of_the_one_before(ended: Ended, officer: httpx.Client, kind: str) -> None:
    carried = asked(officer, "/whoami?", 200).json()["traceparent"]
    spans = ended()
    door, served = spans["gateway", SpanKind.SERVER], spans["registry", SpanKind.SERVER]
    assert parent(door) == CALLER
    last = door
    if kind == "over-http":
        last = spans["gateway", SpanKind.CLIENT]
        assert parent(last) == own(door)
        assert (last.attributes or {})["http.response.status_code"] == 200
        assert str((last.attributes or {})["url.full"]).endswith(f"{PREFIX}/whoami")
    assert set(spans) == {("gateway", SpanKind.SERVER), ("registry", SpanKind.SERVER)} | (
        {("gateway", SpanKind.CLIENT)} if kind == "over-http" else set()
    )
    assert parent(served) == own(last)
    assert carried == f"00-{TRACE}-{own(last)}-01"
    assert served.name == f"GET {PREFIX}/whoami"


def test_what_was_searched_for_is_in_no_span(ended: Ended, officer: httpx.Client) -> None:
    asked(officer, "/whoami?q=13812345678", 422)
    spans = ended()
    assert ("registry", SpanKind.SERVER) in spans
    assert not any("13812345678" in span.to_json() for span in spans.values())


def test_a_refusal_at_the_door_is_no_failure_of_the_gateway(ended: Ended, suite: object, officer: httpx.Client) -> None:
    officer.headers.pop("Authorization")
    asked(officer, "/whoami", 401)
    door = ended()["gateway", SpanKind.SERVER]
    assert (door.attributes or {})["http.response.status_code"] == 401
    assert door.status.is_unset
