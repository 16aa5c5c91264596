"""Recurring work: a schedule's next due instant is a locked row, so one replica runs it and a crash repeats it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock, context, logging, telemetry, tracing
from chassis.db import Database, Transaction
from chassis.plumbing import ScheduleRow


@dataclass(frozen=True, slots=True)
class Every:
    """Again and again, `seconds` after the last run."""

    seconds: int

    def after(self, moment: dt.datetime) -> dt.datetime:
        return moment + dt.timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class DailyAt:
    """Once a day at a wall-clock time in Asia/Shanghai."""

    at: dt.time

    def after(self, moment: dt.datetime) -> dt.datetime:
        local = moment.astimezone(clock.SHANGHAI)
        due = dt.datetime.combine(local.date(), self.at, clock.SHANGHAI)
        if due <= local:
            due += dt.timedelta(days=1)
        return due.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named piece of recurring work; it and its next due instant commit in one transaction."""

    name: str
    when: Every | DailyAt
    work: Callable[[Transaction], object]


class Scheduler:
    """Runs the schedules of one service that are due."""

    def __init__(self, db: Database, schedules: Sequence[Schedule]) -> None:
        self._db = db
        self._schedules = schedules
        self._log = logging.get("schedule")

    def prepare(self) -> None:
        """Make each schedule known; a new one is due at once."""
        if not self._schedules:
            return
        rows = [{"name": each.name, "due_at": clock.now()} for each in self._schedules]
        with self._db.transaction() as tx:
            tx.session.execute(insert(ScheduleRow).values(rows).on_conflict_do_nothing())

    def run_due(self) -> int:
        """Run what is due and not being run by another replica; how many ran."""
        # Asked once for all: a turn comes every second, and nearly always nothing is due.
        with self._db.transaction() as tx:
            due = set(tx.session.scalars(select(ScheduleRow.name).where(ScheduleRow.due_at <= clock.now())))
        return sum(self._run(each) for each in self._schedules if each.name in due)

    def _run(self, schedule: Schedule) -> bool:
        due = (
            select(ScheduleRow)
            .where(ScheduleRow.name == schedule.name, ScheduleRow.due_at <= clock.now())
            .with_for_update(skip_locked=True)
        )
        here = context.Context()
        started = time.perf_counter()
        outcome = "done"
        span = tracing.Span(here)
        with ExitStack() as held:
            held.enter_context(context.using(here))
            try:
                with self._db.transaction(here, timeout_seconds=0) as tx:
                    row = tx.session.scalar(due)
                    if row is None:
                        return False
                    span = held.enter_context(tracing.recording(here, f"schedule {schedule.name}", "internal"))
                    tx.context = span.context
                    schedule.work(tx)
                    row.last_run_at, row.last_error = clock.now(), None
                    row.due_at = schedule.when.after(clock.now())
            except Exception as error:
                outcome = "failed"
                span.fail(type(error).__qualname__)
                self._log.error("schedule failed", schedule=schedule.name, exc_info=error)
                self._postpone(schedule, str(error))
        own = (context.service(), schedule.name)
        telemetry.SCHEDULE_RUNS.labels(*own, outcome).inc()
        telemetry.SCHEDULE_SECONDS.labels(*own).observe(time.perf_counter() - started)
        return True

    def _postpone(self, schedule: Schedule, error: str) -> None:
        later = clock.now() + dt.timedelta(seconds=30)
        with self._db.transaction() as tx:
            tx.session.execute(
                update(ScheduleRow).where(ScheduleRow.name == schedule.name).values(due_at=later, last_error=error)
            )
