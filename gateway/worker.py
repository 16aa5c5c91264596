"""The gateway's worker process: its audit log is sealed, and old counters are forgotten."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from chassis import clock
from chassis.bus import Bus
from chassis.db import Database, Transaction
from chassis.schedule import DailyAt, Schedule
from chassis.worker import Worker, standard_loops
from gateway.settings import Settings
from gateway.store.tables import UsageRow

USAGE_KEPT = dt.timedelta(days=3 * 366)
EXPECTED = ("schedules", "audit-seal")
"""The loops that readiness asks for."""


def build_worker(settings: Settings, db: Database, bus: Bus | None = None) -> Worker:
    """The gateway announces nothing yet and listens to nothing: it needs no bus."""
    retention = dt.timedelta(days=settings.retention_days)
    schedules = [Schedule("forget-usage", DailyAt(dt.time(3, 40)), forget_usage)]
    return Worker("gateway", db, standard_loops(db, schedules=schedules, retention=retention))


def forget_usage(tx: Transaction) -> None:
    """Counters older than the audit log's keeping time go."""
    tx.session.execute(delete(UsageRow).where(UsageRow.day < clock.today() - USAGE_KEPT))
