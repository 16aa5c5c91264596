"""Outbox → bus: one relay per service database publishes what is visible and unsent, asks every outcome, marks it sent.

Nothing is remembered but "sent", so a row that commits late is simply published late. The advisory lock, the reading
and the marking share one session: a relay that has lost its lock cannot mark anything.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import psycopg
from psycopg.rows import class_row
from sqlalchemy import text

from chassis import clock, connections, context, logging, telemetry, tracing
from chassis.bus import MIN_RETENTION, Bus, Envelope, Message, MessageRejected, Producer, encode, refusal
from chassis.connections import Connection
from chassis.db import OUTBOX_CHANNEL, Database, libpq_url
from chassis.worker import STALE_SECONDS, beat

BATCH = 500
IDLE_SECONDS = 1.0
"""Fallback when a NOTIFY was missed; also how soon a second process takes over from one that died."""

MAX_BLOCKED = 50_000
"""Failing keys remembered at most; beyond it the next ones are simply tried again with each batch."""

BEAT_SECONDS = 5.0
PURGE_SECONDS = 3600.0
_LOCK = "hashtextextended('relay', 7)"
_HOLDS = f"""l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
              AND (l.classid::bigint << 32) | l.objid::bigint = {_LOCK}
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""  # noqa: S608 - constants
"""Of pg_locks l: the row of the session that leads."""

Lane = tuple[str, str]
"""(topic, key): what keeps its order"""


@dataclass(frozen=True, slots=True)
class Unsent:
    """An outbox row as it goes on the bus; the payload is JSON text exactly as it is stored."""

    id: int
    event_id: str
    topic: str
    type: str
    key: str
    subject: str
    payload: str
    headers: dict[str, str | None]
    occurred_at: dt.datetime

    @property
    def lane(self) -> Lane:
        return (self.topic, self.key)

    @property
    def context(self) -> context.Context:
        """A span of its own on the thread of events on which it was decided."""
        return context.from_headers(self.headers.get("correlation_id"), self.headers.get("traceparent"))

    def message(self, source: str, traceparent: str | None) -> Message:
        envelope = Envelope(
            id=self.event_id,
            type=self.type,
            source=source,
            subject=self.subject,
            time=self.occurred_at,
            correlation_id=self.headers.get("correlation_id"),
            traceparent=traceparent,
        )
        return encode(self.topic, self.key, envelope, self.payload.encode())


class Relay:
    """Belongs to one thread. `counters`: sent, unavailable, rejected."""

    name = "relay"

    def __init__(
        self,
        db: Database,
        bus: Bus,
        source: str,
        *,
        retention: dt.timedelta = MIN_RETENTION,
        stale_seconds: float = STALE_SECONDS,
    ) -> None:
        """`source` is the CloudEvents source of this service's events, for example `/peiyu/registry`.

        `stale_seconds`: without a beat for so long, a leading relay is taken for frozen and replaced.
        """
        self._db = db
        self._bus = bus
        self._source = source
        self._stale_seconds = stale_seconds
        self._retention = max(retention, MIN_RETENTION)
        self._producer: Producer = bus.producer()
        self._session: Connection | None = None
        self._leads = False
        self._blocked: dict[Lane, _Block] = {}
        self._beaten = self._purged = -PURGE_SECONDS
        self.counters: Counter[str] = Counter()
        self.starved = False
        self._more = self._retrying_well = False
        self._log = logging.get_straight(__name__)

    def run_once(self, limit: int = BATCH) -> int:
        """Publish up to `limit` rows and mark those that arrived; how many. 0 also when another relay leads.

        `starved` is true afterwards when the bus took nothing of what there was.
        """
        self.starved = self._more = False
        session = self._leading()
        if session is None:
            return 0
        sent: dict[int, context.Context | None] = {}
        failed: dict[Lane, Exception] = {}
        due = self._due(limit if self._retrying_well else max(limit // 10, 1))
        again = self._again(session, due, limit) if due else []
        fresh = self._fresh(session, limit)
        rows = [*fresh, *again]
        for wave in [rows] if self._producer.atomic else _waves(rows):
            self._publish(wave, sent, failed)
        if sent:
            session.execute("UPDATE outbox SET sent_at = %s WHERE id = ANY(%s)", (clock.now(), list(sent)))
            self._count("sent", len(sent))
            self._tell(rows, sent)
        well = {row.lane for row in rows} - set(failed)
        self._retrying_well = any(row.lane in well for row in again)
        self._more = len(fresh) == limit or self._retrying_well
        self._block(failed, well | (due - {row.lane for row in again} if len(again) < limit else set()), bool(sent))
        self.starved = bool(failed) and not sent
        return len(sent)

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set."""
        failures = 0
        try:
            while not stop.is_set():
                try:
                    self.run_once()
                    self._keep_house()
                    failures = failures + 1 if self.starved else 0
                except Exception as error:
                    failures += 1
                    self._let_go()
                    logging.get(__name__).error("relay failed", failures=failures, exc_info=error)
                if failures:
                    stop.wait(min(0.25 * 2.0 ** min(failures, 6), 5.0))
                elif not self._more:
                    self._sleep(stop)
        finally:
            self.close()

    def close(self) -> None:
        self._producer.close()
        self._let_go()

    def _publish(
        self, rows: Sequence[Unsent], sent: dict[int, context.Context | None], failed: dict[Lane, Exception]
    ) -> None:
        """Publish rows and sort them into `sent` (with their spans, where these are recorded) and `failed`.

        None overtakes an earlier one of its key that failed.
        """
        going: list[tuple[Unsent, Message, tracing.Span | None]] = []
        for row in rows:
            if row.lane in failed:
                continue
            span = self._begin(row) if tracing.on() else None
            message = row.message(self._source, span.context.traceparent if span else row.headers.get("traceparent"))
            if (why := refusal(message)) is not None:
                _end(span, why)
                self._fail(row, why, failed)
            else:
                going.append((row, message, span))
        if not going:
            return
        with telemetry.RELAY_SECONDS.labels(context.service()).time():
            outcomes = self._producer.publish([message for _, message, _ in going])
        fell: set[Lane] = set()
        for (row, _, span), outcome in zip(going, outcomes, strict=True):
            _end(span, outcome)
            if outcome is not None:
                fell.add(row.lane)
                self._fail(row, outcome, failed)
            elif row.lane not in fell:
                sent[row.id] = span.context if span else None

    def _begin(self, row: Unsent) -> tracing.Span:
        """The publishing of one row: a later part, in another process, of the trace in which it was decided."""
        attributes = {
            "messaging.system": self._bus.system,
            "messaging.operation.name": "send",
            "messaging.operation.type": "send",
            "messaging.destination.name": row.topic,
            "messaging.message.id": row.event_id,
            "cloudevents.event_type": row.type,
        }
        return tracing.begin(row.context, f"send {row.topic}", "producer", attributes)

    def _tell(self, rows: Sequence[Unsent], sent: Mapping[int, context.Context | None]) -> None:
        """One line for each thread of events in the batch, however many events an import has."""
        delay = telemetry.RELAY_DELAY_SECONDS.labels(context.service())
        moment = clock.now()
        threads: dict[str | None, list[Unsent]] = {}
        for row in rows:
            if row.id in sent:
                delay.observe(max(0.0, (moment - row.occurred_at).total_seconds()))
                threads.setdefault(row.headers.get("correlation_id"), []).append(row)
        for told in threads.values():
            with context.using(sent[told[0].id] or told[0].context):
                one = {"event_id": told[0].event_id} if len(told) == 1 else {}
                self._log.info("events published", count=len(told), types=sorted({row.type for row in told}), **one)

    def _count(self, outcome: str, number: int = 1) -> None:
        self.counters[outcome] += number
        telemetry.RELAY_EVENTS.labels(context.service(), outcome).inc(number)

    def _due(self, count: int) -> set[Lane]:
        """Up to `count` keys that failed and whose pause is over, the longest waiting first."""
        now = time.monotonic()
        over = sorted((block.until, lane) for lane, block in self._blocked.items() if block.until <= now)
        return {lane for _, lane in over[:count]}

    def _fresh(self, session: Connection, limit: int) -> list[Unsent]:
        """The first rows of keys that are not failing: however many fail before them, they are read past."""
        return self._select(session, "NOT IN", self._blocked, limit)

    def _again(self, session: Connection, due: Collection[Lane], limit: int) -> list[Unsent]:
        return self._select(session, "IN", due, limit)

    def _select(
        self, session: Connection, which: Literal["IN", "NOT IN"], lanes: Collection[Lane], limit: int
    ) -> list[Unsent]:
        with session.cursor(row_factory=class_row(Unsent)) as cursor:
            return cursor.execute(
                f"""SELECT id, event_id::text, topic, type, key, subject, payload::text, headers, occurred_at
                   FROM outbox
                   WHERE sent_at IS NULL AND (topic, key) {which} (SELECT * FROM unnest(%s::text[], %s::text[]))
                   ORDER BY id LIMIT %s""".encode(),  # noqa: S608 - constants
                ([topic for topic, _ in lanes], [key for _, key in lanes], limit),
            ).fetchall()

    def _fail(self, row: Unsent, outcome: Exception, failed: dict[Lane, Exception]) -> None:
        failed.setdefault(row.lane, outcome)
        rejected = isinstance(outcome, MessageRejected)
        self._count("rejected" if rejected else "unavailable")
        if rejected:
            logging.get(__name__).error(
                "event rejected by the bus", event_id=row.event_id, type=row.type, reason=str(outcome)
            )

    def _block(self, failed: dict[Lane, Exception], well: set[Lane], anything_sent: bool) -> None:
        """Pause the keys that failed, so that they cannot hold up the others.

        When nothing at all was taken it may be the bus, not the keys: then the pause stays short.
        """
        now = time.monotonic()
        for lane in well:
            self._blocked.pop(lane, None)
        for lane, outcome in failed.items():
            known = self._blocked.get(lane)
            if known is None and len(self._blocked) >= MAX_BLOCKED:
                continue
            tries = known.tries + 1 if known else 0
            longest = 60.0 if anything_sent or isinstance(outcome, MessageRejected) else 5.0
            until = now + min(0.25 * 2.0 ** min(tries, 8), longest)
            self._blocked[lane] = _Block(tries, until, isinstance(outcome, MessageRejected))
        telemetry.RELAY_BLOCKED_KEYS.labels(context.service()).set(len(self._blocked))
        if self._retrying_well:  # what was away is back: whoever waited for it need not wait longer
            for lane, block in self._blocked.items():
                if lane not in failed and not block.rejected:
                    self._blocked[lane] = replace(block, until=now)

    def _leading(self) -> Connection | None:
        """The session that holds this database's relay lock, or None while another process has it."""
        if self._session is None or self._session.closed:
            self._leads = False
            self._session = connections.connect(libpq_url(self._db.url), "peiyu relay", statement_seconds=30)
        if not self._leads:
            if self._session.execute(f"SELECT pg_try_advisory_lock({_LOCK})".encode()).fetchone() != (True,):
                _end_frozen_leader(self._session, self._stale_seconds)
                return None
            self._session.execute(f"LISTEN {OUTBOX_CHANNEL}".encode())
            self._leads = True
            self._beaten = -BEAT_SECONDS
        return self._session

    def _let_go(self) -> None:
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.close()
        self._session, self._leads = None, False

    def _sleep(self, stop: threading.Event) -> None:
        """Until somebody has written to the outbox, or it is time to look anyway."""
        if self._session is None or not self._leads:
            stop.wait(IDLE_SECONDS)
            return
        deadline = time.monotonic() + IDLE_SECONDS
        with suppress(psycopg.Error):  # the next round says that the session is gone
            while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
                # Read to the end: the generator drops what arrived with the first and was not taken.
                if list(self._session.notifies(timeout=min(left, 0.25), stop_after=1)):
                    return

    def _keep_house(self) -> None:
        """The leader says that it lives, and throws away what was sent long ago, here and on the bus."""
        if not self._leads:
            return
        now = time.monotonic()
        if now - self._beaten >= BEAT_SECONDS:
            beat(self._db, self.name, {**self.counters, "blocked_keys": len(self._blocked)})
            self._beaten = now
        if now - self._purged >= PURGE_SECONDS:
            self._purged = now
            purge(self._db, self._retention)
            self._bus.purge()


@dataclass(frozen=True, slots=True)
class _Block:
    tries: int
    until: float
    rejected: bool


def _end(span: tracing.Span | None, outcome: Exception | None) -> None:
    if span is not None:
        if outcome is not None:
            span.fail(type(outcome).__qualname__)
        span.end()


def purge(db: Database, retention: dt.timedelta) -> int:
    """Delete rows sent longer ago than `retention`; how many."""
    deleted = 0
    while True:
        with db.transaction() as tx:
            result = tx.session.execute(
                text(
                    """DELETE FROM outbox WHERE id IN (
                         SELECT id FROM outbox WHERE sent_at < :before ORDER BY id LIMIT 10000)"""
                ),
                {"before": clock.now() - retention},
            )
        count: int = result.rowcount  # type: ignore[attr-defined]
        deleted += count
        if count < 10000:
            return deleted


def _waves(rows: Sequence[Unsent]) -> list[list[Unsent]]:
    """The first row of each key, then the second of each, …: within a wave no order can be broken."""
    seen: Counter[Lane] = Counter()
    waves: list[list[Unsent]] = []
    for row in rows:
        if seen[row.lane] == len(waves):
            waves.append([])
        waves[seen[row.lane]].append(row)
        seen[row.lane] += 1
    return waves


def lead_instead(session: Connection, other: Connection) -> bool:
    """Take the lead away from whatever relay has it, for as long as `session` lives; False when it cannot be had.

    `session` queues for the lock while `other` ends the one that holds it: a relay that only asked again after its end
    would be back sooner. One whose session was ended marks nothing any more, and sends what it had in hand again when
    it is let in.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        queued = pool.submit(session.execute, f"SELECT pg_advisory_lock({_LOCK})".encode())
        while not wait([queued], timeout=0.05).done:
            other.execute(
                f"SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE {_HOLDS} AND l.pid <> %s".encode(),  # noqa: S608 - constants
                (session.info.backend_pid,),
            )
        try:
            queued.result()
        except psycopg.errors.QueryCanceled:
            return False
        return True


def _end_frozen_leader(session: Connection, stale_seconds: float) -> None:
    """A leader that has not beaten for a minute is frozen or cut off: end its session, and with it its lock."""
    session.execute(
        f"""SELECT pg_terminate_backend(l.pid)
            FROM pg_locks l JOIN pg_stat_activity a USING (pid), heartbeats h
            WHERE {_HOLDS}
              AND h.name = '{Relay.name}' AND h.beat_at < now() - make_interval(secs => %(stale)s)
              AND a.backend_start < now() - make_interval(secs => %(stale)s)""".encode(),  # noqa: S608 - constants
        {"stale": stale_seconds},
    )
