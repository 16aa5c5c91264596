"""Jobs: effects and `done` commit together, a killed attempt is counted, what cannot succeed stops."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text, update

from chassis import clock, jobs
from chassis.db import Database, DatabaseBusy, Transaction
from chassis.errors import Invalid
from chassis.jobs import JobKind, JobRunner, Progress
from chassis.plumbing import JobRow


def add_note(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
    tx.session.execute(text("INSERT INTO notes (text) VALUES (:t)"), {"t": payload["text"]})
    progress.report(1, 1, "完成")
    return {"length": len(payload["text"])}


def state(db: Database, job_id: Any) -> tuple[str, Any, str | None]:
    with db.reading() as tx:
        row = tx.session.get_one(JobRow, job_id)
        return row.state, row.result, row.error


def notes(db: Database) -> int:
    with db.reading() as tx:
        return int(tx.session.scalar(text("SELECT count(*) FROM notes")) or 0)


def due_now(db: Database) -> None:
    with db.transaction() as tx:
        tx.session.execute(update(JobRow).values(run_at=clock.now()))


def test_a_job_and_its_effect_are_done_once(db: Database) -> None:
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    assert runner.run_once() is True
    assert runner.run_once() is False
    assert state(db, job_id) == ("done", {"length": 1}, None)
    assert notes(db) == 1


def test_a_job_whose_enqueuing_was_rolled_back_never_runs(db: Database) -> None:
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    try:
        with db.transaction() as tx:
            jobs.enqueue(tx, "add", {"text": "a"})
            raise RuntimeError
    except RuntimeError:
        pass
    assert runner.run_once() is False


def test_a_refusal_fails_the_job_at_once_and_its_effects_are_gone(db: Database) -> None:
    told: list[str] = []

    def refuse(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        add_note(tx, payload, progress)
        raise Invalid("第 3 行有误")

    kind = JobKind("add", refuse, lambda tx, payload, error: told.append(error))
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    assert JobRunner(db, {"add": kind}).run_once() is True
    assert state(db, job_id)[0::2] == ("failed", "第 3 行有误")
    assert told == ["第 3 行有误"]
    assert notes(db) == 0


def test_an_unexpected_error_is_tried_again_and_then_given_up(db: Database) -> None:
    def break_down(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        raise RuntimeError("boom")

    runner = JobRunner(db, {"add": JobKind("add", break_down)}, max_attempts=2)
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "queued"
    assert runner.run_once() is False, "the next attempt waits"
    due_now(db)
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "failed"


def test_a_job_killed_in_the_middle_starts_again_and_leaves_one_effect(db: Database) -> None:
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    script = textwrap.dedent(
        f"""
        import os, signal
        from chassis.db import Database
        from chassis.jobs import JobKind, JobRunner
        from tests.service.chassis.test_jobs import add_note
        def die(tx, payload, progress):
            add_note(tx, payload, progress)
            tx.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        JobRunner(Database({db.url!r}), {{"add": JobKind("add", die)}}).run_once()
        """
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=os.getcwd(), timeout=30)
    assert killed.returncode == -9
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    for _ in range(50):  # the server notices the dead connection within moments
        if runner.run_once():
            break
        time.sleep(0.1)
    assert state(db, job_id)[0] == "done"
    assert notes(db) == 1


def test_a_job_that_kills_its_worker_every_time_is_stopped(db: Database) -> None:
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
        tx.flush()
        tx.session.execute(
            text("INSERT INTO job_progress (job_id, attempts, done, updated_at) VALUES (:id, 3, 0, now())"),
            {"id": job_id},
        )
    assert JobRunner(db, {"add": JobKind("add", add_note)}).run_once() is True
    assert state(db, job_id)[0] == "failed"
    assert notes(db) == 0


def test_a_passing_failure_is_retried_without_limit_and_keeps_its_reason(db: Database) -> None:
    busy = 6

    def meet(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        nonlocal busy
        progress.report(0, 1, "处理中")
        if busy:
            busy -= 1
            raise DatabaseBusy("该数据正被另一项操作占用，请稍后重试")
        return add_note(tx, payload, progress)

    runner = JobRunner(db, {"add": JobKind("add", meet)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    pauses = []
    for _ in range(6):
        assert runner.run_once() is True
        assert state(db, job_id) == ("queued", None, "该数据正被另一项操作占用，请稍后重试")
        with db.reading() as tx:
            pauses.append(round((tx.session.get_one(JobRow, job_id).run_at - clock.now()).total_seconds()))
            progress = jobs.progress_of(tx, job_id)
            assert progress is not None
            assert progress.attempts == 0
        due_now(db)
    assert pauses == sorted(pauses)
    assert 0 < pauses[0] < 6
    assert 30 < pauses[-1] <= 60
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "done"


def test_a_passing_failure_does_not_forgive_attempts_that_were_killed(db: Database) -> None:
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
        tx.flush()
        tx.session.execute(
            text("INSERT INTO job_progress (job_id, attempts, done, updated_at) VALUES (:id, 2, 0, now())"),
            {"id": job_id},
        )

    def meet(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        raise DatabaseBusy("忙")

    JobRunner(db, {"add": JobKind("add", meet)}).run_once()
    with db.reading() as tx:
        progress = jobs.progress_of(tx, job_id)
        assert progress is not None
        assert progress.attempts == 2
