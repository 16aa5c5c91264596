"""Bus → handlers: inbox row and effects in one transaction, then the offset; poison is put aside, the rest flows."""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache, partial
from typing import Any, NamedTuple

import psycopg
from prometheus_client import Histogram
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from chassis import clock, context, dead_letters, logging, telemetry, tracing
from chassis.bus import (
    MIN_RETENTION,
    Bus,
    BusUnavailable,
    Envelope,
    Partition,
    PartitionsLost,
    Received,
    Subscriptions,
    Undecodable,
    decode,
)
from chassis.db import Database, Transaction
from chassis.errors import Unavailable
from chassis.worker import beat
from contracts.events.base import Event

BATCH = 500
TRIES = 5
BEAT_SECONDS = 5.0
PURGE_SECONDS = 3600.0


# One array instead of a row of parameters per event: twice as many events per second. Only what is known already comes
# back, by its place in the array from 1 on: as a rule nothing.
_REGISTER = text(
    """WITH given AS (SELECT * FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS u (event_id, place)),
            fresh AS (INSERT INTO inbox (consumer, event_id, received_at) SELECT :consumer, event_id, :now FROM given
                      ON CONFLICT DO NOTHING RETURNING event_id)
       SELECT place FROM (SELECT place, event_id, row_number() OVER (PARTITION BY event_id ORDER BY place) AS nth
                          FROM given) AS g
       WHERE nth > 1 OR event_id NOT IN (SELECT event_id FROM fresh)"""
)


@cache
def _seconds(service: str, group: str, kind: str) -> Histogram:
    """The series of one type. Looking for it among the labels again would cost as much as reading the event."""
    return telemetry.CONSUMER_SECONDS.labels(service, group, kind)


class _Delivery(NamedTuple):
    """A received message that concerns this consumer: an event to react to, or the reason why it cannot be read."""

    received: Received
    envelope: Envelope | None
    event: Event | None
    problem: str | None
    event_id: uuid.UUID

    @property
    def context(self) -> context.Context:
        """A new span on its thread of events: each attempt has its own."""
        if self.envelope is None:
            return context.from_headers(None, None)
        return context.from_headers(self.envelope.correlation_id, self.envelope.traceparent, event_id=self.event_id)

    @property
    def type(self) -> str:
        """The type as a label: one that this consumer knows, or the one word for what cannot be read."""
        return "unreadable" if self.envelope is None else self.envelope.type


_Done = tuple[str, _Delivery, context.Context]
"""(outcome, message, the span in which it was dealt with)"""


class _Stopping(Exception):
    """The process ends while a message is being tried again; it is delivered again to the next one."""


class Subscriber:
    """A member of one consumer group. Belongs to one thread.

    `counters`: received, handled, duplicates, skipped (types nobody here reacts to), retried, dead_lettered.
    `last_poll_at` and `lag` (messages per partition) are for metrics and the watchdog.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        consumer: str,
        subscriptions: Subscriptions,
        *,
        tries: int = TRIES,
        retry_seconds: float = 0.1,
        retention: dt.timedelta = MIN_RETENTION,
    ) -> None:
        self.name = f"consumer:{consumer}"
        self.counters: Counter[str] = Counter()
        self.last_poll_at: dt.datetime | None = None
        self.lag: dict[Partition, int] = {}
        self._db = db
        self._group = consumer
        self._subscriptions = subscriptions
        self._events = {event.type: event for event in subscriptions}
        self._tries = tries
        self._retry_seconds = retry_seconds
        self._retention = max(retention, MIN_RETENTION)
        self._system = bus.system
        self._log = logging.get_straight(__name__)
        self._consumer = bus.consumer(consumer, sorted({event.topic for event in subscriptions}))
        self._stop = threading.Event()
        self._beaten = self._purged = -PURGE_SECONDS

    def run_once(self, timeout: float = 1.0, limit: int = BATCH) -> int:
        """Poll once and act upon what came; how many messages. Raises what may pass: nothing is lost by it."""
        received = self._consumer.poll(timeout, limit)
        self.last_poll_at = clock.now()
        telemetry.CONSUMER_POLLED_AT.labels(context.service(), self._group).set(self.last_poll_at.timestamp())
        if received:
            self.counters["received"] += len(received)
            try:
                self._act_upon(self._of_concern(received))
            except BaseException:
                self._consumer.rewind()
                raise
            self._commit(wait=len(received) < limit)
        return len(received)

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set, then leave the group."""
        self._stop = stop
        failures = 0
        try:
            while not stop.is_set():
                try:
                    self._keep_house()
                    self.run_once()
                    failures = 0
                except _Stopping:
                    break
                except Exception as error:
                    failures += 1
                    logging.get(__name__).error(
                        "consumer failed", consumer=self._group, failures=failures, exc_info=error
                    )
                    stop.wait(min(0.25 * 2.0 ** min(failures, 6), 10.0))
        finally:
            self.close()

    def close(self) -> None:
        self._consumer.close()

    def _of_concern(self, received: Sequence[Received]) -> list[_Delivery]:
        deliveries = [self._read(message) for message in received]
        found = [delivery for delivery in deliveries if delivery is not None]
        self.counters["skipped"] += len(deliveries) - len(found)
        telemetry.CONSUMER_SKIPPED.labels(context.service(), self._group).inc(len(deliveries) - len(found))
        return found

    def _read(self, received: Received) -> _Delivery | None:
        try:
            envelope = decode(received)
        except Undecodable as error:
            place = f"{received.topic}/{received.partition}/{received.offset}"
            return _Delivery(received, None, None, str(error), uuid.uuid5(uuid.NAMESPACE_URL, place))
        kind = self._events.get(envelope.type)
        if kind is None:
            return None
        try:
            event, problem = dead_letters.read_event(kind, received.value), None
        except (ValidationError, RecursionError) as error:
            event, problem = None, f"{type(error).__name__}: {error}"
        return _Delivery(received, envelope, event, problem, envelope.event_id)

    def _act_upon(self, deliveries: Sequence[_Delivery]) -> None:
        if not deliveries:
            return
        try:
            self._in_one_transaction(deliveries)
        except Exception as error:
            if passing(error):
                raise
            # Somebody in there is poison. Each for itself: the sound ones go through, that one is found.
            for delivery in deliveries:
                self._with_patience(delivery)

    def _in_one_transaction(self, deliveries: Sequence[_Delivery]) -> None:
        done: list[_Done] = []
        with ExitStack() as spans, self._db.transaction(deliveries[0].context) as tx:
            known = self._register(tx, deliveries)
            for place, delivery in enumerate(deliveries):
                if place in known:
                    done.append(("duplicates", delivery, tx.context))
                    continue
                tx.context = delivery.context
                if delivery.event is None:
                    self._put_aside(tx, delivery, delivery.problem or "", attempts=1)
                    done.append(("dead_lettered", delivery, tx.context))
                else:
                    self._react(tx, delivery, delivery.event, spans)
                    done.append(("handled", delivery, tx.context))
        self._count(done)

    def _with_patience(self, delivery: _Delivery) -> None:
        """One message in its own transaction, tried several times, put aside in the end."""
        for attempt in range(1, self._tries + 1):
            try:
                self._in_one_transaction([delivery])
                return
            except Exception as error:
                if passing(error):
                    raise
                if attempt == self._tries:
                    reason = f"{type(error).__name__}: {error}"
                    break
            self.counters["retried"] += 1
            telemetry.CONSUMER_RETRIES.labels(context.service(), self._group).inc()
            if self._stop.wait(self._retry_seconds * 2.0 ** (attempt - 1)):
                raise _Stopping
        with self._db.transaction(delivery.context) as tx:
            if not self._register(tx, [delivery]):
                self._put_aside(tx, delivery, reason, attempts=self._tries)
        self._count([("dead_lettered", delivery, tx.context)])

    def _register(self, tx: Transaction, deliveries: Sequence[_Delivery]) -> set[int]:
        """Write the inbox rows; the places of the events this consumer had already, in the inbox or in `deliveries`."""
        ids = ",".join([delivery.event_id.hex for delivery in deliveries])
        given = {"consumer": self._group, "ids": f"{{{ids}}}", "now": clock.now()}
        return {place - 1 for place in tx.session.scalars(_REGISTER, given)}

    def _react(self, tx: Transaction, delivery: _Delivery, event: Event, spans: ExitStack) -> None:
        """Call the handlers. `spans` ends the message's span after the transaction: only then it is processed."""
        started = time.perf_counter()
        if tracing.on():
            span = self._begin(tx.context, delivery)
            tx.context = span.context
            spans.push(partial(_close, span))
        with context.using(tx.context):
            for handler in self._subscriptions[type(event)]:
                handler(tx, event)
        _seconds(context.service(), self._group, event.type).observe(time.perf_counter() - started)

    def _begin(self, here: context.Context, delivery: _Delivery) -> tracing.Span:
        received, envelope = delivery.received, delivery.envelope
        attributes: dict[str, str | int] = {
            "messaging.system": self._system,
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": received.topic,
            "messaging.destination.partition.id": str(received.partition),
            "messaging.consumer.group.name": self._group,
            "messaging.message.id": str(delivery.event_id),
        }
        if self._system == "kafka":
            attributes["messaging.kafka.offset"] = received.offset
        if envelope is not None:
            attributes |= {"cloudevents.event_type": envelope.type, "cloudevents.event_source": envelope.source}
        return tracing.begin(here, f"process {received.topic}", "consumer", attributes)

    def _count(self, done: Sequence[_Done]) -> None:
        """After the commit: count, and say what was handled in one line for each thread of events."""
        self.counters.update(Counter(outcome for outcome, _, _ in done))
        kinds = Counter((delivery.type, outcome) for outcome, delivery, _ in done)
        for (kind, outcome), number in kinds.items():
            telemetry.CONSUMER_EVENTS.labels(context.service(), self._group, kind, outcome).inc(number)
        threads: dict[str, tuple[context.Context, list[_Delivery]]] = {}
        for outcome, delivery, here in done:
            if outcome == "handled":
                threads.setdefault(here.correlation_id, (here, []))[1].append(delivery)
        for here, told in threads.values():
            with context.using(here):
                one = {"event_id": str(told[0].event_id)} if len(told) == 1 else {}
                types = sorted({delivery.type for delivery in told})
                self._log.info("events handled", consumer=self._group, count=len(told), types=types, **one)

    def _put_aside(self, tx: Transaction, delivery: _Delivery, reason: str, attempts: int) -> None:
        number = dead_letters.keep(tx, self._group, delivery.received, delivery.envelope, reason, attempts)
        logging.get(__name__).error(
            "message put aside",
            consumer=self._group,
            dead_letter=number,
            event_id=str(delivery.event_id),
            reason=reason,
        )

    def _commit(self, wait: bool) -> None:
        try:
            self._consumer.commit(wait)
        except (PartitionsLost, BusUnavailable) as error:
            # The effects are in the database; what is delivered again is known to the inbox.
            logging.get(__name__).warning("offsets not committed", consumer=self._group, reason=str(error))

    def _keep_house(self) -> None:
        now = time.monotonic()
        if now - self._beaten >= BEAT_SECONDS:
            details: dict[str, Any] = {**self.counters}
            try:
                self._measure_lag(self._consumer.lag())
                details |= {"lag": sum(self.lag.values()), "partitions": len(self.lag)}
            except BusUnavailable as error:
                details["bus"] = str(error)  # the loop lives all the same
            beat(self._db, self.name, details)
            self._beaten = now
        if now - self._purged >= PURGE_SECONDS:
            purge(self._db, self._group, self._retention)
            self._purged = now

    def _measure_lag(self, lag: dict[Partition, int]) -> None:
        """A partition that went to another member is that member's to report."""
        own = (context.service(), self._group)
        for topic, partition in set(self.lag) - set(lag):
            telemetry.CONSUMER_LAG.remove(*own, topic, str(partition))
        for (topic, partition), messages in lag.items():
            telemetry.CONSUMER_LAG.labels(*own, topic, str(partition)).set(messages)
        self.lag = lag


def _close(span: tracing.Span, kind: type[BaseException] | None, *_: object) -> None:
    """Of a batch that was rolled back every span says so, its own fault or not."""
    if kind is not None:
        span.fail(kind.__qualname__)
    span.end()


def purge(db: Database, consumer: str, retention: dt.timedelta) -> int:
    """Forget the events a consumer received longer ago than `retention`; how many."""
    with db.transaction(timeout_seconds=600) as tx:
        result = tx.session.execute(
            text("DELETE FROM inbox WHERE consumer = :consumer AND received_at < :before"),
            {"consumer": consumer, "before": clock.now() - retention},
        )
    deleted: int = result.rowcount  # type: ignore[attr-defined]
    return deleted


def passing(error: BaseException) -> bool:
    """Whether the cause lies outside the message and trying later may help; such an error never makes it poison.

    A statement that runs into its timeout is not passing: the same message would hold up its partition for ever.
    """
    if isinstance(error, (Unavailable, PoolTimeout)):
        return True
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or passing(error.orig) if error.orig else False
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
    # connection, rollback (deadlock, serialization), resources, operator, system; lock and transaction timeouts;
    # a server that has just become read-only
    return error.sqlstate.startswith(("08", "40", "53", "57P", "58", "55P03", "25P03", "25P04", "25006"))
