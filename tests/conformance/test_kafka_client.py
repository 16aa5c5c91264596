"""What the Kafka bus rests on: how the pinned kafka-python behaves, proved against a real broker (ADR-0005)."""

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from chassis.bus import BusUnavailable, Consumer, open_bus
from chassis.bus_kafka_client import opened, shut
from chassis.bus_kafka_consumer import GRACE_SECONDS, KafkaGroupMember
from tests.conformance.rig import BusUnderTest, eventually, messages, publish, take

pytestmark = pytest.mark.kafka


def test_flush_does_not_say_that_records_have_failed(kafka_bus: BusUnderTest) -> None:
    """F8's reason: whoever marks rows sent after flush() alone loses them. Each future must be asked."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to freeze")
    topic = kafka_bus.topic()
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, delivery_timeout_ms=2500, request_timeout_ms=1000)
    producer.send(topic, key=b"k", value=b"first").get(10)  # has its producer id, or asking for one would fail instead
    broker.freeze()
    try:
        futures = [producer.send(topic, key=b"k", value=b"v") for _ in range(10)]
        producer.flush(timeout=120)
        assert [type(future.exception) for future in futures] == [KafkaTimeoutError] * 10
    finally:
        broker.thaw()
        shut(producer)


@pytest.mark.parametrize("make", [KafkaProducer, KafkaConsumer, KafkaAdminClient])
def test_a_client_that_cannot_connect_leaves_nothing_behind(make: Callable[..., object]) -> None:
    """Without `opened` each failure would cost a thread and three or more descriptors, for ever."""
    with socket.socket() as silent:  # accepts, and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        connection = {"bootstrap_servers": [f"127.0.0.1:{silent.getsockname()[1]}"], "bootstrap_timeout_ms": 300}
        before = threading.active_count(), len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(KafkaError):
                opened(make, connection)
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before


def test_a_producer_whose_broker_has_gone_leaves_nothing_behind(kafka_bus: BusUnderTest) -> None:
    """kafka-python's close flushes first and stays half open when that fails: thread, sockets, and a late complaint."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to freeze")
    topic = kafka_bus.topic(1)
    before = {thread.ident for thread in threading.enumerate()}
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, max_block_ms=2000, metrics_enabled=False)
    complaints: list[object] = []
    producer.send(topic, key=b"k", value=b"v").get(10)
    broker.freeze()
    try:
        future = producer.send(topic, key=b"k", value=b"v")
        shut(producer)
        assert future.failed()
        eventually(lambda: {thread.ident for thread in threading.enumerate()} <= before, within=10)
        told, sys.unraisablehook = sys.unraisablehook, complaints.append
        try:
            del producer, future
            gc.collect()
        finally:
            sys.unraisablehook = told
        assert complaints == []
    finally:
        broker.thaw()


def test_a_member_that_finds_nothing_says_that_nobody_is_there(kafka_bus: BusUnderTest) -> None:
    """kafka-python keeps such a client trying in silence, and each try leaks a descriptor until the next collection."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to kill")
    topic = kafka_bus.topic(1)
    bus = kafka_bus.open()
    publish(bus, messages(topic, 5))
    member = bus.consumer("lonely", [topic])
    take(member, 5)
    member.commit()
    broker.kill()
    try:
        with pytest.raises(BusUnavailable):
            eventually(lambda: member.poll(0.5, 10))
    finally:
        broker.start()
    publish(bus, messages(topic, 1))
    eventually(lambda: polled(member))
    member.close()


def polled(member: Consumer) -> bool:
    try:
        return bool(member.poll(0.5, 10))
    except BusUnavailable:
        return False


def test_a_client_that_is_stuck_is_made_anew(kafka_bus: BusUnderTest) -> None:
    topic = kafka_bus.topic(1)
    bus = kafka_bus.open()
    publish(bus, messages(topic, 10))
    member = bus.consumer("stuck", [topic])
    assert isinstance(member, KafkaGroupMember)
    take(member, 10)
    released = threading.Event()
    with pytest.raises(BusUnavailable):
        member._call(lambda _: released.wait(), 0.2 - GRACE_SECONDS)
    released.set()
    assert len(take(member, 10)) == 10, "it begins at the last commit: there was none"
    member.commit()
    member.close()


def test_no_call_waits_for_a_broker_that_does_not_answer(kafka_bus: BusUnderTest) -> None:
    """Frozen, not dead: connections stay open. Every call of the port ends in bounded time."""
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to freeze")
    topic = kafka_bus.topic(1)
    bus = kafka_bus.open()
    publish(bus, messages(topic, 10))
    member, producer = bus.consumer("patient", [topic]), bus.producer()
    assert producer.publish(messages(topic, 1)) == [None]
    take(member, 11)
    broker.freeze()
    try:
        began = time.monotonic()
        assert member.poll(1.0, 10) == []
        with pytest.raises(BusUnavailable):
            member.commit()
        with pytest.raises(BusUnavailable):
            member.lag()
        member.rewind()
        assert all(isinstance(outcome, BusUnavailable) for outcome in producer.publish(messages(topic, 3)))
        with pytest.raises(BusUnavailable):
            bus.check()
        assert time.monotonic() - began < 40
    finally:
        broker.thaw()
    assert len(take(member, 11)) >= 11
    member.close()
    producer.close()


def test_a_commit_that_failed_unseen_is_told_by_the_next_one_and_was_none(kafka_bus: BusUnderTest) -> None:
    broker = kafka_bus.broker
    assert broker is not None
    if not broker.disposable:
        pytest.skip("this broker is not ours to freeze")
    topic = kafka_bus.topic(1)
    bus = kafka_bus.open()
    publish(bus, messages(topic, 30, keys=1))
    patient = open_bus(kafka_bus.url.replace("session_timeout_ms=2000", "session_timeout_ms=45000"))
    member = patient.consumer("unseen", [topic])
    assert len(take(member, 10, limit=10)) == 10
    broker.freeze()
    try:
        member.commit(wait=False)
        with pytest.raises(BusUnavailable):
            member.commit()
    finally:
        broker.thaw()
    member.rewind()
    assert [message.offset for message in take(member, 30, limit=10)] == list(range(30)), "as far as we know"
    member.close()
