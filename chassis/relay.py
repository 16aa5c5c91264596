"""Outbox → bus: one relay per service database publishes what is visible and unsent, asks every outcome, marks it sent.

Nothing is remembered but "sent", so a row that commits late is simply published late.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import text

from chassis import clock, context, logging, telemetry, tracing
from chassis.bus import MIN_RETENTION, Bus, Message, MessageRejected, Producer, refusal
from chassis.db import Database
from chassis.outbox_lead import RELAY, Lane, Lead, Unsent
from chassis.worker import STALE_SECONDS, beat

BATCH = 500
MAX_BLOCKED = 50_000
"""Failing keys remembered at most; beyond it the next ones are simply tried again with each batch."""

BEAT_SECONDS = 5.0
PURGE_SECONDS = 3600.0


class Relay:
    """Belongs to one thread. `counters`: sent, unavailable, rejected."""

    name = RELAY

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
        self._retention = max(retention, MIN_RETENTION)
        self._producer: Producer = bus.producer()
        self._lead = Lead(db, stale_seconds)
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
        if not self._lead.held:
            self._beaten = -BEAT_SECONDS
        if not self._lead.take():
            return 0
        sent: dict[int, context.Context | None] = {}
        failed: dict[Lane, Exception] = {}
        due = self._due(limit if self._retrying_well else max(limit // 10, 1))
        again = self._lead.again(due, limit) if due else []
        fresh = self._lead.fresh(self._blocked, limit)
        rows = [*fresh, *again]
        if len(fresh) == limit and not self._blocked:
            self._lead.read_on(rows, limit)
        for wave in [rows] if self._producer.atomic else _waves(rows):
            self._publish(wave, sent, failed)
        if sent:
            self._lead.mark(sent)
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
                    self._lead.let_go()
                    logging.get(__name__).error("relay failed", failures=failures, exc_info=error)
                if failures:
                    stop.wait(min(0.25 * 2.0 ** min(failures, 6), 5.0))
                elif not self._more:
                    self._lead.wait(stop)
        finally:
            self.close()

    def close(self) -> None:
        self._producer.close()
        self._lead.close()

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
            message = row.message(self._source, span.context.traceparent if span else row.traceparent)
            # A producer that takes them one by one refuses by itself; the others must not get what comes after it.
            if self._producer.atomic and (why := refusal(message)) is not None:
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
                threads.setdefault(row.correlation_id, []).append(row)
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

    def _keep_house(self) -> None:
        """The leader says that it lives, and throws away what was sent long ago, here and on the bus."""
        if not self._lead.held:
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
