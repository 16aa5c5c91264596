"""Feeds, schedules and the audit seal."""

import datetime as dt
import random
import threading
import time
from functools import partial

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError
from structlog.testing import capture_logs

from chassis import audit, clock
from chassis.db import Database, Transaction
from chassis.feed import Sequence
from chassis.schedule import DailyAt, Every, Schedule, Scheduler

NOTES = Sequence("notes")


def test_f20_a_follower_who_only_advances_misses_no_row_that_committed_late(db: Database) -> None:
    """Eight writers sleep between taking an id and committing; a numberer and a follower run beside them."""
    writers, each = 8, 25
    done = threading.Event()
    seen: list[tuple[int, str]] = []

    def write(writer: int) -> None:
        chance = random.Random(writer)
        for number in range(each):
            with db.transaction() as tx:
                tx.session.execute(text("INSERT INTO notes (text) VALUES (:t)"), {"t": f"{writer}-{number}"})
                time.sleep(chance.random() * 0.01)

    def number_and_follow() -> None:
        after = 0
        last_round = False
        while True:
            last_round = done.is_set()
            with db.transaction() as tx:
                while NOTES.number(tx, 7):
                    pass
            with db.reading() as tx:
                rows = tx.session.execute(
                    text("SELECT seq, text FROM notes WHERE seq > :after ORDER BY seq"), {"after": after}
                ).all()
            for seq, what in rows:
                assert seq == after + 1, "no gap"
                after = seq
                seen.append((seq, what))
            if last_round:
                return

    follower = threading.Thread(target=number_and_follow)
    follower.start()
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    follower.join()
    assert sorted(what for _, what in seen) == sorted(f"{w}-{n}" for w in range(writers) for n in range(each))


def test_the_seal_holds_and_shows_what_was_changed_or_removed(db: Database) -> None:
    with db.transaction() as tx:
        for number in range(5):
            tx.audit("changed", f"subject-{number}", {"n": number})
    with db.transaction() as tx:
        assert audit.seal(tx) == 6, "with the row that opens the log"
    with db.reading() as tx:
        assert list(audit.verify(tx)) == []
    with db.transaction() as tx:
        tx.session.execute(text("UPDATE audit_log SET details = '{\"n\": 9}' WHERE seal_seq = 2"))
        tx.session.execute(text("DELETE FROM audit_log WHERE seal_seq = 4"))
    with db.reading() as tx:
        assert [broken.seal_seq for broken in audit.verify(tx)] == [2, 4]


def test_a_change_whose_record_cannot_be_written_is_not_made(db: Database) -> None:
    with db.transaction() as tx:
        tx.session.execute(text("ALTER TABLE audit_log RENAME TO audit_gone"))
    with pytest.raises(ProgrammingError, match="audit_log"), db.transaction() as tx:
        tx.session.execute(text("INSERT INTO notes (text) VALUES ('a')"))
        tx.audit("added", "a")
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM notes")) == 0


def test_a_schedule_runs_when_due_and_once_among_replicas(db: Database) -> None:
    def work(tx: Transaction) -> None:
        time.sleep(0.2)
        tx.session.execute(text("INSERT INTO notes (text) VALUES ('ran ' || clock_timestamp())"))

    replicas = [Scheduler(db, [Schedule("s", Every(3600), work)]) for _ in range(4)]
    for replica in replicas:
        replica.prepare()
    threads = [threading.Thread(target=replica.run_due) for replica in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replicas[0].run_due() == 0
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM notes")) == 1


def test_a_schedule_that_fails_is_tried_again_later_and_says_why(db: Database) -> None:
    def work(tx: Transaction) -> None:
        raise RuntimeError("boom")

    scheduler = Scheduler(db, [Schedule("s", Every(3600), work)])
    scheduler.prepare()
    scheduler.run_due()
    with db.reading() as tx:
        due, error = tx.session.execute(text("SELECT due_at, last_error FROM schedules")).one()
    assert error == "boom"
    assert dt.timedelta(seconds=5) < due - clock.now() < dt.timedelta(seconds=60)


def _note(ran: list[str], name: str, tx: Transaction) -> None:
    ran.append(name)


def test_when_nothing_is_due_the_database_is_asked_once_however_many_schedules_there_are(db: Database) -> None:
    ran: list[str] = []
    scheduler = Scheduler(db, [Schedule(name, Every(3600), partial(_note, ran, name)) for name in "abcdef"])
    scheduler.prepare()
    assert scheduler.run_due() == 6
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert scheduler.run_due() == 0
    assert len(asked) == 1
    assert sorted(ran) == list("abcdef")


def test_daily_means_the_wall_clock_of_shanghai() -> None:
    evening = dt.datetime(2026, 11, 22, 17, 30, tzinfo=dt.UTC)  # 01:30 on the 23rd in Shanghai
    assert DailyAt(dt.time(1, 0)).after(evening) == dt.datetime(2026, 11, 23, 17, 0, tzinfo=dt.UTC)
    assert DailyAt(dt.time(2, 0)).after(evening) == dt.datetime(2026, 11, 22, 18, 0, tzinfo=dt.UTC)


def sealed(db: Database, count: int) -> None:
    """Seal what waits (at first the row that opens the log), then so many more."""
    with db.transaction() as tx:
        audit.seal(tx)
    with db.transaction() as tx:
        for number in range(count):
            tx.audit("changed", f"subject-{number}", {"n": number})
    with db.transaction() as tx:
        assert audit.seal(tx) == count


def broken(db: Database) -> list[int]:
    with db.reading() as tx:
        return [each.seal_seq for each in audit.verify(tx)]


def test_removing_the_newest_sealed_rows_is_noticed_even_after_more_were_sealed(db: Database) -> None:
    sealed(db, 5)
    assert broken(db) == []
    with db.transaction() as tx:
        tx.session.execute(text("DELETE FROM audit_log WHERE seal_seq >= 4"))
    assert broken(db) == [4]
    sealed(db, 2)
    assert broken(db) == [4], "numbering goes on from the head, so the gap stays"


def test_removing_everything_sealed_is_noticed(db: Database) -> None:
    sealed(db, 3)
    with db.transaction() as tx:
        tx.session.execute(text("DELETE FROM audit_log"))
    assert broken(db) == [1, 1], "the sealed rows, and the row that opens the log"


@pytest.mark.parametrize("restart", ["", " RESTART IDENTITY"])
def test_an_emptied_log_is_not_whole_even_when_it_was_written_on(db: Database, restart: str) -> None:
    sealed(db, 3)
    assert broken(db) == []
    with db.transaction() as tx:
        tx.session.execute(text("TRUNCATE audit_log, audit_head" + restart))
    assert broken(db) == [1]
    sealed(db, 3)
    assert broken(db) == [1]


def test_a_new_log_is_whole_before_and_after_its_first_sealing(db: Database) -> None:
    assert broken(db) == []
    sealed(db, 0)
    assert broken(db) == []


def test_a_head_that_does_not_belong_to_the_last_row_is_noticed(db: Database) -> None:
    sealed(db, 3)
    with db.transaction() as tx:
        tx.session.execute(text("DELETE FROM audit_head"))
    assert broken(db) == [4]
    with db.transaction() as tx:
        tx.session.execute(text("INSERT INTO audit_head (id, seq, hash) VALUES (1, 4, repeat('0', 64))"))
    assert broken(db) == [4]


def test_sealing_says_the_head_in_the_log(db: Database) -> None:
    with capture_logs() as lines:
        sealed(db, 3)
    with db.reading() as tx:
        head = tx.session.execute(text("SELECT seal_hash FROM audit_log WHERE seal_seq = 4")).scalar_one()
    _opening, line = [line for line in lines if line["event"] == "audit log sealed"]
    assert (line["rows"], line["head_seq"], line["head_hash"]) == (3, 4, head)
