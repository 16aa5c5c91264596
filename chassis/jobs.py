"""Work done later by a worker: a job's effects, its result and `done` commit in one transaction.

The claim is the row lock of that transaction, held from the counting of an attempt to the writing of how it ended: a
runner counts only what it holds, and a killed worker's job is free again at once. An attempt is counted as interrupted
when it begins, on a connection of its own, and taken back when it ends in any way; what stays are attempts that died.
What passes by itself (a lock held by another, a database away) is no attempt: the job is postponed for as long as it
takes. What is done in a job is undone apart from its claim, so that its failure is written under the same lock.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Interval, Update, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import PendingRollbackError

from chassis import clock, context, ids, logging, telemetry, tracing
from chassis.db import JOBS_CHANNEL, Database, Transaction
from chassis.errors import DomainError, NotFound, Unavailable
from chassis.plumbing import JobProgressRow, JobRow

MAX_ATTEMPTS = 3
"""How often a job may fail of itself."""

MAX_INTERRUPTIONS = 10
"""How often a job may be cut off before it is held to be what kills its worker.

A kill says little of the job it met, and restarts come in series: four of them meet one long import easily. Ten, spread
by the pauses over five minutes and more, do not happen to one job by chance. Each costs every loop of that worker a
restart, so the number cannot be much higher either.
"""

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
            statement = insert(JobProgressRow).values(job_id=self.job_id, attempts=0, **row)
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


def list_progress(tx: Transaction, job_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, JobProgressRow]:
    """The same of several, by job; those that have not started are not in it."""
    rows = tx.session.scalars(select(JobProgressRow).where(JobProgressRow.job_id.in_(job_ids)))
    return {row.job_id: row for row in rows}


Outcome = Literal["done", "failed", "retried", "postponed"]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """How an attempt ended: what is written of it, and the word for the metrics."""

    outcome: Outcome
    error: str | None = None
    result: Mapping[str, Any] | None = None


@dataclass(slots=True)
class _Attempt:
    """One attempt that has been counted. `failures` and `interruptions` were there before it."""

    job_id: uuid.UUID
    failures: int
    interruptions: int
    taken_back: bool = False
    """The process is ending in order and has taken the count back already."""


class JobRunner:
    """Runs the jobs of one service; several may run side by side in different processes."""

    def __init__(
        self,
        db: Database,
        kinds: Mapping[str, JobKind],
        *,
        max_attempts: int = MAX_ATTEMPTS,
        max_interruptions: int = MAX_INTERRUPTIONS,
    ) -> None:
        self._db = db
        self._kinds = kinds
        self._max_attempts = max_attempts
        self._max_interruptions = max_interruptions
        self._log = logging.get("jobs")
        self._owed: tuple[_Attempt, _Verdict] | None = None
        self._counting = threading.Lock()
        self._running: _Attempt | None = None
        self._leaving = False

    def run_once(self) -> bool:
        """Run the next due job; false when none is waiting."""
        self._settle_owed()
        with ExitStack() as spans:
            attempt: _Attempt | None = None
            verdict: _Verdict | None = None
            started = time.perf_counter()
            try:
                with self._db.transaction(timeout_seconds=0) as tx:
                    row = self._claim(tx)
                    attempt = self._count(row.id) if row else None
                    if row is None or attempt is None:
                        return False
                    kind = row.kind
                    span = spans.enter_context(_recording(row, attempt))
                    tx.context = span.context  # from here on it acts on the thread of events that queued the job
                    verdict = self._try(tx, row, attempt, span)
                    self._write(tx, row, attempt, verdict)
            except Exception as error:
                if attempt is None:
                    raise
                verdict = self._unwritten(attempt, verdict, error)
                self._owed = (attempt, verdict)
                self._settle_owed()
            finally:
                self._running = None
            if verdict.outcome == "done":
                self._log.info("job done", job_id=str(attempt.job_id), kind=kind)
        own = (context.service(), kind)
        telemetry.JOB_ATTEMPTS.labels(*own, verdict.outcome).inc()
        telemetry.JOB_SECONDS.labels(*own).observe(time.perf_counter() - started)
        return True

    def leave(self) -> None:
        """The process is about to end in order: begin nothing more, and do not hold its end against the job at work.

        Called when the end begins, from another thread; the job may still finish, or be cut off by a harder end.
        """
        with self._counting:
            self._leaving = True
            attempt = self._running
            if attempt is None:
                return
            try:
                with self._db.transaction() as tx:
                    tx.session.execute(_progress(attempt.job_id).values(interrupted=_ONE_LESS))
                attempt.taken_back = True
            except Unavailable as error:  # then it stays counted, as if the process had been killed
                self._log.warning("job stays counted", job_id=str(attempt.job_id), detail=error.detail)

    def _claim(self, tx: Transaction) -> JobRow | None:
        """A due job nobody else is working on, locked. One that was cut off more than once rests before it is due."""
        rest = func.least(BACKOFF_SECONDS * func.power(2, JobProgressRow.interrupted - 2), LONGEST_BACKOFF_SECONDS)
        rested = JobProgressRow.updated_at + func.make_interval(0, 0, 0, 0, 0, 0, rest, type_=Interval) <= clock.now()
        return tx.session.scalar(
            select(JobRow)
            .outerjoin(JobProgressRow, JobProgressRow.job_id == JobRow.id)
            .where(JobRow.state == "queued", JobRow.run_at <= clock.now(), JobRow.kind.in_(self._kinds))
            .where(or_(JobProgressRow.job_id.is_(None), JobProgressRow.interrupted < 2, rested))
            .order_by(JobRow.run_at, JobRow.id)
            .limit(1)
            .with_for_update(skip_locked=True, of=JobRow)
        )

    def _count(self, job_id: uuid.UUID) -> _Attempt | None:
        """Count an attempt at a job that is claimed, so that it stays counted if we die; null when we are leaving."""
        moment = clock.now()
        counted = (
            insert(JobProgressRow)
            .values(job_id=job_id, attempts=0, interrupted=1, done=0, updated_at=moment)
            .on_conflict_do_update(
                index_elements=["job_id"],
                set_={"interrupted": JobProgressRow.interrupted + 1, "updated_at": moment},
            )
            .returning(JobProgressRow.attempts, JobProgressRow.interrupted)
        )
        with self._counting:
            if self._leaving:
                return None
            with self._db.transaction() as tx:
                failures, interrupted = tx.session.execute(counted).one()
            self._running = _Attempt(job_id, failures, interrupted - 1)
            return self._running

    def _try(self, tx: Transaction, row: JobRow, attempt: _Attempt, span: tracing.Span) -> _Verdict:
        """Do what the job asks for; when it fails, nothing of it is left in `tx`."""
        if attempt.interruptions >= self._max_interruptions:
            span.fail("interrupted")
            return _Verdict("failed", f"运行 {attempt.interruptions} 次均被中断，已停止重试")
        try:
            with tx.apart():
                result = self._kinds[row.kind].work(tx, row.payload, Progress(self._db, row.id))
            return _Verdict("done", result=result)
        except Exception as error:
            span.fail(type(error).__qualname__)
            return self._judge(attempt, error)

    def _judge(self, attempt: _Attempt, error: Exception) -> _Verdict:
        if isinstance(error, Unavailable):
            self._log.warning("job postponed", job_id=str(attempt.job_id), code=error.code, detail=error.detail)
            return _Verdict("postponed", error.detail)
        if isinstance(error, DomainError):
            return _Verdict("failed", error.detail)
        failures = attempt.failures + 1
        self._log.error("job attempt failed", job_id=str(attempt.job_id), attempts=failures, exc_info=error)
        outcome: Outcome = "failed" if failures >= self._max_attempts else "retried"
        return _Verdict(outcome, f"{type(error).__name__}: {error}")

    def _unwritten(self, attempt: _Attempt, verdict: _Verdict | None, error: Exception) -> _Verdict:
        """The verdict of an attempt whose transaction did not commit. Raises when the verdict itself cannot be written:
        then the attempt stays counted as interrupted, and the job rests longer each time."""
        if verdict is None or verdict.outcome == "done":
            return self._judge(attempt, error)
        if isinstance(error, Unavailable | PendingRollbackError):  # the second: its connection is gone already
            return verdict
        raise error

    def _settle_owed(self) -> None:
        """Write the verdict that could not be written with its attempt; kept until the database is back."""
        if self._owed is None:
            return
        owed, self._owed = self._owed, None
        attempt, verdict = owed
        claim = (
            select(JobRow)
            .where(JobRow.id == attempt.job_id, JobRow.state == "queued")
            .with_for_update(skip_locked=True)
        )
        try:
            with self._db.transaction() as tx:
                row = tx.session.scalar(claim)
                if row is not None:
                    self._write(tx, row, attempt, verdict)
                elif not attempt.taken_back:  # another runner has it, or it is done after all
                    tx.session.execute(_progress(attempt.job_id).values(interrupted=_ONE_LESS))
        except Unavailable:
            self._owed = owed
            raise

    def _write(self, tx: Transaction, row: JobRow, attempt: _Attempt, verdict: _Verdict) -> None:
        """Write how an attempt ended, and take back that it was counted as interrupted."""
        with self._counting:
            self._running = None  # from here on the count is ours to take back, not `leave`'s
            taken_back = attempt.taken_back
        changes: dict[str, Any] = {} if taken_back else {"interrupted": _ONE_LESS}
        changes["postponed"] = JobProgressRow.postponed + int(verdict.outcome == "postponed")
        changes["attempts"] = JobProgressRow.attempts + int(verdict.outcome in ("failed", "retried"))
        counts = _progress(row.id).values(changes).returning(JobProgressRow.attempts, JobProgressRow.postponed)
        failures, postponed = tx.session.execute(counts).one()
        row.error = verdict.error
        match verdict.outcome:
            case "postponed":
                pause = min(BACKOFF_SECONDS * 2 ** min(postponed - 1, 10), LONGEST_BACKOFF_SECONDS)
                row.run_at = clock.now() + dt.timedelta(seconds=pause)
            case "retried":
                row.run_at = clock.now() + dt.timedelta(seconds=BACKOFF_SECONDS * failures)
            case "done":
                row.state, row.finished_at = "done", clock.now()
                row.result = dict(verdict.result) if verdict.result is not None else None
            case "failed":
                row.state, row.finished_at = "failed", clock.now()
                kind = self._kinds[row.kind]
                if kind.gave_up is not None:
                    kind.gave_up(tx, row.payload, verdict.error or "")


_ONE_LESS = func.greatest(JobProgressRow.interrupted - 1, 0)


def _progress(job_id: uuid.UUID) -> Update:
    return update(JobProgressRow).where(JobProgressRow.job_id == job_id)


def _recording(row: JobRow, attempt: _Attempt) -> AbstractContextManager[tracing.Span]:
    """The span of an attempt, on the thread of events that queued the job."""
    carried = row.context
    here = context.from_headers(
        carried.get("correlation_id"), carried.get("traceparent"), carried.get("actor", context.SYSTEM)
    )
    number = attempt.failures + attempt.interruptions + 1
    attributes: dict[str, str | int] = {"peiyu.job.id": str(row.id), "peiyu.job.attempt": number}
    return tracing.recording(here, f"job {row.kind}", "internal", attributes)


def waiting(tx: Transaction) -> int:
    """How many jobs are due and not done."""
    due = select(func.count()).where(JobRow.state == "queued", JobRow.run_at <= clock.now())
    return tx.session.scalar(due) or 0
