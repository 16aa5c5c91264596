"""From the bus to the effects: each exactly once, poison aside with its reason, and nobody else held up by it."""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Callable
from typing import ClassVar

import psycopg
import pytest
from sqlalchemy import text

from chassis import clock, consumer, context, dead_letters
from chassis.bus import Bus, Envelope, Message, TopicSpec, encode, open_bus
from chassis.consumer import Subscriber
from chassis.context import Context
from chassis.db import Database, Transaction
from chassis.errors import Unavailable
from chassis.relay import Relay
from tests.conformance.rig import (
    BusUnderTest,
    Noted,
    Service,
    drain,
    end_sessions,
    eventually,
    in_thread,
    noted_on,
    publish,
    take,
    write_effect,
)


def wire(
    event: Noted, *, event_id: str | None = None, payload: bytes | None = None, kind: str | None = None
) -> Message:
    """An event as a relay puts it on the bus, or a spoilt one."""
    envelope = Envelope(
        id=event_id or str(uuid.uuid4()), type=kind or event.type, source="/peiyu/test", subject=event.key
    )
    return encode(event.topic, event.key, envelope, event.model_dump_json().encode() if payload is None else payload)


def sent(event: type[Noted], count: int, keys: int = 10) -> list[Message]:
    return [wire(event(subject=f"key-{n % keys}", number=n // keys)) for n in range(count)]


def expected(count: int, keys: int = 10) -> dict[str, list[int]]:
    return {f"key-{k}": list(range(count // keys)) for k in range(keys)}


@pytest.fixture
def event(under_test: BusUnderTest) -> type[Noted]:
    return noted_on(under_test.topic())


def reader(service: Service, bus: Bus, event: type[Noted], handler: Callable[..., None] = write_effect) -> Subscriber:
    return Subscriber(service.db, bus, "reader", {event: (handler,)}, tries=3, retry_seconds=0.01)


def count_effects(service: Service) -> int:
    return sum(len(numbers) for numbers in service.effects().values())


def test_every_event_takes_effect_once_and_in_order(bus: Bus, event: type[Noted], service: Service) -> None:
    publish(bus, sent(event, 1000))
    subscriber = reader(service, bus, event)
    drain(subscriber, lambda: subscriber.counters["handled"] == 1000)
    subscriber.close()
    assert service.effects() == expected(1000)


@pytest.mark.parametrize("times", [2, 10])
def test_f16_duplicates_have_no_effect(bus: Bus, event: type[Noted], service: Service, times: int) -> None:
    batch = sent(event, 100)
    for _ in range(times):
        publish(bus, [message for message in batch for _ in range(2)])
    subscriber = reader(service, bus, event)
    drain(subscriber, lambda: subscriber.counters["received"] == 200 * times)
    subscriber.close()
    assert service.effects() == expected(100)
    assert subscriber.counters["duplicates"] == 200 * times - 100


def test_what_was_done_but_not_committed_to_the_bus_is_not_done_again(
    bus: Bus, event: type[Noted], service: Service
) -> None:
    """A crash between the database's commit and the bus': here, an operator who sets the group back to the start."""
    publish(bus, sent(event, 100))
    first = reader(service, bus, event)
    drain(first, lambda: first.counters["handled"] == 100)
    first.close()
    rewound = bus.consumer("reader", [event.topic])
    eventually(lambda: rewound.poll(0.1, 10) or len(rewound.assignment()) == 4)
    for topic, partition in rewound.assignment():
        rewound.seek_to(topic, partition, 0)
    rewound.commit()
    rewound.close()
    second = reader(service, bus, event)
    drain(second, lambda: second.counters["duplicates"] == 100)
    second.close()
    assert service.effects() == expected(100)


def test_poison_is_put_aside_with_its_reason_while_the_others_flow(
    bus: Bus, event: type[Noted], service: Service
) -> None:
    def refuse_seven(tx: Transaction, event: Noted) -> None:
        write_effect(tx, event)
        if event.number == 7:
            raise ValueError(f"cannot take {event.number}\0")

    publish(bus, sent(event, 200))
    subscriber = reader(service, bus, event, refuse_seven)
    drain(subscriber, lambda: subscriber.counters["handled"] + subscriber.counters["dead_lettered"] == 200)
    assert service.effects() == {key: [n for n in numbers if n != 7] for key, numbers in expected(200).items()}
    assert subscriber.counters == {"received": 200, "handled": 190, "dead_lettered": 10, "retried": 20, "skipped": 0}
    with service.db.transaction() as tx:
        letters = dead_letters.list_dead_letters(tx)
        assert len(letters) == 10
        assert {(letter.consumer, letter.attempts, letter.type) for letter in letters} == {("reader", 3, event.type)}
        assert letters[0].reason == "ValueError: cannot take 7\N{REPLACEMENT CHARACTER}"
        assert event.model_validate_json(letters[0].payload).number == 7
    assert not subscriber.run_once(timeout=0.5), "the offsets of the poison are committed too"
    subscriber.close()


def test_a_dead_letter_is_announced_on_its_topic(bus: Bus, event: type[Noted], service: Service) -> None:
    bus.apply_topics([TopicSpec("dlq.reader", 1)])
    publish(bus, [wire(event(subject="k", number=1), payload=b"{")])
    subscriber = reader(service, bus, event)
    drain(subscriber, lambda: subscriber.counters["dead_lettered"] == 1)
    subscriber.close()
    going = Relay(service.db, bus, "/peiyu/test")
    eventually(going.run_once)
    going.close()
    listening = bus.consumer(f"operations-{uuid.uuid4()}", ["dlq.reader"])
    announcement = json.loads(take(listening, 1)[-1].value)
    listening.close()
    assert announcement["consumer"] == "reader"
    assert announcement["topic"] == event.topic
    assert "Invalid JSON" in announcement["reason"]


def test_redrive_runs_the_handlers_again_and_only_once(bus: Bus, event: type[Noted], service: Service) -> None:
    mended = threading.Event()

    def refuse_until_mended(tx: Transaction, event: Noted) -> None:
        if not mended.is_set():
            raise ValueError("not yet")
        write_effect(tx, event)

    publish(bus, [wire(event(subject="k", number=1))])
    subscriber = reader(service, bus, event, refuse_until_mended)
    drain(subscriber, lambda: subscriber.counters["dead_lettered"] == 1)
    subscriber.close()
    subscriptions = {event: (refuse_until_mended,)}
    with service.db.transaction() as tx:
        (letter,) = dead_letters.list_dead_letters(tx)
    with pytest.raises(ValueError, match="not yet"):
        dead_letters.redrive(service.db, subscriptions, letter.id)
    mended.set()
    assert dead_letters.redrive(service.db, subscriptions, letter.id)
    assert not dead_letters.redrive(service.db, subscriptions, letter.id)
    assert service.effects() == {"k": [1]}
    with service.db.transaction() as tx:
        assert dead_letters.list_dead_letters(tx) == []
        assert len(dead_letters.list_dead_letters(tx, redriven=True)) == 1
    with pytest.raises(dead_letters.DeadLetterNotFound):
        dead_letters.redrive(service.db, subscriptions, 10**9)
    with pytest.raises(dead_letters.DeadLetterWithoutHandler):
        service.rows("UPDATE dead_letters SET redriven_at = NULL RETURNING 1")
        dead_letters.redrive(service.db, {}, letter.id)


def test_f19_whatever_is_on_the_topic_the_sound_events_arrive(bus: Bus, event: type[Noted], service: Service) -> None:
    sound = event(subject="k", number=1)
    spoilt = [
        b"",
        b"{",
        b"not json",
        b"null",
        b"[]",
        b'{"subject": "k"}',
        b'{"subject": 5, "number": 1}',
        b'{"subject": "k", "number": "many"}',
        b'{"subject": "k", "number": 99999999999999999999}',
        b'{"subject": "a\\u0000b", "number": 1}',
        b"\xff\xfe",
        b'{"subject": ' + b"[" * 100_000,
    ]
    batch = [
        *(wire(sound, payload=payload) for payload in spoilt),
        Message(event.topic, "k", b"{}"),
        Message(
            event.topic,
            "k",
            b"{}",
            (("ce_specversion", b"2.0"), ("ce_id", b"1"), ("ce_type", b"x"), ("ce_source", b"y")),
        ),
        wire(sound, kind="test.noted.v2"),
        wire(sound, kind="somebody.else-did.v1"),
        wire(sound),
    ]
    publish(bus, batch)
    subscriber = reader(service, bus, event)
    drain(subscriber, lambda: subscriber.counters["handled"] == 1)
    drain(subscriber, lambda: subscriber.counters["dead_lettered"] == len(spoilt) + 2)
    subscriber.close()
    assert service.effects() == {"k": [1]}
    assert subscriber.counters["skipped"] == 2
    with service.db.transaction() as tx:
        assert all(letter.reason for letter in dead_letters.list_dead_letters(tx))


def test_a_field_that_was_added_later_breaks_nobody(bus: Bus, event: type[Noted], service: Service) -> None:
    publish(bus, [wire(event(subject="k", number=1), payload=b'{"subject": "k", "number": 1, "colour": "red"}')])
    subscriber = reader(service, bus, event)
    drain(subscriber, lambda: subscriber.counters["handled"] == 1)
    subscriber.close()


def test_a_database_that_is_busy_or_gone_makes_nothing_poison(bus: Bus, event: type[Noted], service: Service) -> None:
    impatient = Database(service.libpq_url, name="impatient", lock_timeout_seconds=1)
    publish(bus, sent(event, 50))
    subscriber = Subscriber(impatient, bus, "reader", {event: (write_effect,)}, tries=2, retry_seconds=0.01)
    with psycopg.connect(service.libpq_url) as blocking:
        blocking.execute("LOCK TABLE effects IN ACCESS EXCLUSIVE MODE")
        with in_thread(subscriber.run):
            eventually(lambda: subscriber.counters["received"] >= 150)
            end_sessions(service.libpq_url, "impatient")
            blocking.rollback()
            eventually(lambda: subscriber.counters["handled"] == 50)
    assert service.effects() == expected(50)
    assert subscriber.counters["dead_lettered"] == 0
    impatient.close()


def test_what_depends_on_somebody_else_waits_for_him(bus: Bus, event: type[Noted], service: Service) -> None:
    answers = threading.Event()

    def ask(tx: Transaction, event: Noted) -> None:
        if not answers.is_set():
            raise Unavailable("对方服务暂时不可用")
        write_effect(tx, event)

    publish(bus, sent(event, 20))
    subscriber = reader(service, bus, event, ask)
    with in_thread(subscriber.run):
        eventually(lambda: subscriber.counters["received"] >= 60)
        answers.set()
        eventually(lambda: subscriber.counters["handled"] == 20)
    assert service.effects() == expected(20)


def test_a_handler_acts_within_the_events_trace(bus: Bus, event: type[Noted], service: Service) -> None:
    seen: list[Context] = []

    def look(tx: Transaction, event: Noted) -> None:
        assert context.current() == tx.context
        seen.append(tx.context)

    here = [Context(correlation_id=f"c-{n}") for n in range(3)]
    for each in here:
        with service.db.transaction(each) as tx:
            tx.emit(event(subject="k", number=1))
    going = Relay(service.db, bus, "/peiyu/test")
    eventually(going.run_once)
    going.close()
    subscriber = reader(service, bus, event, look)
    drain(subscriber, lambda: len(seen) == 3)
    subscriber.close()
    assert [(each.correlation_id, each.trace_id) for each in seen] == [(e.correlation_id, e.trace_id) for e in here]
    assert {each.span_id for each in seen}.isdisjoint({each.span_id for each in here})
    assert {each.actor for each in seen} == {context.SYSTEM}


def test_what_a_handler_announces_travels_on(bus: Bus, under_test: BusUnderTest, service: Service) -> None:
    class Echoed(Noted):
        topic: ClassVar[str] = under_test.topic()
        type: ClassVar[str] = "test.echoed.v1"

    event = noted_on(under_test.topic())

    def echo(tx: Transaction, event: Noted) -> None:
        tx.emit(Echoed(subject=event.subject, number=event.number))

    service.emit_many(event, 100)
    subscriber = Subscriber(service.db, bus, "echo", {event: (echo,)})
    listener = Subscriber(service.db, bus, "reader", {Echoed: (write_effect,)})
    with in_thread(Relay(service.db, bus, "/peiyu/test").run), in_thread(subscriber.run), in_thread(listener.run):
        eventually(lambda: listener.counters["handled"] == 100)
    assert service.effects() == expected(100, keys=20)


def test_members_come_and_go_and_every_effect_stays_once(bus: Bus, event: type[Noted], service: Service) -> None:
    def members(count: int) -> list[Subscriber]:
        return [reader(service, bus, event) for _ in range(count)]

    batch = sent(event, 600, keys=30)
    first, second, third = members(3)
    with in_thread(first.run):
        publish(bus, batch[:200])
        with in_thread(second.run):
            publish(bus, batch[200:400])
            with in_thread(third.run):
                eventually(lambda: count_effects(service) >= 300)
            publish(bus, batch[400:])
        eventually(lambda: count_effects(service) >= 600)
    assert {key: sorted(numbers) for key, numbers in service.effects().items()} == expected(600, keys=30)


def test_a_consumer_says_that_it_lives_and_how_far_behind_it_is(bus: Bus, event: type[Noted], service: Service) -> None:
    publish(bus, sent(event, 10))
    subscriber = reader(service, bus, event)
    with in_thread(subscriber.run):
        (details,) = eventually(
            lambda: service.rows(
                "SELECT details FROM heartbeats WHERE name = 'consumer:reader' AND details ->> 'partitions' = '4'"
            )
        )
    assert details[0]["lag"] == 0
    assert subscriber.last_poll_at is not None
    assert sum(subscriber.lag.values()) == 0


def test_a_consumer_says_that_it_lives_while_the_bus_is_away(service: Service) -> None:
    subscriber = Subscriber(service.db, open_bus("kafka://127.0.0.1:9"), "reader", {noted_on("t"): (write_effect,)})
    with in_thread(subscriber.run):
        eventually(lambda: service.rows("SELECT 1 FROM heartbeats WHERE name = 'consumer:reader'"))


def test_the_inbox_forgets_after_its_retention(postgres_bus: BusUnderTest, service: Service) -> None:
    event, opened = noted_on(postgres_bus.topic()), postgres_bus.open()
    publish(opened, sent(event, 20))
    subscriber = reader(service, opened, event)
    drain(subscriber, lambda: subscriber.counters["handled"] == 20)
    subscriber.close()
    assert consumer.purge(service.db, "reader", dt.timedelta(days=7)) == 0
    with clock.frozen(clock.now() + dt.timedelta(days=8)):
        assert consumer.purge(service.db, "somebody", dt.timedelta(days=7)) == 0
        assert consumer.purge(service.db, "reader", dt.timedelta(days=7)) == 20


def test_only_what_may_pass_counts_as_passing(service: Service) -> None:
    def error_of(statement: str) -> Exception:
        with pytest.raises(Exception) as raised, service.db.transaction() as tx:
            tx.session.execute(text(statement))
        return raised.value

    assert not consumer.passing(error_of("SELECT 1 / 0"))
    assert not consumer.passing(error_of("SELECT 'x'::int"))
    assert not consumer.passing(error_of("SELECT FROM nowhere"))
    assert not consumer.passing(error_of("SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)"))
    assert consumer.passing(error_of("SELECT pg_terminate_backend(pg_backend_pid())"))
    for state in ("40001", "40P01", "53100", "55P03", "25006"):
        assert consumer.passing(error_of(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$"))
