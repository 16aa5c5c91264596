"""From the outbox to the bus: nothing lost, nothing out of order, whoever fails or commits late."""

import datetime as dt
import random
import threading
import time

import psycopg
import pytest
from sqlalchemy import text

from chassis import clock, context, relay
from chassis.bus import Bus, BusUnavailable, Message, TopicSpec, decode, open_bus
from chassis.bus_postgres import PostgresProducer
from chassis.context import Context
from chassis.relay import BATCH, Relay
from tests.conformance.rig import (
    BusUnderTest,
    FaultyBus,
    Noted,
    Service,
    end_sessions,
    eventually,
    in_thread,
    messages,
    noted_on,
    take,
)

SOURCE = "/peiyu/test"


def relayed(service: Service, bus: Bus, within: float = 30.0, limit: int = BATCH) -> Relay:
    """Run a relay until the outbox is empty."""
    running = Relay(service.db, bus, SOURCE)
    eventually(lambda: running.run_once(limit) == 0 and service.unsent() == 0, within)
    running.close()
    return running


def received(bus: Bus, event: type[Noted], count: int) -> dict[str, list[int]]:
    """What a reader that only advances gets: `count` different events, by subject, duplicates dropped."""
    consumer = bus.consumer("observer", [event.topic])
    found: dict[str, list[int]] = {}
    seen: set[str] = set()
    deadline = time.monotonic() + 30
    while len(seen) < count:
        assert time.monotonic() < deadline, f"{len(seen)} of {count}"
        for message in consumer.poll(0.2, 500):
            if (identity := decode(message).id) not in seen:
                seen.add(identity)
                noted = event.model_validate_json(message.value)
                found.setdefault(noted.subject, []).append(noted.number)
    consumer.close()
    return found


def test_what_was_committed_is_published_in_order_and_marked(
    bus: Bus, under_test: BusUnderTest, service: Service
) -> None:
    event = noted_on(under_test.topic())
    service.emit_many(event, 1200, keys=30)
    done = relayed(service, bus)
    assert received(bus, event, 1200) == {f"key-{k}": list(range(40)) for k in range(30)}
    assert done.counters["sent"] == 1200
    assert service.value("SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL") == 1200


def test_a_relay_that_stops_in_the_middle_has_marked_what_it_sent(
    bus: Bus, under_test: BusUnderTest, service: Service
) -> None:
    """It reads on and marks while the bus takes the next batch; an end in peace leaves nothing to be sent twice."""
    event = noted_on(under_test.topic())
    service.emit_many(event, 100, keys=5)
    first = Relay(service.db, bus, SOURCE)
    assert [first.run_once(20) for _ in range(3)] == [20, 20, 20]
    first.close()
    assert service.unsent() == 40
    assert relayed(service, bus).counters["sent"] == 40
    assert received(bus, event, 100) == {f"key-{k}": list(range(20)) for k in range(5)}


def test_a_relay_that_dies_in_the_middle_sends_what_it_had_not_marked_again_and_in_order(
    bus: Bus, under_test: BusUnderTest, service: Service
) -> None:
    event = noted_on(under_test.topic())
    service.emit_many(event, 100, keys=5)
    first = Relay(service.db, bus, SOURCE)
    assert [first.run_once(20) for _ in range(3)] == [20, 20, 20]
    assert end_sessions(service.libpq_url, "peiyu relay") == 1
    assert service.unsent() == 60, "the last batch would have been marked with the next one"
    with pytest.raises(psycopg.OperationalError):
        first.run_once(20)
    first.close()
    assert relayed(service, bus).counters["sent"] == 60
    assert received(bus, event, 100) == {f"key-{k}": list(range(20)) for k in range(5)}


def test_a_transaction_that_rolls_back_publishes_nothing(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    event = noted_on(under_test.topic())
    with pytest.raises(ZeroDivisionError), service.db.transaction() as tx:
        tx.emit(event(subject="k", number=1))
        tx.flush()
        raise ZeroDivisionError
    service.emit(event, {"k": [2]})
    relayed(service, bus)
    assert received(bus, event, 1) == {"k": [2]}


def test_an_event_carries_its_identity_its_moment_and_its_trace(
    bus: Bus, under_test: BusUnderTest, service: Service
) -> None:
    event = noted_on(under_test.topic())
    here = Context(correlation_id="c-42", trace_id="4bf92f3577b34da6a3ce929d0e0e4736")
    moment = dt.datetime(2026, 11, 3, 4, 5, 6, 789000, tzinfo=dt.UTC)
    with context.using(here), clock.frozen(moment), service.db.transaction() as tx:
        event_id = tx.emit(event(subject="91320000MA1TEST01X", number=1))
    relayed(service, bus)
    consumer = bus.consumer("observer", [event.topic])
    (message,) = take(consumer, 1)
    consumer.close()
    envelope = decode(message)
    assert envelope.event_id == event_id
    assert (envelope.type, envelope.source, envelope.subject) == ("test.noted.v1", SOURCE, "91320000MA1TEST01X")
    assert (envelope.time, envelope.correlation_id) == (moment, "c-42")
    assert envelope.traceparent is not None
    assert envelope.traceparent.split("-")[1] == here.trace_id


@pytest.mark.parametrize(("seed", "limit"), [(1, BATCH), (2, BATCH), (3, 10), (4, 10)])
def test_f8_random_failures_lose_nothing_and_keep_the_order(
    bus: Bus, under_test: BusUnderTest, service: Service, seed: int, limit: int
) -> None:
    """5 % of the records fail; half of those had arrived nevertheless. First deliveries are in order per key.

    In small batches most failures find the next batch read already.
    """
    event = noted_on(under_test.topic())
    service.emit_many(event, 1000, keys=50)
    faults = FaultyBus(bus, share=0.05, seed=seed)
    relayed(service, faults, within=60, limit=limit)
    assert faults.failed > 10
    assert received(bus, event, 1000) == {f"key-{k}": list(range(20)) for k in range(50)}


def test_f20_a_late_commit_is_not_skipped(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    """8 writers sleep between the insert into the outbox and the commit, while the relay runs."""
    event = noted_on(under_test.topic())
    visible: list[int] = []

    def write(writer: int) -> None:
        chance = random.Random(writer)
        for number in range(25):
            with service.db.transaction() as tx:
                tx.emit(event(subject=f"writer-{writer}", number=number))
                tx.flush()
                given = tx.session.scalar(text("SELECT currval(pg_get_serial_sequence('outbox', 'id'))"))
                time.sleep(chance.random() * 0.05)
            visible.append(given)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    with in_thread(Relay(service.db, bus, SOURCE).run):
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        eventually(lambda: service.unsent() == 0)
    assert visible != sorted(visible), "no id became visible after a higher one: the test has shown nothing"
    assert received(bus, event, 200) == {f"writer-{n}": list(range(25)) for n in range(8)}


def test_f20_offsets_of_the_embedded_log_become_visible_in_order(postgres_bus: BusUnderTest) -> None:
    """8 producers sleep between the insert into the log and the commit, while a reader only advances."""

    class Slow(PostgresProducer):
        def _insert(self, *arguments: object) -> None:
            super()._insert(*arguments)
            time.sleep(random.random() * 0.03)

    topic = postgres_bus.topic(3)

    def write(writer: int) -> None:
        producer = Slow(postgres_bus.url)
        for number in range(20):
            batch = [Message(topic, f"{writer}-{k}", str(number).encode()) for k in range(3)]
            assert producer.publish(batch) == [None] * 3
        producer.close()

    consumer = postgres_bus.open().consumer("reader", [topic])
    eventually(lambda: consumer.poll(0.1, 10) or consumer.assignment())
    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for writer in writers:
        writer.start()
    found = take(consumer, 480, limit=17)
    for writer in writers:
        writer.join()
    consumer.close()
    for partition in range(3):
        offsets = [message.offset for message in found if message.partition == partition]
        assert offsets == list(range(len(offsets)))
    assert {message.key for message in found} == {f"{writer}-{k}" for writer in range(8) for k in range(3)}


def test_one_relay_leads_and_another_takes_over(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    event = noted_on(under_test.topic())
    first, second = Relay(service.db, bus, SOURCE), Relay(service.db, bus, SOURCE)
    service.emit_many(event, 50)
    assert (first.run_once(), second.run_once()) == (50, 0)
    service.emit_many(event, 50)
    assert second.run_once() == 0
    assert end_sessions(service.libpq_url, "peiyu relay") == 2
    with in_thread(first.run), in_thread(second.run):
        eventually(lambda: service.unsent() == 0)
    assert sum((first.counters + second.counters).values()) == 100


def test_a_frozen_relay_is_replaced_and_cannot_mark(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    event = noted_on(under_test.topic())
    frozen = Relay(service.db, bus, SOURCE)
    service.emit_many(event, 10)
    assert frozen.run_once() == 10
    frozen._keep_house()
    time.sleep(1.1)
    heir = Relay(service.db, bus, SOURCE, stale_seconds=1)
    service.emit_many(event, 10)
    assert eventually(heir.run_once) == 10
    service.emit_many(event, 10)
    with pytest.raises(Exception, match="terminat"):
        frozen.run_once()
    assert heir.run_once() == 10
    heir.close()
    frozen.close()


def test_a_key_that_cannot_be_sent_holds_up_nobody_else(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    event, stray = noted_on(under_test.topic()), noted_on("no.such.topic")
    with service.db.transaction() as tx:
        tx.emit(stray(subject="stray", number=1))
        tx.emit(event(subject="x" * 1_200_000, number=1))
    service.emit_many(event, 100)
    going = Relay(service.db, bus, SOURCE)
    eventually(lambda: going.run_once(limit=10) == 0 and service.unsent() == 2)
    assert going.counters["rejected"] >= 2
    going.close()


def test_later_events_of_a_key_wait_for_one_that_cannot_be_sent(
    bus: Bus, under_test: BusUnderTest, service: Service
) -> None:
    event = noted_on(under_test.topic())
    service.emit(event, {"held": [0, 1, 2], "free": [0, 1, 2]})
    service.rows(
        "UPDATE outbox SET headers = jsonb_build_object('traceparent', repeat('x', 1000001)) WHERE id = 3 RETURNING 1"
    )
    going = Relay(service.db, bus, SOURCE)
    assert going.run_once() == 4
    service.rows("UPDATE outbox SET headers = '{}' WHERE id = 3 RETURNING 1")
    eventually(lambda: going.run_once() and service.unsent() == 0)
    going.close()
    assert received(bus, event, 6) == {"held": [0, 1, 2], "free": [0, 1, 2]}


def test_while_the_bus_is_away_events_wait(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    event = noted_on(under_test.topic())
    service.emit_many(event, 20)
    away = Relay(service.db, open_bus("kafka://127.0.0.1:9"), SOURCE)
    assert away.run_once() == 0
    assert away.starved
    assert away.counters["unavailable"] > 0
    away.close()
    relayed(service, bus)
    assert len(received(bus, event, 20)) == 20


def test_a_relay_says_that_it_lives_even_while_the_bus_is_away(service: Service) -> None:
    service.emit_many(noted_on("somewhere"), 1)
    with in_thread(Relay(service.db, open_bus("kafka://127.0.0.1:9"), SOURCE).run):
        eventually(lambda: service.rows("SELECT 1 FROM heartbeats WHERE name = 'relay'"))


def test_purge_removes_only_what_was_sent_long_ago(postgres_bus: BusUnderTest, service: Service) -> None:
    event = noted_on(postgres_bus.topic())
    service.emit_many(event, 30)
    relayed(service, postgres_bus.open())
    service.rows("UPDATE outbox SET sent_at = sent_at - interval '8 days' WHERE id <= 10 RETURNING 1")
    service.emit_many(event, 5)
    assert relay.purge(service.db, dt.timedelta(days=7)) == 10
    assert service.value("SELECT count(*) FROM outbox") == 25


def test_a_compacted_topic_keeps_the_last_message_of_each_key(own_postgres_bus: BusUnderTest) -> None:
    """As Kafka compacts it: whoever comes later still learns how things stand, and everything young is kept."""
    opened = own_postgres_bus.open()
    opened.apply_topics([TopicSpec("compacted", 1, compacted=True)])
    producer = opened.producer()
    producer.publish(messages("compacted", 10, keys=2))
    with clock.frozen(clock.now() + dt.timedelta(days=8)):
        producer.publish([Message("compacted", "key-0", b"young"), Message("compacted", "key-0", b"younger")])
        assert (opened.purge(), opened.purge()) == (9, 0)
    late = opened.consumer("late", ["compacted"])
    left = take(late, 3)
    assert [(each.key, each.value) for each in left] == [("key-1", b"4"), ("key-0", b"young"), ("key-0", b"younger")]
    late.close()
    producer.close()
    opened.close()


def test_the_log_keeps_what_a_living_group_has_not_read(own_postgres_bus: BusUnderTest) -> None:
    opened = own_postgres_bus.open()
    topic = own_postgres_bus.topic(1)
    producer = opened.producer()
    producer.publish(messages(topic, 10, keys=1))
    consumer = opened.consumer("slow", [topic])
    take(consumer, 4, limit=4)
    consumer.commit()
    assert opened.purge() == 0, "nothing is old yet"
    with clock.frozen(clock.now() + dt.timedelta(days=8)):
        producer.publish([Message(topic, "k", b"10")])
        assert (opened.purge(), opened.purge()) == (4, 0)
    assert [message.value for message in take(consumer, 3, limit=3)] == [b"4", b"5", b"6"]
    with clock.frozen(clock.now() + dt.timedelta(days=31)):
        assert opened.purge() == 7, "a group that has committed nothing for 30 days is forgotten"
    consumer.close()
    producer.publish([Message(topic, "k", b"11")])
    late = opened.consumer("late", [topic])
    assert [message.value for message in take(late, 1)] == [b"11"]
    late.close()
    producer.close()


def test_a_producer_that_has_lost_its_connection_says_so_and_finds_it_again(postgres_bus: BusUnderTest) -> None:
    topic = postgres_bus.topic(1)
    producer = postgres_bus.open().producer()
    message = Message(topic, "k", b"v")
    assert producer.publish([message]) == [None]
    end_sessions(postgres_bus.url, "bus producer")
    (outcome,) = producer.publish([message])
    assert isinstance(outcome, BusUnavailable)
    assert producer.publish([message]) == [None]
    producer.close()
