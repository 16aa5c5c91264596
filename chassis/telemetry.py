"""Prometheus metrics that every service gives: what its process counts, and what stands in its database.

Labels have few values: services, routes, event types, job kinds. Never an enterprise, a person or a client.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from chassis import logging
from chassis.inquiry import Inquiry

if TYPE_CHECKING:
    from chassis.db import Database

_WORK_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG_SECONDS = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)

HTTP_REQUESTS = Counter("peiyu_http_requests_total", "Requests answered.", ["service", "method", "route", "status"])
HTTP_SECONDS = Histogram(
    "peiyu_http_request_seconds",
    "Time from the request's first byte to the answer's last.",
    ["service", "method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

RELAY_EVENTS = Counter(
    "peiyu_relay_events_total",
    "Events handed to the bus: sent, unavailable (tried again), rejected (never taken as they are).",
    ["service", "outcome"],
)
RELAY_SECONDS = Histogram(
    "peiyu_relay_publish_seconds", "Time the bus took for a batch.", ["service"], buckets=_WORK_SECONDS
)
RELAY_DELAY_SECONDS = Histogram(
    "peiyu_relay_delay_seconds",
    "Time from an event's decision to its being on the bus.",
    ["service"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 3600),
)
RELAY_BLOCKED_KEYS = Gauge("peiyu_relay_blocked_keys", "Keys whose events the bus does not take.", ["service"])

CONSUMER_EVENTS = Counter(
    "peiyu_consumer_events_total",
    "Messages dealt with: handled, duplicates (known to the inbox), dead_lettered.",
    ["service", "group", "type", "outcome"],
)
CONSUMER_SKIPPED = Counter(
    "peiyu_consumer_skipped_total", "Messages of types nobody here reacts to.", ["service", "group"]
)
CONSUMER_RETRIES = Counter(
    "peiyu_consumer_retries_total", "Attempts at a message that failed and are made again.", ["service", "group"]
)
CONSUMER_SECONDS = Histogram(
    "peiyu_consumer_handler_seconds",
    "Time the handlers took for one message.",
    ["service", "group", "type"],
    buckets=_WORK_SECONDS,
)
CONSUMER_LAG = Gauge(
    "peiyu_consumer_lag", "Messages on the bus and not yet polled.", ["service", "group", "topic", "partition"]
)
CONSUMER_POLLED_AT = Gauge(
    "peiyu_consumer_last_poll_timestamp_seconds", "When the consumer last asked the bus.", ["service", "group"]
)

LOOP_SILENT = Gauge("peiyu_loop_silent_seconds", "How long a loop of this process has not turned.", ["service", "loop"])

JOB_ATTEMPTS = Counter(
    "peiyu_job_attempts_total",
    "Attempts at jobs: done, failed (for good), retried, postponed (what passes by itself).",
    ["service", "kind", "outcome"],
)
JOB_SECONDS = Histogram(
    "peiyu_job_seconds", "Time an attempt at a job took.", ["service", "kind"], buckets=_LONG_SECONDS
)
SCHEDULE_RUNS = Counter(
    "peiyu_schedule_runs_total", "Runs of recurring work: done, failed.", ["service", "schedule", "outcome"]
)
SCHEDULE_SECONDS = Histogram(
    "peiyu_schedule_seconds", "Time recurring work took.", ["service", "schedule"], buckets=_LONG_SECONDS
)


def watch(service: str, db: Database) -> None:
    """Let the metrics of this process tell what stands in the database of `service`."""
    _DATABASES.watch(service, db)


_OUTBOX = "SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0) FROM outbox WHERE sent_at IS NULL"
_JOBS = """SELECT count(*), coalesce(extract(epoch FROM now() - min(run_at)), 0)
           FROM jobs WHERE state = 'queued' AND run_at <= now()"""
_DEAD_LETTERS = "SELECT count(*) FROM dead_letters WHERE redriven_at IS NULL"
_DATABASE_SECONDS = 3.0
"""All databases together, so that a scrape ends in time when one does not answer."""

_HEARTBEATS = "SELECT name, extract(epoch FROM now() - beat_at) FROM heartbeats"


@dataclass(frozen=True, slots=True)
class _Figures:
    """What one service's database says of itself."""

    values: Mapping[str, float]
    ages: Mapping[str, float]
    """loop → seconds since its last sign of life"""


class _Watched:
    """One service's database; the metrics do not keep it alive."""

    def __init__(self, service: str, db: Database) -> None:
        self._db = weakref.ref(db)
        self.inquiry = Inquiry(self._read, f"metrics:{service}")

    @property
    def gone(self) -> bool:
        return self._db() is None

    def _read(self) -> _Figures | None:
        db = self._db()
        if db is None:
            return None
        with db.reading() as tx:
            unsent, oldest_event = tx.session.execute(text(_OUTBOX)).one()
            waiting, oldest_job = tx.session.execute(text(_JOBS)).one()
            letters = tx.session.execute(text(_DEAD_LETTERS)).scalar_one()
            beats = tx.session.execute(text(_HEARTBEATS)).all()
        values = {
            "peiyu_database_up": 1.0,
            "peiyu_outbox_unsent": float(unsent),
            "peiyu_outbox_oldest_seconds": float(oldest_event),
            "peiyu_jobs_waiting": float(waiting),
            "peiyu_jobs_oldest_waiting_seconds": float(oldest_job),
            "peiyu_dead_letters": float(letters),
        }
        return _Figures(values, {loop: float(age) for loop, age in beats})


class _Databases(Collector):
    """Read when it is scraped, at most once a second: asking is open to anyone, and many shall cost as much as one."""

    def __init__(self) -> None:
        self._watched: dict[str, _Watched] = {}
        self._gate = threading.Lock()
        self._read_at = 0.0
        self._last: list[Metric] = []

    def watch(self, service: str, db: Database) -> None:
        with self._gate:
            self._watched[service] = _Watched(service, db)
            self._read_at = 0.0

    def describe(self) -> list[Metric]:
        return list(_families().values())

    def collect(self) -> Iterator[Metric]:
        with self._gate:
            if not self._read_at or time.monotonic() - self._read_at > 1.0:
                self._last = self._read()
                self._read_at = time.monotonic()
            yield from self._last

    def _read(self) -> list[Metric]:
        families = _families()
        self._watched = {service: each for service, each in self._watched.items() if not each.gone}
        coming = {service: each.inquiry.begin() for service, each in self._watched.items()}
        until = time.monotonic() + _DATABASE_SECONDS
        for service, answer in coming.items():
            try:
                figures = answer.result(max(0.0, until - time.monotonic()))
            except Exception as error:  # a database that is away is a fact to report, and the other metrics still hold
                logging.get(__name__).warning("metrics of database not read", service=service, reason=repr(error)[:500])
                families["peiyu_database_up"].add_metric([service], 0)
                continue
            if figures is not None:
                for name, value in figures.values.items():
                    families[name].add_metric([service], value)
                for loop, age in figures.ages.items():
                    families["peiyu_heartbeat_age_seconds"].add_metric([service, loop], age)
        return list(families.values())


def _families() -> dict[str, GaugeMetricFamily]:
    own = ["service"]
    made = (
        GaugeMetricFamily("peiyu_database_up", "Whether the service's database answered this scrape.", labels=own),
        GaugeMetricFamily("peiyu_outbox_unsent", "Events decided and not yet on the bus.", labels=own),
        GaugeMetricFamily("peiyu_outbox_oldest_seconds", "Age of the oldest unsent event.", labels=own),
        GaugeMetricFamily("peiyu_jobs_waiting", "Jobs queued and due.", labels=own),
        GaugeMetricFamily("peiyu_jobs_oldest_waiting_seconds", "How long the oldest of them is due.", labels=own),
        GaugeMetricFamily("peiyu_dead_letters", "Messages nobody could act upon and nobody has redriven.", labels=own),
        GaugeMetricFamily(
            "peiyu_heartbeat_age_seconds", "Age of a worker loop's last sign of life.", labels=["service", "loop"]
        ),
    )
    return {family.name: family for family in made}


_DATABASES = _Databases()
REGISTRY.register(_DATABASES)
