"""The port alone: order, delivery, groups, replay, refusals, and what happens when nobody is there."""

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest

from chassis import clock
from chassis.bus import (
    Bus,
    BusUnavailable,
    Consumer,
    Envelope,
    Message,
    MessageRejected,
    Partition,
    PartitionsLost,
    TopicMismatch,
    TopicSpec,
    Undecodable,
    decode,
    encode,
    open_bus,
)
from tests.conformance.rig import BusUnderTest, by_key, eventually, in_thread, messages, nothing_comes, publish, take


def test_messages_of_a_key_keep_their_order(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    sent = messages(topic, 1000)
    for start in range(0, 1000, 150):
        publish(bus, sent[start : start + 150])
    consumer = bus.consumer("order", [topic])
    received = take(consumer, 1000, limit=70)
    assert by_key(received) == {f"key-{k}": list(range(200)) for k in range(5)}
    assert len({message.partition for message in received}) > 1
    assert received[0].headers[0][0] == "n"
    consumer.close()


def test_a_key_always_goes_to_the_same_partition(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(8)
    for _ in range(3):
        publish(bus, messages(topic, 40, keys=20))
    consumer = bus.consumer("partitions", [topic])
    places = {(message.key, message.partition) for message in take(consumer, 120)}
    assert len(places) == 20
    consumer.close()


def test_what_cannot_be_taken_is_refused_and_the_rest_arrives(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    producer = bus.producer()
    outcomes = producer.publish(
        [
            Message(topic, "k", b"first"),
            Message(topic, "k", b"x" * 10_000_000),
            Message("no.such.topic", "k", b"stray"),
            Message("no.such.topic", "k", b"stray"),
            Message(topic, "nul\0key", b"x"),
            Message(topic, "k", b"last"),
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), *[MessageRejected] * 4, type(None)]
    producer.close()
    consumer = bus.consumer("refusals", [topic])
    assert [message.value for message in take(consumer, 2)] == [b"first", b"last"]
    consumer.close()


def test_what_was_not_committed_is_delivered_again(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    publish(bus, messages(topic, 20))
    first = bus.consumer("again", [topic])
    assert len(take(first, 20)) == 20
    first.close()
    second = bus.consumer("again", [topic])
    assert len(take(second, 20)) == 20
    second.commit()
    second.close()
    third = bus.consumer("again", [topic])
    eventually(lambda: third.poll(0.1, 10) or third.assignment())
    assert nothing_comes(third)
    third.close()


def test_rewind_goes_back_to_the_last_commit(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    publish(bus, messages(topic, 10))
    consumer = bus.consumer("rewind", [topic])
    take(consumer, 10)
    consumer.commit()
    publish(bus, messages(topic, 30))
    once = take(consumer, 30, limit=7)
    consumer.rewind()
    twice = take(consumer, 30, limit=7)
    assert by_key(twice) == by_key(once)
    consumer.commit()
    consumer.rewind()
    assert nothing_comes(consumer)
    consumer.close()


def offsets(consumer: Consumer, count: int, limit: int) -> list[int]:
    """Of the next `count` messages and not one more."""
    found: list[int] = []
    while len(found) < count:
        got = eventually(partial(consumer.poll, 0.5, min(limit, count - len(found))), within=30)
        found += [message.offset for message in got]
    return found


def test_full_batches_follow_each_other_whatever_is_asked_between(bus: Bus, under_test: BusUnderTest) -> None:
    """After a full batch a member may look for the next one by itself; nobody sees that it does."""
    topic = under_test.topic(1)
    publish(bus, messages(topic, 200, keys=1))
    consumer = bus.consumer("ahead", [topic])
    found = offsets(consumer, 40, 20)
    consumer.commit(wait=False)
    found += offsets(consumer, 20, 20)
    assert consumer.lag() == {(topic, 0): 140}
    found += offsets(consumer, 7, 7)
    consumer.commit(wait=False)
    assert found == list(range(67))
    assert offsets(consumer, 20, 20) == list(range(67, 87))
    consumer.rewind()
    assert offsets(consumer, 40, 20) == list(range(67, 107))
    consumer.commit(wait=False)
    consumer.seek_to(topic, 0, 3)
    assert offsets(consumer, 20, 20) == list(range(3, 23))
    consumer.seek_to(topic, 0, 107)
    consumer.commit()
    consumer.close()
    successor = bus.consumer("ahead", [topic])
    assert offsets(successor, 93, 31) == list(range(107, 200))
    successor.close()


def test_a_commit_that_nobody_waits_for_is_made_all_the_same(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(2)
    publish(bus, messages(topic, 100, keys=10))
    consumer = bus.consumer("unwaited", [topic])
    first = {(each.partition, each.offset) for each in take(consumer, 50, limit=25)}
    consumer.commit(wait=False)
    consumer.close()
    successor = bus.consumer("unwaited", [topic])
    rest = {(each.partition, each.offset) for each in take(successor, 50, limit=25)}
    assert nothing_comes(successor)
    successor.close()
    assert len(first | rest) == 100


def test_each_group_gets_everything(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic()
    publish(bus, messages(topic, 50))
    for group in ("eligibility", "finance"):
        consumer = bus.consumer(group, [topic])
        assert len(take(consumer, 50)) == 50
        consumer.commit()
        consumer.close()


def test_replay_from_an_offset(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(1)
    publish(bus, messages(topic, 100, keys=1))
    consumer = bus.consumer("replay", [topic])
    take(consumer, 100)
    consumer.commit()
    consumer.seek_to(topic, 0, 60)
    assert [message.offset for message in take(consumer, 40)] == list(range(60, 100))
    consumer.seek_to(topic, 0, 90)
    consumer.commit()
    consumer.close()
    successor = bus.consumer("replay", [topic])
    assert [message.offset for message in take(successor, 10)] == list(range(90, 100))
    with pytest.raises(LookupError):
        successor.seek_to(topic, 7, 0)
    successor.close()


def test_lag_counts_what_is_not_polled_yet(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(1)
    publish(bus, messages(topic, 30))
    consumer = bus.consumer("lag", [topic])
    take(consumer, 10, limit=10)
    assert consumer.lag() == {(topic, 0): 20}
    take(consumer, 20)
    assert consumer.lag() == {(topic, 0): 0}
    consumer.close()


class Working:
    """A member on a thread of its own, which is how members are used."""

    def __init__(self, bus: Bus, topic: str, found: set[tuple[int, int]]) -> None:
        self._member = bus.consumer("share", [topic])
        self._found = found
        self.assigned: set[Partition] = set()

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            for message in self._member.poll(0.5, 100):
                self._found.add((message.partition, message.offset))
            with suppress(PartitionsLost):  # while partitions change hands; what was polled comes again
                self._member.commit()
            self.assigned = self._member.assignment()
        self._member.close()


def test_members_share_and_take_over(bus: Bus, under_test: BusUnderTest) -> None:
    """A second member gets half, a leaving member gives its half back, and no message is missed on the way."""
    topic = under_test.topic(4)
    found: set[tuple[int, int]] = set()
    first, second = Working(bus, topic, found), Working(bus, topic, found)
    with in_thread(first.run):
        with in_thread(second.run):
            eventually(lambda: (len(first.assigned), len(second.assigned)) == (2, 2))
            assert not first.assigned & second.assigned
            publish(bus, messages(topic, 200, keys=20))
            eventually(lambda: len(found) >= 200)
        publish(bus, messages(topic, 200, keys=20))
        eventually(lambda: len(first.assigned) == 4)
        eventually(lambda: len(found) >= 400)
    assert len(found) == 400


def test_a_waiting_consumer_is_woken(bus: Bus, under_test: BusUnderTest) -> None:
    """No busy polling, no second of waiting: the median of what a message takes, with room for a loaded machine."""
    topic = under_test.topic(1)
    consumer = bus.consumer("wake", [topic])
    eventually(lambda: consumer.poll(0.1, 10) or consumer.assignment())
    producer = bus.producer()
    producer.publish([Message(topic, "k", b"warm")])
    take(consumer, 1)
    delays = []
    for _ in range(15):
        sent_at = []

        def send(times: list[float] = sent_at) -> None:
            time.sleep(0.1)  # the consumer is asleep by then
            times.append(time.monotonic())
            producer.publish([Message(topic, "k", b"now")])

        sender = threading.Thread(target=send)
        sender.start()
        take(consumer, 1)
        delays.append(time.monotonic() - sent_at[0])
        sender.join()
    assert statistics.median(delays) < 0.2
    producer.close()
    consumer.close()


def test_topics_are_applied_as_often_as_one_likes(under_test: BusUnderTest) -> None:
    topic = under_test.topic(3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: under_test.open().apply_topics([TopicSpec(topic, 3)]), range(4)))
    publish(under_test.open(), messages(topic, 10))
    under_test.open().apply_topics([TopicSpec(topic, 3)])
    with pytest.raises(TopicMismatch):
        under_test.open().apply_topics([TopicSpec(topic, 6)])
    consumer = under_test.open().consumer("topics", [topic])
    assert len(take(consumer, 10)) == 10
    consumer.close()


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:9/bus", "kafka://127.0.0.1:9"])
def test_nobody_there_is_said_within_seconds(url: str) -> None:
    """Discard port: opening never waits, and each call ends with a typed error in bounded time."""
    bus = open_bus(url)
    producer, consumer = bus.producer(), bus.consumer("nobody", ["t"])
    began = time.monotonic()
    assert [type(outcome) for outcome in producer.publish(messages("t", 3))] == [BusUnavailable] * 3
    with pytest.raises(BusUnavailable):
        consumer.poll(0.1, 10)
    with pytest.raises(BusUnavailable):
        bus.check()
    assert time.monotonic() - began < 20
    producer.close()
    consumer.close()


def test_a_bus_that_answers_passes_its_check(bus: Bus, under_test: BusUnderTest) -> None:
    under_test.topic()
    bus.check()


def test_a_message_that_is_no_event_cannot_be_decoded(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(1)
    publish(
        bus, [Message(topic, "k", b"{}", (("ce_specversion", b"1.0"), ("ce_id", b"\xff"))), Message(topic, "k", b"")]
    )
    consumer = bus.consumer("undecodable", [topic])
    for message in take(consumer, 2):
        with pytest.raises(Undecodable):
            decode(message)
    consumer.close()


def test_an_event_survives_the_wire(bus: Bus, under_test: BusUnderTest) -> None:
    topic = under_test.topic(1)
    envelope = Envelope(
        id="0193b5a0-0000-7000-8000-000000000001",
        type="registry.enterprise-updated.v1",
        source="/peiyu/registry",
        subject="91320000MA1TEST01X",
        time=clock.now(),
        correlation_id="c-1",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )
    publish(bus, [encode(topic, envelope.subject, envelope, '{"名称": "测试"}'.encode())])
    consumer = bus.consumer("wire", [topic])
    (received,) = take(consumer, 1)
    assert decode(received) == envelope
    assert (received.key, received.value.decode()) == (envelope.subject, '{"名称": "测试"}')
    assert dict(received.headers)["ce_specversion"] == b"1.0"
    assert dict(received.headers)["content-type"] == b"application/json"
    consumer.close()
