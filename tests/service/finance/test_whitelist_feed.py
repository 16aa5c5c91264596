"""A bank that only advances ends with the list itself: under late commits, in any history, byte for byte (I3 I4 I5)."""

import datetime as dt
import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis import clock
from chassis.context import Context
from chassis.db import Database
from contracts.events.base import Event
from services.finance.handlers import keep_enterprise, list_title
from services.finance.store.queries import head
from services.finance.use_cases.build_snapshot import build_snapshot
from services.finance.use_cases.expire_titles import expire_titles
from tests.service.finance.world import (
    NAMES,
    Bank,
    cancelled,
    card,
    deliver,
    number,
    publisher,
    recorded,
    registered,
    updated,
    uscc,
)

START = dt.datetime(2026, 3, 4, 4, 0, tzinfo=dt.UTC)
STEPS = ("register", "record", "renew", "review", "cancel", "rename", "move", "strike off", "reinstate", "tomorrow")


class Registry:
    """The model: enterprises and titles as the registry holds them, and what follows for the list."""

    def __init__(self) -> None:
        self.version: dict[str, int] = {}
        self.cards: dict[str, dict[str, object]] = {}
        self.titles: dict[str, dict[str, dict[str, object]]] = {}

    def step(self, what: str, code: str, title_id: str, years: int, today: dt.date) -> Event | None:
        """Do it, and say it as an event; null when it cannot be done."""
        if what != "register" and code not in self.cards:
            return None
        version = self.version[code] = self.version.get(code, 0) + 1
        held, titles = self.cards.setdefault(code, {}), self.titles.setdefault(code, {})
        if what == "register":
            return registered(code, version, **held)
        if what in ("rename", "move", "strike off", "reinstate"):
            district = random.Random(version).choice(list(NAMES))
            held |= {
                "rename": {"name": f"更名第{version}次有限公司"},
                "move": {"district_code": district, "district_name": NAMES[district]},
                "strike off": {"status": "deregistered"},
                "reinstate": {"status": "active"},
            }[what]
            return updated(code, version, **held)
        if what == "record":
            titles[title_id] = {"state": "valid", "valid_to": today + dt.timedelta(days=years)}
        elif title_id not in titles:
            return None
        elif what == "renew":
            titles[title_id] |= {"state": "valid", "valid_to": today + dt.timedelta(days=365 * years)}
        else:
            titles[title_id] |= {"state": "under_review" if what == "review" else "cancelled"}
        title = "innovative_sme" if title_id.endswith("b") else "specialized_sme"
        tell = cancelled if what == "cancel" else recorded
        return tell(code, title_id, version, card(code, **held), title=title, **titles[title_id])

    def standing(self, today: dt.date) -> set[tuple[str, str]]:
        """Which titles the list must show on `today`."""
        return {
            (code, title_id)
            for code, titles in self.titles.items()
            if self.cards[code].get("status", "active") == "active"
            for title_id, title in titles.items()
            if title["state"] == "under_review" or (title["state"] == "valid" and title["valid_to"] >= today)
        }


@contextmanager
def emptied(db: Database) -> Iterator[None]:
    """Hypothesis runs many histories in one test: each begins with nothing."""
    with db.transaction() as tx:
        tx.session.execute(
            text(
                "TRUNCATE enterprises, titles, whitelist_changes, whitelist_entries, whitelist_epochs,"
                " whitelist_segments, whitelist_files, whitelist_chunks, outbox RESTART IDENTITY"
            )
        )
    yield


moves = st.lists(
    st.tuples(st.sampled_from(STEPS), st.integers(1, 3), st.sampled_from("ab"), st.integers(0, 3), st.booleans()),
    max_size=40,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(history=moves)
def test_the_snapshot_is_the_deltas_and_both_are_the_registry(
    db: Database, bank: Bank, history: list[tuple[str, int, str, int, bool]]
) -> None:
    with emptied(db):
        follower, registry = Bank(bank._client, bank._headers), Registry()
        instant, events = START, []
        press = publisher(db, segment_rows=10)
        with clock.frozen(instant):
            press.publish()
        for what, enterprise, suffix, years, published in history:
            code = uscc(enterprise)
            if what == "tomorrow":
                instant += dt.timedelta(days=1)
            with clock.frozen(instant):
                event = registry.step(what, code, f"{code}-{suffix}", years, clock.today())
                if what == "tomorrow":
                    with db.transaction() as tx:
                        expire_titles(tx)
                elif event is not None:
                    deliver(db, event)
                    events.append(event)
                number(db)
                follower.advance(limit=3)
                assert set(follower.rows) == registry.standing(clock.today())
                if published:
                    press.publish()
                    seq, content = follower.snapshot()
                    assert seq == follower.after
                    assert content == follower.content()
        with clock.frozen(instant):
            random.Random(len(events)).shuffle(events)
            deliver(db, *events)  # the whole history again, in any order
            assert number(db) == 0


def test_nobody_who_only_advances_misses_a_late_commit(db: Database, bank: Bank) -> None:
    """F20: eight writers, each of whose transactions stays open until the bank has read past it; one numberer."""
    writing = threading.Event()
    failures: list[BaseException] = []
    polls = 0
    polled = threading.Condition()

    def outlast_a_poll() -> None:
        with polled:
            began = polls
            # Two: the poll in hand may have begun before this transaction's first row.
            assert polled.wait_for(lambda: polls >= began + 2, timeout=60), "the bank has stopped reading"

    def write(lane: int) -> None:
        try:
            for turn in range(12):
                code = uscc(lane * 100 + turn % 4)
                with db.transaction(Context()) as tx:
                    if turn % 3 == 2:
                        keep_enterprise(tx, updated(code, turn + 1, name=f"更名{turn}"))
                    else:
                        list_title(
                            tx, recorded(code, f"{code}-{turn % 2}", turn + 1, valid_to=dt.date(2040, 1, turn + 1))
                        )
                    tx.flush()
                    outlast_a_poll()
        except BaseException as error:
            failures.append(error)

    def keep_numbering() -> None:
        try:
            while writing.is_set():
                publisher(db).number()
                time.sleep(0.002)
        except BaseException as error:
            failures.append(error)

    writing.set()
    writers = [threading.Thread(target=write, args=(lane,)) for lane in range(8)]
    numberer = threading.Thread(target=keep_numbering)
    for thread in (*writers, numberer):
        thread.start()
    while any(thread.is_alive() for thread in writers):
        bank.advance()
        with polled:
            polls += 1
            polled.notify_all()
    writing.clear()
    for thread in (*writers, numberer):
        thread.join()
    number(db)
    bank.advance()
    publisher(db).publish()
    assert failures == []
    assert polls >= 24
    assert bank.seen == list(range(1, len(bank.seen) + 1))
    assert set(bank.rows) == {
        (uscc(lane * 100 + turn % 4), f"{uscc(lane * 100 + turn % 4)}-{turn % 2}")
        for lane in range(8)
        for turn in range(12)
        if turn % 3 != 2
    }
    assert bank.snapshot() == (bank.after, bank.content())


def test_after_a_cancellation_no_position_shows_the_title_valid(db: Database, bank: Bank) -> None:
    """I5: neither any later change nor any later epoch."""
    code, press = uscc(1), publisher(db)
    deliver(db, registered(code), recorded(code, "t-1", 2), recorded(uscc(2), "t-2", 1))
    number(db)
    press.publish()
    bank.advance()
    assert (code, "t-1") in bank.rows
    deliver(db, cancelled(code, "t-1", 3))
    number(db)
    withdrawn_at = None
    for late in (recorded(code, "t-1", 2), updated(code, 4, name="更名后"), updated(uscc(2), 2, name="另一家")):
        deliver(db, late)
        number(db)
        press.publish()
        before = bank.after
        bank.advance(limit=1)
        withdrawn_at = withdrawn_at or before + 1
        assert (code, "t-1") not in bank.rows
        seq, content = bank.snapshot()
        assert seq >= withdrawn_at
        assert b'"t-1"' not in content


def test_an_epoch_is_bound_to_its_position_while_writers_write(db: Database, bank: Bank) -> None:
    """The list is read at one moment: what is numbered while it is packed belongs to the next epoch."""
    deliver(db, recorded(uscc(1), "t-1", 1))
    number(db)
    press = publisher(db)
    with db.reading() as moment:
        assert head(moment) == 1
        deliver(db, recorded(uscc(2), "t-2", 1))
        number(db)
        with ExitStack() as held:
            snapshot = build_snapshot(moment, held)
            assert (snapshot.seq, snapshot.count) == (1, 1)
    press.publish()
    bank.advance()
    assert bank.snapshot() == (2, bank.content())
