"""The one session that reads a database's outbox and marks what was sent: it holds the lock of the leading relay.

Lock, reading and marking share it, so that a relay which has lost its lock cannot mark anything.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Event
from typing import Literal, NamedTuple

import psycopg

from chassis import clock, connections, context
from chassis.bus import Envelope, Message, encode
from chassis.connections import Connection
from chassis.db import OUTBOX_CHANNEL, Database, libpq_url

IDLE_SECONDS = 1.0
"""Fallback when a NOTIFY was missed; also how soon a second process takes over from one that died."""

RELAY = "relay"
"""The heartbeat of whoever leads."""

_LOCK = "hashtextextended('relay', 7)"
_HOLDS = f"""l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
              AND (l.classid::bigint << 32) | l.objid::bigint = {_LOCK}
              AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""  # noqa: S608 - constants
"""Of pg_locks l: the row of the session that leads."""

Lane = tuple[str, str]
"""(topic, key): what keeps its order"""


class Unsent(NamedTuple):
    """An outbox row as it goes on the bus; the payload is JSON text exactly as it is stored."""

    id: int
    event_id: str
    topic: str
    type: str
    key: str
    subject: str
    payload: str
    correlation_id: str | None
    traceparent: str | None
    occurred_at: dt.datetime

    @property
    def lane(self) -> Lane:
        return (self.topic, self.key)

    @property
    def context(self) -> context.Context:
        """A span of its own on the thread of events on which it was decided."""
        return context.from_headers(self.correlation_id, self.traceparent)

    def message(self, source: str, traceparent: str | None) -> Message:
        envelope = Envelope(
            id=self.event_id,
            type=self.type,
            source=source,
            subject=self.subject,
            time=self.occurred_at,
            correlation_id=self.correlation_id,
            traceparent=traceparent,
        )
        return encode(self.topic, self.key, envelope, self.payload.encode())


UNSENT = """SELECT id, event_id::text, topic, type, key, subject, payload::text, headers ->> 'correlation_id',
                   headers ->> 'traceparent', occurred_at
            FROM outbox WHERE sent_at IS NULL"""


class Lead:
    """Belongs to one thread, but for what it does beside it.

    A long outbox is read on, and what was sent before is marked, while the bus takes what is in hand: whoever publishes
    waits for the database once and not twice for each batch. What is marked late is sent again after a crash.
    """

    def __init__(self, db: Database, stale_seconds: float) -> None:
        """`stale_seconds`: without a beat for so long, a leading relay is taken for frozen and replaced."""
        self._db = db
        self._stale_seconds = stale_seconds
        self._session: Connection | None = None
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._reading: Future[list[Unsent]] | None = None
        self._sent: list[int] = []
        self.held = False

    def take(self) -> bool:
        """Whether the lead is ours; asks for it when it is not."""
        if self._session is None or self._session.closed:
            self.let_go()
            self._session = connections.connect(libpq_url(self._db.url), "peiyu relay", statement_seconds=30)
        if not self.held:
            if self._session.execute(f"SELECT pg_try_advisory_lock({_LOCK})".encode()).fetchone() != (True,):
                _end_frozen_leader(self._session, self._stale_seconds)
                return False
            self._session.execute(f"LISTEN {OUTBOX_CHANNEL}".encode())
            self.held = True
        return True

    def fresh(self, but: Collection[Lane], limit: int) -> list[Unsent]:
        """The first rows of other lanes than these: however many there are of these, they are read past."""
        reading, self._reading = self._reading, None
        found = reading.result() if reading is not None else []
        if found and not any(row.lane in but for row in found):
            return found[:limit]
        self._mark_now()
        return self._read("NOT IN", but, (), limit)

    def again(self, lanes: Collection[Lane], limit: int) -> list[Unsent]:
        """The first rows of these lanes."""
        self._mark_now()
        return self._read("IN", lanes, (), limit)

    def read_on(self, in_hand: Sequence[Unsent], limit: int) -> None:
        """Begin to mark what was sent before and to read what comes after the rows in hand."""
        ids = [row.id for row in in_hand]

        def work() -> list[Unsent]:
            self._mark_now()
            return self._read("NOT IN", (), ids, limit)

        self._reading = self._beside.submit(work)

    def mark(self, ids: Collection[int]) -> None:
        """These were sent. When more has been read meanwhile, they are marked together with the next reading."""
        more = self._reading is not None and bool(self._reading.result())
        self._sent += ids
        if not more:
            self._mark_now()

    def wait(self, stop: Event) -> None:
        """Until somebody has written to the outbox, or it is time to look anyway."""
        if self._session is None or not self.held:
            stop.wait(IDLE_SECONDS)
            return
        deadline = time.monotonic() + IDLE_SECONDS
        with suppress(psycopg.Error):  # the next round says that the session is gone
            while not stop.is_set() and (left := deadline - time.monotonic()) > 0:
                # Read to the end: the generator drops what arrived with the first and was not taken.
                if list(self._session.notifies(timeout=min(left, 0.25), stop_after=1)):
                    return

    def let_go(self) -> None:
        """End the session and with it the lead. What is not marked yet is sent again by whoever leads next."""
        if self._reading is not None:
            wait([self._reading])
        if self._session is not None:
            with suppress(psycopg.Error):
                self._session.close()
        self._session, self._reading, self._sent, self.held = None, None, [], False

    def close(self) -> None:
        """Let go in peace: what was sent is marked first."""
        with suppress(psycopg.Error):
            if self._reading is not None:
                self._reading.result()
            if self._session is not None and not self._session.closed:
                self._mark_now()
        self.let_go()
        self._beside.shutdown()

    def _read(
        self, which: Literal["IN", "NOT IN"], lanes: Collection[Lane], without: Sequence[int], limit: int
    ) -> list[Unsent]:
        assert self._session is not None, "take() the lead first"
        with self._session.cursor(row_factory=lambda _: Unsent._make) as cursor:
            return cursor.execute(
                f"""{UNSENT} AND id NOT IN (SELECT unnest(%s::bigint[]))
                      AND (topic, key) {which} (SELECT * FROM unnest(%s::text[], %s::text[]))
                    ORDER BY id LIMIT %s""".encode(),  # noqa: S608 - constants
                (list(without), [topic for topic, _ in lanes], [key for _, key in lanes], limit),
            ).fetchall()

    def _mark_now(self) -> None:
        if self._sent:
            assert self._session is not None, "take() the lead first"
            sent, self._sent = self._sent, []
            self._session.execute("UPDATE outbox SET sent_at = %s WHERE id = ANY(%s)", (clock.now(), sent))


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
              AND h.name = '{RELAY}' AND h.beat_at < now() - make_interval(secs => %(stale)s)
              AND a.backend_start < now() - make_interval(secs => %(stale)s)""".encode(),  # noqa: S608 - constants
        {"stale": stale_seconds},
    )
