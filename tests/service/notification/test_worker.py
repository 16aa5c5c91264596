"""The worker as it runs: events from the bus in batches, jobs, and announcements back onto the bus."""

import threading
import time
from collections.abc import Iterator

import pytest

from chassis import clock, ids
from chassis.bus import Bus, Envelope, TopicSpec, encode, open_bus
from chassis.consumer import Subscriber
from chassis.relay import Relay
from contracts.events.base import Event
from services.notification.settings import EXPECTED
from services.notification.subscriptions import SUBSCRIPTIONS
from services.notification.worker import build_worker
from tests.service.notification.conftest import PREFIX, Suite, assessed, registered, titled, uscc, whitelisted
from tests.support.postgres import Server

TOPICS = sorted({event.topic for event in SUBSCRIPTIONS} | {"notification.assignments", "dlq.notification"})


@pytest.fixture
def bus(postgres: Server) -> Iterator[Bus]:
    name = f"notification_bus_{ids.new_id().hex}"
    postgres.create(name)
    opened = open_bus(postgres.libpq_url(name))
    opened.apply_topics([TopicSpec(topic, 4) for topic in TOPICS])
    yield opened
    opened.close()
    postgres.drop(name)


def publish(bus: Bus, *events: Event, correlation_id: str = "import-7") -> None:
    """Publish each event twice, as a relay does whose first attempt was not confirmed."""
    producer = bus.producer()
    messages = []
    for event in events:
        envelope = Envelope(
            id=str(ids.new_id()),
            type=event.type,
            source="/peiyu/test",
            subject=event.key,
            time=clock.now(),
            correlation_id=correlation_id,
        )
        messages += [encode(event.topic, event.key, envelope, event.model_dump_json().encode())] * 2
    assert producer.publish(messages) == [None] * len(messages)
    producer.close()


def test_a_batch_from_the_bus_becomes_messages_once_with_their_causes(suite: Suite, bus: Bus) -> None:
    suite.commissioner("a", "341302")
    publish(bus, assessed(uscc(1)), correlation_id="assess-1")
    publish(bus, whitelisted(uscc(1)), correlation_id="list-1")
    publish(bus, registered(uscc(1)), titled(uscc(1), version=2), correlation_id="import-1")
    subscriber = Subscriber(suite.db, bus, "notification", SUBSCRIPTIONS)
    received = 0
    deadline = time.monotonic() + 30
    while received < 8 and time.monotonic() < deadline:
        received += subscriber.run_once(timeout=0.5)
    subscriber.close()
    assert (received, subscriber.counters["handled"], subscriber.counters["duplicates"]) == (8, 4, 4)
    inbox = suite.inbox("a")
    assert {item["kind"]["code"]: item["correlation_id"] for item in inbox["items"]} == {
        "enterprise_eligible": "assess-1",
        "whitelist_entered": "list-1",
        "title_recorded": "import-1",
    }


def test_an_assignment_goes_onto_the_bus(suite: Suite, bus: Bus) -> None:
    suite.commissioner("a", "341302")
    suite.tell(registered(uscc(1)), correlation_id="import-1")
    relay = Relay(suite.db, bus, "/peiyu/notification")
    assert relay.run_once() == 1
    relay.close()
    consumer = bus.consumer("reader", ["notification.assignments"])
    received = []
    deadline = time.monotonic() + 30
    while not received and time.monotonic() < deadline:
        received = consumer.poll(0.5, 10)
    consumer.close()
    [message] = received
    assert message.key == uscc(1)
    assert dict(message.headers)["ce_correlationid"] == b"import-1"


def test_the_whole_worker_turns_events_and_jobs_into_messages_and_is_ready(suite: Suite, bus: Bus) -> None:
    publish(bus, registered(uscc(1)), assessed(uscc(1)))
    stop = threading.Event()
    worker = build_worker(suite.settings, suite.db, bus)
    assert {loop.name for loop in worker.loops} == set(EXPECTED)
    worker.start(stop)
    try:
        created = suite.http.post(
            f"{PREFIX}/commissioners",
            json={"code": "a", "display_name": "专员", "areas": ["341302"]},
            headers=suite.officer(),
        )
        assert created.status_code == 201
        deadline = time.monotonic() + 30
        while suite.inbox("a")["unread"] < 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        while suite.http.get("/health/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert suite.inbox("a")["unread"] == 1
        assert suite.http.get("/health/ready").json()["status"] == "ready"
        assert worker.dead() == []
    finally:
        stop.set()
        assert worker.join(20) == []
