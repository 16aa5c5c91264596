"""The worker of eligibility: publishes its events, follows the registry's, assesses who waits."""

from __future__ import annotations

import datetime as dt
import time

from chassis import clock
from chassis.bus import Bus
from chassis.consumer import Subscriber
from chassis.db import Database, Transaction
from chassis.relay import Relay
from chassis.schedule import DailyAt, Every, Schedule
from chassis.worker import Turning, Worker, standard_loops
from services.eligibility.domain.pace import Pace
from services.eligibility.jobs import simulation_job
from services.eligibility.prepare import read_catalog, read_codes, read_sizes
from services.eligibility.settings import Settings
from services.eligibility.subscriptions import SUBSCRIPTIONS
from services.eligibility.use_cases.activate_packs import activate_packs
from services.eligibility.use_cases.assess_pending import assess_pending
from services.eligibility.use_cases.forget_simulations import forget_simulations
from services.eligibility.use_cases.mark_due import mark_due
from services.eligibility.use_cases.screen_batch import screen_batch

NEW_DAY = dt.time(0, 10)
"""Windows roll and titles expire at midnight in Shanghai; ten minutes later those are assessed whom it may concern."""

ACTIVATION_SECONDS = 10
"""How late after midnight a scheduled pack may begin to serve; asking costs one query on an index of a few rows."""


FORGETTING_SECONDS = 3600


def build_worker(settings: Settings, db: Database, bus: Bus) -> Worker:
    catalog = read_catalog(settings)
    sizes = read_sizes(settings, catalog.dictionary)

    assessing, screening = Pace(settings.assessment_batch), Pace(settings.screening_batch)

    def assess() -> int:
        started = time.monotonic()
        with db.transaction(timeout_seconds=0) as tx:
            taken = assess_pending(tx, catalog, sizes, assessing.size)
        assessing.learn(taken, time.monotonic() - started)
        return taken or screen()  # a run over everybody only when nothing new waits

    def screen() -> int:
        started = time.monotonic()
        with db.transaction(timeout_seconds=0) as tx:
            taken = screen_batch(tx, catalog, sizes, screening.size)
        screening.learn(taken, time.monotonic() - started)
        return taken

    def follow_the_calendar(tx: Transaction) -> None:
        mark_due(tx, clock.today())

    def activate(tx: Transaction) -> None:
        activate_packs(tx, catalog, sizes)

    def forget(tx: Transaction) -> None:
        forget_simulations(tx, dt.timedelta(days=settings.simulations_kept_days))

    job = simulation_job(catalog, sizes, read_codes(settings, catalog.dictionary))
    retention = dt.timedelta(days=settings.retention_days)
    schedules = [
        Schedule("follow-the-calendar", DailyAt(NEW_DAY), follow_the_calendar),
        Schedule("activate-packs", Every(ACTIVATION_SECONDS), activate),
        Schedule("forget-simulations", Every(FORGETTING_SECONDS), forget),
    ]
    return Worker(
        "eligibility",
        db,
        [
            Relay(db, bus, "/peiyu/eligibility", retention=retention),
            Subscriber(db, bus, "eligibility", SUBSCRIPTIONS, retention=retention),
            Turning("assess", db, assess, seconds=2.0, channels=("assessments",)),
            *standard_loops(db, jobs={job.name: job}, schedules=schedules, retention=retention),
        ],
    )
