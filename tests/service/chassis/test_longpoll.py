"""Waiting for a feed: woken by what was numbered, quiet otherwise, and holding nothing meanwhile."""

import asyncio
import threading
import time

from sqlalchemy import text

from chassis.db import FEED_CHANNEL, Database, Transaction
from chassis.feed import Sequence
from chassis.longpoll import LongPoll

NOTES = Sequence("notes")


def position(tx: Transaction) -> int:
    return int(tx.session.scalar(text("SELECT coalesce(max(seq), 0) FROM notes")) or 0)


def append(db: Database, what: str) -> None:
    with db.transaction() as tx:
        tx.session.execute(text("INSERT INTO notes (text) VALUES (:t)"), {"t": what})
    with db.transaction() as tx:
        NOTES.number(tx)


def test_everybody_who_waits_is_woken_by_one_number(db: Database) -> None:
    poll = LongPoll(db, FEED_CHANNEL, position)

    async def wait() -> list[bool]:
        many = [asyncio.create_task(poll.beyond(0, 60)) for _ in range(200)]
        await asyncio.sleep(0.2)
        busy = db.engine.pool.checkedout()  # type: ignore[attr-defined]
        assert busy <= 1, "waiting must not hold a connection each"
        assert len([t for t in threading.enumerate() if t.name.startswith("longpoll:")]) == 1
        await asyncio.to_thread(append, db, "a")
        return await asyncio.gather(*many)

    started = time.monotonic()
    assert asyncio.run(wait()) == [True] * 200
    assert time.monotonic() - started < 50, "they waited to the end"


def test_nothing_new_is_said_when_the_time_is_over(db: Database) -> None:
    poll = LongPoll(db, FEED_CHANNEL, position)
    append(db, "a")
    assert asyncio.run(poll.beyond(0, 5)), "what was numbered before the call counts"
    started = time.monotonic()
    assert not asyncio.run(poll.beyond(1, 0.3))
    assert time.monotonic() - started > 0.25


def test_a_feed_that_cannot_be_read_for_a_while_is_followed_again(db: Database) -> None:
    broken = threading.Event()
    broken.set()

    def sometimes(tx: Transaction) -> int:
        if broken.is_set():
            broken.clear()
            raise RuntimeError("no answer")
        return position(tx)

    append(db, "a")
    assert asyncio.run(LongPoll(db, FEED_CHANNEL, sometimes).beyond(0, 5))
