"""What the conformance tests have in common: buses to test, a service to test them with, bounded waiting."""

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

import psycopg
from sqlalchemy import text

from chassis.bus import Bus, BusUnavailable, Consumer, Message, Producer, Received, TopicSpec, open_bus
from chassis.bus_postgres import PostgresBus
from chassis.consumer import Subscriber
from chassis.db import Database, Transaction, libpq_url
from chassis.plumbing import Plumbing
from contracts.events.base import Event
from tests.support.kafka.broker import Broker

T = TypeVar("T")

MEMBER_TIMEOUT = 2.0
"""Seconds after which a silent member is put out of its group; short, so that takeovers are seen."""


def eventually(look: Callable[[], T], within: float = 120.0, every: float = 0.02) -> T:
    """The first truthy answer of `look`; fails when none has come within the seconds given."""
    deadline = time.monotonic() + within
    while True:
        answer = look()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within} s; last seen: {answer!r}"
        time.sleep(every)


def take(consumer: Consumer, count: int, within: float = 30.0, limit: int = 500) -> list[Received]:
    """Poll until `count` messages have come; commits nothing."""
    found: list[Received] = []
    deadline = time.monotonic() + within
    while len(found) < count:
        assert time.monotonic() < deadline, f"{len(found)} of {count} messages within {within} s"
        found += consumer.poll(0.2, limit)
    return found


def nothing_comes(consumer: Consumer, seconds: float = 1.5) -> bool:
    """Whether polling for so long gives nothing: the only proof of absence there is."""
    return consumer.poll(seconds, 500) == []


def messages(topic: str, count: int, keys: int = 5) -> list[Message]:
    """Numbered messages of a few keys: `value` is the number within the key."""
    return [Message(topic, f"key-{n % keys}", str(n // keys).encode(), (("n", str(n).encode()),)) for n in range(count)]


def publish(bus: Bus, batch: Sequence[Message]) -> None:
    producer = bus.producer()
    try:
        assert producer.publish(batch) == [None] * len(batch)
    finally:
        producer.close()


def by_key(received: Sequence[Received]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for message in received:
        found.setdefault(message.key, []).append(int(message.value))
    return found


@dataclass
class BusUnderTest:
    """One implementation, its address, and fresh topics on it."""

    kind: Literal["postgres", "kafka"]
    url: str
    broker: Broker | None = None

    def open(self) -> Bus:
        if self.kind == "postgres":
            return PostgresBus(self.url, member_timeout=MEMBER_TIMEOUT)
        return open_bus(self.url)

    def topic(self, partitions: int = 4) -> str:
        name = f"test.{uuid.uuid4().hex[:12]}"
        self.open().apply_topics([TopicSpec(name, partitions)])
        return name


class Noted(Event):
    """A thing of which there is one more."""

    type: ClassVar[str] = "test.noted.v1"
    keyed_by: ClassVar[str] = "subject"

    subject: str
    number: int


def noted_on(on_topic: str) -> type[Noted]:
    """The event class on a topic of its own."""

    class NotedThere(Noted):
        topic: ClassVar[str] = on_topic

    return NotedThere


EFFECTS = """
CREATE TABLE effects (
    id bigint GENERATED ALWAYS AS IDENTITY, consumer text, subject text, number integer, correlation_id text);
"""


@dataclass
class Service:
    """A service's database with the chassis' tables, an outbox to write to and effects to count."""

    db: Database

    @classmethod
    def on(cls, db: Database) -> "Service":
        Plumbing.metadata.create_all(db.engine)
        with db.transaction() as tx:
            tx.session.execute(text(EFFECTS))
        return cls(db)

    @property
    def libpq_url(self) -> str:
        return libpq_url(self.db.url)

    def emit(self, event: type[Noted], numbers: Mapping[str, Sequence[int]]) -> None:
        """Each event in a transaction of its own, keys interleaved, numbers of a key in order."""
        for place in range(max(len(each) for each in numbers.values())):
            for subject, each in numbers.items():
                if place < len(each):
                    with self.db.transaction() as tx:
                        tx.emit(event(subject=subject, number=each[place]))

    def emit_many(self, event: type[Noted], count: int, keys: int = 20) -> None:
        """In one transaction: `count` events, numbered within their keys."""
        with self.db.transaction() as tx:
            for n in range(count):
                tx.emit(event(subject=f"key-{n % keys}", number=n // keys))

    def unsent(self) -> int:
        return int(self.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL"))

    def effects(self, consumer: str = "reader") -> dict[str, list[int]]:
        """subject → numbers, in the order in which they took effect."""
        found: dict[str, list[int]] = {}
        for subject, number in self.rows(
            "SELECT subject, number FROM effects WHERE consumer = :consumer ORDER BY id", consumer=consumer
        ):
            found.setdefault(subject, []).append(number)
        return found

    def value(self, query: str, **parameters: object) -> object:
        return self.rows(query, **parameters)[0][0]

    def rows(self, query: str, **parameters: object) -> list[tuple]:
        with self.db.transaction() as tx:
            return [tuple(row) for row in tx.session.execute(text(query), parameters)]


def write_effect(tx: Transaction, event: Noted, consumer: str = "reader") -> None:
    """The handler of most tests: one row per event, which nothing but the inbox keeps unique."""
    tx.session.execute(
        text("INSERT INTO effects (consumer, subject, number, correlation_id) VALUES (:c, :s, :n, :x)"),
        {"c": consumer, "s": event.subject, "n": event.number, "x": tx.context.correlation_id},
    )


def drain(subscriber: Subscriber, until: Callable[[], bool], within: float = 60.0) -> None:
    """Let a subscriber work until `until` holds; an unavailable bus or database is what it must live with."""

    def step() -> bool:
        try:
            subscriber.run_once(timeout=0.2)
        except BusUnavailable:
            return False
        return until()

    eventually(step, within, every=0)


@contextmanager
def in_thread(run: Callable[[threading.Event], None]) -> Iterator[threading.Event]:
    """`run(stop)` in a thread, stopped and joined at the end; what it raises fails the test."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def body() -> None:
        try:
            run(stop)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive(), "the thread did not end within 30 s of being asked to"
    assert not failures, failures


class FaultyBus:
    """F8: a bus whose producer says 'failed' for a share of the messages, half of which did arrive all the same."""

    def __init__(self, bus: Bus, share: float, seed: int) -> None:
        self._bus = bus
        self._share = share
        self._random = random.Random(seed)
        self.failed = 0

    def producer(self) -> Producer:
        return _FaultyProducer(self, self._bus.producer())

    def __getattr__(self, name: str) -> object:
        return getattr(self._bus, name)


class _FaultyProducer:
    atomic = False

    def __init__(self, faults: FaultyBus, producer: Producer) -> None:
        self._faults = faults
        self._producer = producer

    def publish(self, batch: Sequence[Message]) -> list[Exception | None]:
        draw, share = self._faults._random.random, self._faults._share
        fates = ["well" if draw() >= share else "lost" if draw() < 0.5 else "unconfirmed" for _ in batch]
        going = [message for message, fate in zip(batch, fates, strict=True) if fate != "lost"]
        outcomes = iter(self._producer.publish(going) if going else [])
        self._faults.failed += len(batch) - fates.count("well")
        return [
            BusUnavailable("lost")
            if fate == "lost"
            else next(outcomes) or (BusUnavailable("?") if fate != "well" else None)
            for fate in fates
        ]

    def close(self) -> None:
        self._producer.close()


def end_sessions(url: str, application: str) -> int:
    """Cut the connections of an application off, as a failing network or server does; how many."""
    with psycopg.connect(url, autocommit=True) as connection:
        ended = connection.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = %s AND datname = current_database()""",
            (application,),
        )
        return len(ended.fetchall())
