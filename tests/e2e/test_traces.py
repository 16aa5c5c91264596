"""One trace from an officer's request to the last handler, in another process and behind a bus; on both buses."""

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.journey import DISTRICT, REGISTRY, credit_code
from tests.e2e.suite import Suite, running, until
from tests.support.collector import Collector, Span, collecting

pytestmark = pytest.mark.slow

REGISTERED = "registry.enterprise-registered.v1"
LISTENING = ("eligibility", "finance", "notification")


@dataclass
class Traced:
    """A running suite, the collector it reports to, and the name of its bus."""

    suite: Suite
    collector: Collector
    system: str


@pytest.fixture(
    scope="module", params=["postgresql", pytest.param("kafka", marks=pytest.mark.kafka)], ids=["embedded", "kafka"]
)
def traced(request: pytest.FixtureRequest) -> Iterator[Traced]:
    with ExitStack() as held:
        collector = held.enter_context(collecting())
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        if request.param == "kafka":
            broker = request.getfixturevalue("kafka_broker")
            environment["PEIYU_BUS_URL"] = f"kafka://{broker.bootstrap}"
        suite = held.enter_context(running(**environment))
        yield Traced(suite, collector, request.param)


def register(traced: Traced, sampled: bool) -> tuple[str, str, str]:
    """Register an enterprise as a caller with a trace of its own; (USCC, trace id, the caller's span id)."""
    uscc = credit_code("XT" + "".join(secrets.choice("0123456789") for _ in range(7)))
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    body = {"uscc": uscc, "name": f"（合成样例）链路{uscc[-8:]}有限公司", "district_code": DISTRICT}
    headers = {"traceparent": f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}"}
    with traced.suite.client("officer") as officer:
        answer = officer.post(f"{REGISTRY}/enterprises", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return uscc, trace_id, span_id


def only(spans: list[Span], **wanted: Any) -> Span:
    found = [span for span in spans if all(getattr(span, name) == value for name, value in wanted.items())]
    assert len(found) == 1, (wanted, spans)
    return found[0]


def consumers(spans: list[Span]) -> dict[str, list[Span]]:
    found: dict[str, list[Span]] = {}
    for span in spans:
        if span.kind == "consumer":
            found.setdefault(span.service, []).append(span)
    return found


def complete(traced: Traced, trace_id: str) -> list[Span]:
    """The spans of a trace once every service that listens to the registry has handled its event and the gateway,
    whose batch may leave later than theirs, has told of its own."""

    def told() -> bool:
        spans = traced.collector.trace(trace_id)
        servers = {span.service for span in spans if span.kind == "server"}
        return set(LISTENING) <= set(consumers(spans)) and {"gateway", "registry"} <= servers

    until("the spans of every part", told)
    return traced.collector.trace(trace_id)


def test_one_trace_goes_from_the_request_over_the_bus_to_every_handler(traced: Traced) -> None:
    _, trace_id, caller = register(traced, sampled=True)
    spans = complete(traced, trace_id)
    assert {span.namespace for span in spans} == {"peiyu"}
    assert not any(span.failed for span in spans)

    door = only(spans, service="gateway", kind="server")
    assert (door.parent_id, door.name) == (caller, "POST /api/registry/{path}")
    assert door.attributes["http.request.method"] == "POST"
    assert door.attributes["http.response.status_code"] == 201
    assert door.attributes["peiyu.client_id"] == traced.suite.demo("officer")["client_id"]

    served = only(spans, service="registry", kind="server")
    assert (served.parent_id, served.name) == (door.span_id, f"POST {REGISTRY}/enterprises")
    assert served.attributes["http.route"] == f"{REGISTRY}/enterprises"

    sent = only(spans, service="registry", kind="producer")
    assert (sent.parent_id, sent.name) == (served.span_id, f"send {sent.attributes['messaging.destination.name']}")
    assert sent.attributes["messaging.system"] == traced.system
    assert sent.attributes["messaging.operation.type"] == "send"
    assert sent.attributes["cloudevents.event_type"] == REGISTERED

    for service in LISTENING:
        handled = only(spans, service=service, kind="consumer", parent_id=sent.span_id)
        assert handled.name == f"process {sent.attributes['messaging.destination.name']}"
        assert handled.attributes["messaging.system"] == traced.system
        assert handled.attributes["messaging.operation.type"] == "process"
        assert handled.attributes["messaging.consumer.group.name"] == service
        assert handled.attributes["messaging.message.id"] == sent.attributes["messaging.message.id"]
        assert ("messaging.kafka.offset" in handled.attributes) == (traced.system == "kafka")

    known = {span.span_id for span in spans} | {caller}
    assert {span.parent_id for span in spans} <= known, "every parent was exported too"
    assert len({span.span_id for span in spans}) == len(spans)


def test_logs_and_spans_name_the_same_ids(traced: Traced) -> None:
    _, trace_id, _ = register(traced, sampled=True)
    spans = complete(traced, trace_id)
    correlation = {span.attributes["peiyu.correlation_id"] for span in spans}
    assert len(correlation) == 1

    def told() -> dict[tuple[str, str], str]:
        lines = logged(traced.suite, trace_id)
        own = (line for line in lines if line.get("types", [REGISTERED]) == [REGISTERED])
        return {(line["service"], line["event"]): line["span_id"] for line in own}

    until("the handlers' lines", lambda: {(service, "events handled") for service in LISTENING} <= set(told()))
    lines = told()
    assert lines["gateway", "request answered"] == only(spans, service="gateway", kind="server").span_id
    sent = only(spans, service="registry", kind="producer").span_id
    assert lines["registry", "events published"] == sent
    for service in LISTENING:
        handled = only(spans, service=service, kind="consumer", parent_id=sent).span_id
        assert lines[service, "events handled"] == handled
    assert {line["correlation_id"] for line in logged(traced.suite, trace_id)} == correlation


def test_a_caller_who_does_not_sample_is_obeyed_by_everyone(traced: Traced) -> None:
    _, unsampled, _ = register(traced, sampled=False)
    handled = {(service, "events handled") for service in LISTENING}
    until(
        "the end of the unsampled one",
        lambda: handled <= {(line["service"], line["event"]) for line in logged(traced.suite, unsampled)},
    )
    _, sampled, _ = register(traced, sampled=True)  # its spans are sent after those that must not be
    complete(traced, sampled)
    assert traced.collector.trace(unsampled) == []


def test_probes_leave_no_span(traced: Traced) -> None:
    _, trace_id, _ = register(traced, sampled=True)
    complete(traced, trace_id)
    paths = {span.attributes.get("url.path") for span in traced.collector.spans}
    assert "/oauth/token" in paths
    assert not paths & {"/health", "/health/live", "/health/ready", "/metrics"}


def logged(suite: Suite, trace_id: str) -> list[dict[str, Any]]:
    lines = (line for path in suite.home.glob("logs/*.log") for line in path.read_text("utf-8").splitlines())
    return [json.loads(line) for line in lines if trace_id in line and line.endswith("}")]
