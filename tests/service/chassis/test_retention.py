"""Idempotency keys are kept as long as the worker was told, never shorter than the promise."""

import datetime as dt
import threading
import time

from sqlalchemy import text

from chassis.db import Database
from chassis.worker import standard_loops


def after_one_round(db: Database, retention: dt.timedelta) -> list[str]:
    """The keys that are left when the schedules have run once."""
    with db.transaction() as tx:
        tx.session.execute(
            text(
                """INSERT INTO idempotency_keys (subject, key, fingerprint, created_at)
                   SELECT 'me', days::text, '', now() - make_interval(days => days)
                   FROM unnest(ARRAY[1, 6, 8, 20, 40]) AS days"""
            )
        )
    stop = threading.Event()
    schedules = next(loop for loop in standard_loops(db, retention=retention) if loop.name == "schedules")
    thread = threading.Thread(target=schedules.run, args=(stop,))
    thread.start()
    try:
        for _ in range(100):
            with db.reading() as tx:
                if tx.session.scalar(text("SELECT count(*) FROM schedules WHERE last_run_at IS NOT NULL")):
                    break
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join()
    with db.reading() as tx:
        return list(tx.session.scalars(text("SELECT key FROM idempotency_keys ORDER BY key::int")))


def test_keys_are_kept_for_the_retention_of_the_settings(db: Database) -> None:
    assert after_one_round(db, dt.timedelta(days=30)) == ["1", "6", "8", "20"]


def test_keys_are_never_kept_shorter_than_a_week(db: Database) -> None:
    assert after_one_round(db, dt.timedelta(days=1)) == ["1", "6"]
