"""Work done later by a worker: a job's effects, its result and `done` commit in one transaction.

The claim is the row lock of that transaction, so a killed worker's job is free again at once; attempts that died
are counted outside it, in `job_progress`. What passes by itself (a lock held by another, a database away) is no
attempt: the job is postponed for as long as it takes.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock, context, ids, logging, telemetry, tracing
from chassis.db import JOBS_CHANNEL, Database, Transaction
from chassis.errors import DomainError, NotFound, Unavailable
from chassis.plumbing import JobProgressRow, JobRow

MAX_ATTEMPTS = 3
BACKOFF_SECONDS = 5
LONGEST_BACKOFF_SECONDS = 60


class JobNotFound(NotFound):
    """No such job."""

    code = "job-not-found"


@dataclass(frozen=True, slots=True)
class Progress:
    """Tells how far a running job is; written at once, on a connection of its own."""

    db: Database
    job_id: uuid.UUID

    def report(self, done: int, total: int | None = None, message: str | None = None) -> None:
        """`done` of `total` units of work are finished; `message` says in Chinese what is being done."""
        with self.db.transaction() as tx:
            row = {"done": done, "total": total, "message": message, "updated_at": clock.now()}
            statement = insert(JobProgressRow).values(job_id=self.job_id, attempts=1, **row)
            tx.session.execute(statement.on_conflict_do_update(index_elements=["job_id"], set_=row))


Work = Callable[[Transaction, Mapping[str, Any], Progress], Mapping[str, Any] | None]
"""What a job does: (tx, payload, progress) → result. Raising a DomainError fails it for good."""

GaveUp = Callable[[Transaction, Mapping[str, Any], str], None]
"""What is recorded when a job has failed for good: (tx, payload, error)."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job of a service: its name, what it does, and what is recorded when it fails for good."""

    name: str
    work: Work
    gave_up: GaveUp | None = None


def enqueue(tx: Transaction, kind: str, payload: Mapping[str, Any], *, run_at: dt.datetime | None = None) -> uuid.UUID:
    """Queue a job; it starts when this transaction has committed."""
    job_id = ids.new_id()
    moment = clock.now()
    here = tx.context
    tx.session.add(
        JobRow(
            id=job_id,
            kind=kind,
            payload=dict(payload),
            context={"correlation_id": here.correlation_id, "traceparent": here.traceparent, "actor": here.actor},
            state="queued",
            created_at=moment,
            run_at=run_at or moment,
        )
    )
    tx.notify(JOBS_CHANNEL)
    return job_id


def progress_of(tx: Transaction, job_id: uuid.UUID) -> JobProgressRow | None:
    """What the job last said of itself; null before it started."""
    return tx.session.get(JobProgressRow, job_id)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A job that is this runner's turn to try, on the thread of events that enqueued it."""

    job_id: uuid.UUID
    kind: str
    attempts: int
    context: context.Context


class JobRunner:
    """Runs the jobs of one service; several may run side by side in different processes."""

    def __init__(self, db: Database, kinds: Mapping[str, JobKind], *, max_attempts: int = MAX_ATTEMPTS) -> None:
        self._db = db
        self._kinds = kinds
        self._max_attempts = max_attempts
        self._log = logging.get("jobs")
        self._owed: tuple[uuid.UUID, str] | None = None

    def run_once(self) -> bool:
        """Run the next due job; false when none is waiting."""
        self._settle_owed()
        claimed = self._next()
        if claimed is None:
            return False
        started = time.perf_counter()
        attributes: dict[str, str | int] = {"peiyu.job.id": str(claimed.job_id), "peiyu.job.attempt": claimed.attempts}
        with tracing.recording(claimed.context, f"job {claimed.kind}", "internal", attributes) as span:
            outcome = self._run(claimed, span)
        own = (context.service(), claimed.kind)
        telemetry.JOB_ATTEMPTS.labels(*own, outcome).inc()
        telemetry.JOB_SECONDS.labels(*own).observe(time.perf_counter() - started)
        return True

    def _run(self, claimed: _Claimed, span: tracing.Span) -> str:
        """Make one attempt and settle what it failed of; how it ended, as a word for the metrics."""
        job_id, attempts = claimed.job_id, claimed.attempts
        if attempts > self._max_attempts:
            span.fail("interrupted")
            self._settle(job_id, attempts, f"运行 {attempts - 1} 次均被中断，已停止重试", final=True)
            return "failed"
        try:
            self._attempt(job_id)
        except Unavailable as error:
            span.fail(type(error).__qualname__)
            self._log.warning("job postponed", job_id=str(job_id), code=error.code, detail=error.detail)
            self._owed = (job_id, error.detail)
            self._settle_owed()
            return "postponed"
        except DomainError as error:
            span.fail(type(error).__qualname__)
            self._settle(job_id, attempts, error.detail, final=True)
            return "failed"
        except Exception as error:
            span.fail(type(error).__qualname__)
            final = attempts >= self._max_attempts
            self._log.error("job attempt failed", job_id=str(job_id), attempts=attempts, exc_info=error)
            self._settle(job_id, attempts, f"{type(error).__name__}: {error}", final=final)
            return "failed" if final else "retried"
        return "done"

    def _next(self) -> _Claimed | None:
        """A job nobody else is working on, with this attempt already counted."""
        with self._db.transaction() as tx:
            waiting = (
                select(JobRow.id, JobRow.kind, JobRow.context)
                .where(JobRow.state == "queued", JobRow.run_at <= clock.now(), JobRow.kind.in_(self._kinds))
                .order_by(JobRow.run_at, JobRow.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            found = tx.session.execute(waiting).one_or_none()
            if found is None:
                return None
            job_id, kind, carried = found
            counted = (
                insert(JobProgressRow)
                .values(job_id=job_id, attempts=1, done=0, updated_at=clock.now())
                .on_conflict_do_update(
                    index_elements=["job_id"],
                    set_={"attempts": JobProgressRow.attempts + 1, "updated_at": clock.now()},
                )
                .returning(JobProgressRow.attempts)
            )
            here = context.from_headers(
                carried.get("correlation_id"), carried.get("traceparent"), carried.get("actor", context.SYSTEM)
            )
            return _Claimed(job_id, kind, tx.session.execute(counted).scalar_one(), here)

    def _attempt(self, job_id: uuid.UUID) -> None:
        claim = select(JobRow).where(JobRow.id == job_id, JobRow.state == "queued").with_for_update(skip_locked=True)
        with self._db.transaction(timeout_seconds=0) as tx:
            row = tx.session.scalar(claim)
            if row is None:  # another worker was faster
                return
            result = self._kinds[row.kind].work(tx, row.payload, Progress(self._db, job_id))
            row.state = "done"
            row.result = dict(result) if result is not None else None
            row.error = None
            row.finished_at = clock.now()
            self._log.info("job done", job_id=str(job_id), kind=row.kind)

    def _settle_owed(self) -> None:
        """Postpone the job that met a passing failure; kept until done, for the database itself may be away."""
        if self._owed is not None:
            self._postpone(*self._owed)
            self._owed = None

    def _postpone(self, job_id: uuid.UUID, error: str) -> None:
        """Take the counted attempt back and let the job wait, longer each time."""
        claim = select(JobRow).where(JobRow.id == job_id, JobRow.state == "queued").with_for_update(skip_locked=True)
        with self._db.transaction() as tx:
            row, progress = tx.session.scalar(claim), tx.session.get(JobProgressRow, job_id)
            if row is None or progress is None:
                return
            progress.attempts -= 1
            pause = min(BACKOFF_SECONDS * 2 ** min(progress.postponed, 10), LONGEST_BACKOFF_SECONDS)
            progress.postponed += 1
            row.error = error
            row.run_at = clock.now() + dt.timedelta(seconds=pause)

    def _settle(self, job_id: uuid.UUID, attempts: int, error: str, *, final: bool) -> None:
        """After a failed attempt: wait for the next one, or fail for good and say so."""
        claim = select(JobRow).where(JobRow.id == job_id, JobRow.state == "queued").with_for_update(skip_locked=True)
        with self._db.transaction() as tx:
            row = tx.session.scalar(claim)
            if row is None:
                return
            row.error = error
            if not final:
                row.run_at = clock.now() + dt.timedelta(seconds=BACKOFF_SECONDS * attempts)
                return
            row.state = "failed"
            row.finished_at = clock.now()
            kind = self._kinds[row.kind]
            if kind.gave_up is not None:
                kind.gave_up(tx, row.payload, error)


def waiting(tx: Transaction) -> int:
    """How many jobs are due and not done."""
    due = select(func.count()).where(JobRow.state == "queued", JobRow.run_at <= clock.now())
    return tx.session.scalar(due) or 0
