"""Notification's worker: its relay, its consumer, and the job and schedule that keep enterprises covered."""

from __future__ import annotations

import datetime as dt

from chassis.bus import Bus
from chassis.consumer import Subscriber
from chassis.db import Database, Transaction
from chassis.jobs import JobKind
from chassis.relay import Relay
from chassis.schedule import Every, Schedule
from chassis.worker import Worker, standard_loops
from services.notification.settings import SERVICE, Settings
from services.notification.subscriptions import SUBSCRIPTIONS
from services.notification.use_cases.settle_coverage import JOB, settle_coverage, settle_job

SWEEP_SECONDS = 300


def jobs(settings: Settings) -> dict[str, JobKind]:
    """Everything that notification does later."""
    return {JOB: JobKind(JOB, settle_job(settings.settle_batch))}


def schedules(settings: Settings) -> list[Schedule]:
    """What notification does again and again."""

    def sweep(tx: Transaction) -> None:
        """Repairs what a failed job left behind; finds nothing otherwise."""
        settle_coverage(tx, "", settings.settle_batch)

    return [Schedule("sweep-coverage", Every(SWEEP_SECONDS), sweep)]


def build_worker(settings: Settings, db: Database, bus: Bus) -> Worker:
    """All loops of one worker process."""
    retention = dt.timedelta(days=settings.retention_days)
    return Worker(
        SERVICE,
        db,
        [
            Relay(db, bus, f"/peiyu/{SERVICE}", retention=retention),
            Subscriber(db, bus, SERVICE, SUBSCRIPTIONS, retention=retention),
            *standard_loops(db, jobs=jobs(settings), schedules=schedules(settings), retention=retention),
        ],
    )
