"""Kafka has lost its data, offsets included, while readers live: everything is sent again and takes effect once."""

import threading
from collections.abc import Callable

import pytest

from chassis import outbox
from chassis.bus import TopicSpec
from chassis.consumer import Subscriber
from chassis.db import Transaction
from chassis.relay import Relay
from tests.conformance.rig import BusUnderTest, Noted, Service, eventually, in_thread, noted_on, write_effect

pytestmark = pytest.mark.kafka
COUNT, KEYS = 1000, 20


def effects(service: Service) -> int:
    return sum(len(numbers) for numbers in service.effects().values())


def test_readers_that_live_through_the_loss_find_the_beginning_by_themselves(
    kafka_bus: BusUnderTest, service: Service
) -> None:
    """The reader stands far on in a log that is gone, perhaps with a batch in hand; of the second half nothing had
    taken effect."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to destroy")
    event = noted_on(kafka_bus.topic(4))

    lost = threading.Event()

    def write_after_the_loss(tx: Transaction, noted: Noted) -> None:
        assert lost.wait(120)
        write_effect(tx, noted)

    def reader(handler: Callable[..., None]) -> Subscriber:
        return Subscriber(service.db, kafka_bus.open(), "reader", {event: (handler,)})

    def emit(start: int) -> None:
        with service.db.transaction() as tx:
            for n in range(COUNT):
                tx.emit(event(subject=f"key-{n % KEYS}", number=start + n // KEYS))

    with in_thread(Relay(service.db, kafka_bus.open(), "/peiyu/test").run):
        with in_thread(reader(write_effect).run):
            emit(0)
            eventually(lambda: effects(service) == COUNT)
        emit(COUNT)
        eventually(lambda: service.unsent() == 0)
        with in_thread(reader(write_after_the_loss).run):
            broker.lose()
            lost.set()
            kafka_bus.open().apply_topics([TopicSpec(event.topic, 4)])
            assert outbox.resend(service.db).topics == {event.topic: 2 * COUNT}
            eventually(lambda: effects(service) == 2 * COUNT)
            eventually(lambda: service.unsent() == 0)
    expected = [*range(COUNT // KEYS), *range(COUNT, COUNT + COUNT // KEYS)]
    assert service.effects() == {f"key-{n}": expected for n in range(KEYS)}
