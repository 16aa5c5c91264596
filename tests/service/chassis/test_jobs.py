"""Jobs: effects and `done` commit together, a killed attempt is counted, what cannot succeed stops."""

import datetime as dt
import os
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from chassis import clock, jobs
from chassis.db import Database, DatabaseBusy, Transaction
from chassis.errors import Invalid
from chassis.jobs import JobKind, JobRunner, Progress
from chassis.plumbing import AuditRow, JobProgressRow, JobRow
from chassis.worker import Worker, standard_loops


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


def cut_off(db: Database, job_id: uuid.UUID, times: int, *, ago_seconds: float = 3600) -> None:
    """Make the job one whose last attempt began some time ago and was killed, as were others before it."""
    with db.transaction() as tx:
        tx.session.add(
            JobProgressRow(
                job_id=job_id,
                attempts=0,
                interrupted=times,
                done=0,
                updated_at=clock.now() - dt.timedelta(seconds=ago_seconds),
            )
        )


def counts(db: Database, job_id: uuid.UUID) -> tuple[int, int, int]:
    """How often it failed of itself, was interrupted, was postponed."""
    with db.reading() as tx:
        row = tx.session.get_one(JobProgressRow, job_id)
        return row.attempts, row.interrupted, row.postponed


def test_a_job_that_kills_its_worker_every_time_is_stopped_at_the_tenth_kill(db: Database) -> None:
    told: list[str] = []
    runner = JobRunner(db, {"add": JobKind("add", add_note, lambda tx, payload, error: told.append(error))})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    cut_off(db, job_id, 10)
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "failed"
    assert told == ["运行 10 次均被中断，已停止重试"]
    assert notes(db) == 0


def test_nine_kills_are_no_failures(db: Database) -> None:
    """Kills say little of the job that they meet: what is limited to three is failing of itself."""
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    cut_off(db, job_id, 9)
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "done"
    assert counts(db, job_id) == (0, 9, 0)


@pytest.mark.parametrize(("times", "rest"), [(1, 0), (2, 5), (3, 10), (5, 40), (9, 60)])
def test_a_job_that_was_cut_off_rests_longer_each_time_and_lets_others_pass(
    db: Database, times: int, rest: int
) -> None:
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "cut off"})
    with db.transaction() as tx:
        other = jobs.enqueue(tx, "add", {"text": "other"})
    cut_off(db, job_id, times, ago_seconds=rest / 2)
    if rest:
        assert runner.run_once() is True
        assert (state(db, job_id)[0], state(db, other)[0]) == ("queued", "done")
        assert runner.run_once() is False
    with db.transaction() as tx:
        begun = clock.now() - dt.timedelta(seconds=rest)
        tx.session.execute(update(JobProgressRow).where(JobProgressRow.job_id == job_id).values(updated_at=begun))
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "done"


def test_an_orderly_stop_in_the_middle_is_not_counted(db: Database) -> None:
    """The stop begins while the job is at work, and takes longer than the process is given."""
    begun = threading.Event()

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        begun.set()
        tx.session.execute(text("SELECT pg_sleep(3600)"))

    runner = JobRunner(db, {"add": JobKind("add", work)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    thread = threading.Thread(target=runner.run_once)
    thread.start()
    assert begun.wait(30)
    assert counts(db, job_id) == (0, 1, 0), "counted as long as nobody says otherwise"
    runner.leave()
    assert counts(db, job_id) == (0, 0, 0)
    with db.transaction() as tx:  # the end of the process, as the database sees it
        tx.session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
        )
    thread.join()
    assert state(db, job_id)[0] == "queued"
    assert counts(db, job_id)[:2] == (0, 0)
    assert runner.run_once() is False, "what is ending begins nothing"


def test_the_end_of_the_worker_is_told_to_the_job_at_work(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        begun.set()
        go_on.wait()
        return add_note(tx, payload, progress)

    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    worker = Worker("chassis", db, standard_loops(db, jobs={"add": JobKind("add", work)}))
    stop = threading.Event()
    worker.start(stop)
    assert begun.wait(30)
    stop.set()
    worker.leave()
    assert counts(db, job_id) == (0, 0, 0)
    go_on.set()
    assert worker.join() == []
    assert state(db, job_id)[0] == "done"
    assert counts(db, job_id) == (0, 0, 0)


def test_a_connection_lost_in_the_middle_is_a_passing_failure(db: Database) -> None:
    lose = True

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        if lose:
            own = tx.session.scalar(text("SELECT pg_backend_pid()"))
            with db.transaction() as other:
                other.session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": own})
        return add_note(tx, payload, progress)

    runner = JobRunner(db, {"add": JobKind("add", work)})
    with db.transaction() as tx:
        job_id = jobs.enqueue(tx, "add", {"text": "a"})
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "queued"
    assert counts(db, job_id)[:2] == (0, 0)
    lose = False
    due_now(db)
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "done"
    assert notes(db) == 1


def test_what_is_found_wrong_at_the_commit_is_a_failure_of_the_job(db: Database) -> None:
    """`notes.text` is unique when the transaction ends, not before."""
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    with db.transaction() as tx:
        jobs.enqueue(tx, "add", {"text": "same"})
        job_id = jobs.enqueue(tx, "add", {"text": "same"})
    assert runner.run_once() is True
    assert runner.run_once() is True
    assert state(db, job_id)[0] == "queued"
    assert "IntegrityError" in (state(db, job_id)[2] or "")
    assert counts(db, job_id) == (1, 0, 0)


def test_a_failed_job_leaves_no_event_no_record_and_no_row(db: Database) -> None:
    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        add_note(tx, payload, progress)
        tx.audit("noted", "a")
        tx.flush()
        tx.audit("noted", "b")
        raise Invalid("有误")

    def gave_up(tx: Transaction, payload: Mapping[str, Any], error: str) -> None:
        tx.audit("given-up", payload["text"])

    with db.transaction() as tx:
        jobs.enqueue(tx, "add", {"text": "a"})
    assert JobRunner(db, {"add": JobKind("add", work, gave_up)}).run_once() is True
    assert notes(db) == 0
    with db.reading() as tx:
        actions = tx.session.scalars(select(AuditRow.action).where(AuditRow.action.in_(("noted", "given-up")))).all()
    assert actions == ["given-up"]


RACERS = 300


def race(url: str) -> None:
    """What each of several runners does: take part until nothing is queued any more."""
    db = Database(url, pool_size=4)
    runner = JobRunner(db, {"add": JobKind("add", add_note)})
    queued = select(func.count()).select_from(JobRow).where(JobRow.state == "queued")
    left = 1
    while left:
        if runner.run_once():
            continue
        time.sleep(0.05)
        with db.reading() as tx:
            left = tx.session.scalar(queued) or 0
    db.close()


def in_threads(url: str) -> None:
    threads = [threading.Thread(target=race, args=(url,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_processes(url: str) -> None:
    script = f"from tests.service.chassis.test_jobs import race\nrace({url!r})"
    running = [subprocess.Popen([sys.executable, "-c", script], cwd=os.getcwd()) for _ in range(3)]
    assert [each.wait(timeout=300) for each in running] == [0, 0, 0]


@pytest.mark.parametrize("race_them", [in_threads, in_processes])
def test_among_several_runners_every_job_is_run_once_and_none_is_counted_as_lost(
    db: Database, race_them: Callable[[str], None]
) -> None:
    with db.transaction() as tx:
        for number in range(RACERS):
            jobs.enqueue(tx, "add", {"text": str(number)})
    race_them(db.url)
    with db.reading() as tx:
        ended = tx.session.execute(
            select(JobRow.state, JobProgressRow.attempts, JobProgressRow.interrupted, func.count())
            .join(JobProgressRow, JobProgressRow.job_id == JobRow.id)
            .group_by(JobRow.state, JobProgressRow.attempts, JobProgressRow.interrupted)
        ).all()
    assert [tuple(each) for each in ended] == [("done", 0, 0, RACERS)]
    assert notes(db) == RACERS


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
    cut_off(db, job_id, 2)

    def meet(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> None:
        raise DatabaseBusy("忙")

    JobRunner(db, {"add": JobKind("add", meet)}).run_once()
    assert counts(db, job_id) == (0, 2, 1)
