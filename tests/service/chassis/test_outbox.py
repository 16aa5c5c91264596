"""The bus has lost messages: they are sent again from the outbox, in order, and take effect once."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import text

from chassis import clock, outbox, relay
from chassis.bus_postgres import PostgresBus
from chassis.consumer import Subscriber
from chassis.db import Database
from chassis.relay import Relay
from tests.conformance.rig import BusUnderTest, Service, drain, eventually, in_thread, noted_on, write_effect
from tests.support.postgres import Server

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def service(db: Database) -> Service:
    return Service.on(db)


@pytest.fixture
def bus_url(postgres: Server) -> Iterator[str]:
    postgres.create("bus_that_forgets")
    yield postgres.libpq_url("bus_that_forgets")
    postgres.drop("bus_that_forgets")


@pytest.fixture
def topic(bus_url: str) -> str:
    return BusUnderTest("postgres", bus_url).topic()


def lose_everything(bus_url: str) -> None:
    """As when the bus' volume is lost and its topics are made anew: no message, no offset of anybody."""
    lost = Database(bus_url)
    with lost.transaction() as tx:
        tx.session.execute(text("TRUNCATE bus_log, bus_offsets"))
        tx.session.execute(text("UPDATE bus_partitions SET next_offset = 0"))
    lost.close()


def send_all(service: Service, bus_url: str) -> None:
    sending = Relay(service.db, PostgresBus(bus_url), "/peiyu/test")
    eventually(lambda: sending.run_once() == 0 and service.unsent() == 0)
    sending.close()


def test_what_the_bus_lost_takes_effect_once_and_in_order(service: Service, bus_url: str, topic: str) -> None:
    event = noted_on(topic)
    subscriptions = {event: (write_effect,)}
    numbers = {f"key-{n}": list(range(10)) for n in range(5)}
    service.emit(event, {key: each[:4] for key, each in numbers.items()})
    send_all(service, bus_url)
    reader = Subscriber(service.db, PostgresBus(bus_url), "reader", subscriptions)
    drain(reader, lambda: reader.counters["handled"] == 20)
    reader.close()
    service.emit(event, {key: each[4:] for key, each in numbers.items()})  # while the reader is away
    send_all(service, bus_url)
    lose_everything(bus_url)

    found = outbox.resend(service.db, clock.now() - HOUR, portion=7)

    assert found.topics == {topic: 50}
    assert found.too_old == 0
    send_all(service, bus_url)
    reader = Subscriber(service.db, PostgresBus(bus_url), "reader", subscriptions)
    drain(reader, lambda: reader.counters["received"] == 50)
    reader.close()
    assert service.effects() == numbers
    assert reader.counters["duplicates"] == 20


def test_a_running_relay_makes_way_and_sends_everything_in_order(service: Service, bus_url: str, topic: str) -> None:
    """The leader's session is ended while it works; new events are decided meanwhile and come after the old ones."""
    event = noted_on(topic)
    bus = PostgresBus(bus_url)
    running = Relay(service.db, bus, "/peiyu/test")
    with in_thread(running.run):
        service.emit_many(event, 200)
        eventually(lambda: service.unsent() == 0)
        lose_everything(bus_url)
        outbox.resend(service.db, portion=50)
        service.emit(event, {"key-0": [1000]})
        eventually(lambda: service.unsent() == 0)
    reader = Subscriber(service.db, bus, "reader", {event: (write_effect,)})
    drain(reader, lambda: reader.counters["handled"] == 201)
    reader.close()
    expected = {f"key-{n}": list(range(10)) for n in range(20)}
    assert service.effects() == expected | {"key-0": [*range(10), 1000]}


def test_relays_that_ask_again_at_once_make_way_too(service: Service, bus_url: str, topic: str) -> None:
    """An idle relay notices the end of its session within milliseconds and would be back in the lead."""
    event = noted_on(topic)

    def eager(stop: threading.Event) -> None:
        running = Relay(service.db, PostgresBus(bus_url), "/peiyu/test")
        while not stop.is_set():
            with suppress(psycopg.Error):
                running.run_once()
        running.close()

    with in_thread(eager), in_thread(eager):
        service.emit_many(event, 100)
        eventually(lambda: service.unsent() == 0)
        assert outbox.resend(service.db).topics == {topic: 100}
        eventually(lambda: service.unsent() == 0)


def test_while_events_are_marked_no_relay_sends(
    service: Service, bus_url: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interruption leaves the end of the outbox marked, never an old event without the newer ones of its key."""
    event = noted_on(topic)
    service.emit(event, {"key": list(range(6))})
    send_all(service, bus_url)
    other = Relay(service.db, PostgresBus(bus_url), "/peiyu/test")
    seen: list[list[int]] = []

    def interrupted(*_: object) -> None:
        assert other.run_once() == 0
        seen.append([number for (number,) in service.rows(UNSENT)])
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "beat", interrupted)
    with pytest.raises(KeyboardInterrupt):
        outbox.resend(service.db, portion=2)
    assert seen == [[4, 5], [2, 3, 4, 5]]
    assert other.run_once() == 4, "the lead is free again"
    other.close()


UNSENT = "SELECT (payload ->> 'number')::int FROM outbox WHERE sent_at IS NULL ORDER BY id"


def test_only_what_was_asked_for_is_sent_again_and_it_is_audited(service: Service, bus_url: str, topic: str) -> None:
    other = BusUnderTest("postgres", bus_url).topic()
    service.emit(noted_on(topic), {"key": [0, 1, 2]})
    service.emit(noted_on(other), {"key": [7]})
    send_all(service, bus_url)
    with service.db.transaction() as tx:
        tx.session.execute(text("UPDATE outbox SET sent_at = now() - interval '2 hours' WHERE id = 1"))
    since = clock.now() - HOUR

    assert outbox.would_resend(service.db, since).topics == {topic: 2, other: 1}
    assert service.unsent() == 0
    assert outbox.resend(service.db, since, topic=topic).topics == {topic: 2}
    assert [number for (number,) in service.rows(UNSENT)] == [1, 2]
    ((action, subject, details),) = service.rows(
        "SELECT action, subject, details FROM audit_log WHERE action = :a", a="outbox.resend"
    )
    assert (action, subject, details["topics"]) == ("outbox.resend", topic, {topic: 2})
    assert outbox.resend(service.db, since, topic=topic).topics == {}, "what waits already is not counted again"


def test_what_receivers_may_have_forgotten_is_not_sent_again(service: Service, bus_url: str, topic: str) -> None:
    """Sent again on the sixth day, an event stays in the outbox for another week; the inboxes know it two days more."""
    service.emit(noted_on(topic), {"key": [0, 1]})
    send_all(service, bus_url)
    with service.db.transaction() as tx:
        tx.session.execute(text("UPDATE outbox SET sent_at = now() - interval '6 days' WHERE id = 1"))
    assert outbox.resend(service.db).topics == {topic: 2}
    send_all(service, bus_url)
    with clock.frozen(clock.now() + dt.timedelta(days=2)):
        assert relay.purge(service.db, dt.timedelta(days=7)) == 0
        again = outbox.would_resend(service.db)
        assert (again.topics, again.too_old) == ({topic: 1}, 1)
        assert outbox.resend(service.db).topics == {topic: 1}
    assert [number for (number,) in service.rows(UNSENT)] == [1]


def test_a_moment_that_cannot_be_is_refused(service: Service) -> None:
    with pytest.raises(outbox.ResendFromTheFuture, match="在将来"):
        outbox.resend(service.db, clock.now() + HOUR)
    with pytest.raises(outbox.NoLongerKept, match="最早可以从"):
        outbox.resend(service.db, clock.now() - dt.timedelta(days=7, minutes=1))
    assert outbox.resend(service.db, clock.now() - dt.timedelta(days=8), retention=dt.timedelta(days=9)).topics == {}
