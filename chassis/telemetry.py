"""Prometheus metrics that every service gives: what its process counts, and what stands in its database.

Labels have few values: services, routes, event types, job kinds. Never an enterprise, a person or a client.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from chassis import logging

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
_HEARTBEATS = "SELECT name, extract(epoch FROM now() - beat_at) FROM heartbeats"


class _Databases(Collector):
    """Read when it is scraped, at most once a second: asking is open to anyone, and many shall cost as much as one."""

    def __init__(self) -> None:
        self._watched: WeakValueDictionary[str, Database] = WeakValueDictionary()
        self._gate = threading.Lock()
        self._read_at = 0.0
        self._last: list[Metric] = []

    def watch(self, service: str, db: Database) -> None:
        with self._gate:
            self._watched[service] = db
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
        for service, db in list(self._watched.items()):
            try:
                self._read_one(service, db, families)
            except Exception as error:  # a database that is away is a fact to report, and the other metrics still hold
                logging.get(__name__).warning("metrics of database not read", service=service, reason=repr(error)[:500])
                families["peiyu_database_up"].add_metric([service], 0)
        return list(families.values())

    def _read_one(self, service: str, db: Database, families: dict[str, GaugeMetricFamily]) -> None:
        with db.reading() as tx:
            unsent, oldest_event = tx.session.execute(text(_OUTBOX)).one()
            waiting, oldest_job = tx.session.execute(text(_JOBS)).one()
            letters = tx.session.execute(text(_DEAD_LETTERS)).scalar_one()
            beats = tx.session.execute(text(_HEARTBEATS)).all()
        for name, value in (
            ("peiyu_database_up", 1),
            ("peiyu_outbox_unsent", unsent),
            ("peiyu_outbox_oldest_seconds", oldest_event),
            ("peiyu_jobs_waiting", waiting),
            ("peiyu_jobs_oldest_waiting_seconds", oldest_job),
            ("peiyu_dead_letters", letters),
        ):
            families[name].add_metric([service], float(value))
        for loop, age in beats:
            families["peiyu_heartbeat_age_seconds"].add_metric([service, loop], float(age))


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
