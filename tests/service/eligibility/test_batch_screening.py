"""A batch run screens in columns and traces the rest: the database says the same as if everybody had been traced."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text

from chassis import clock
from chassis.db import Database
from rulebook import columnar_measures
from rulebook.dictionary import Dictionary
from services.eligibility.domain.catalog import Catalog
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.settings import Settings
from services.eligibility.store.pending import Pending
from services.eligibility.store.repositories import Enterprises
from services.eligibility.use_cases.assess_on_request import assess_registered
from services.eligibility.use_cases.assess_pending import assess_pending
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.screen_batch import screen_batch
from services.eligibility.use_cases.start_batch_run import start_batch_run
from tests.fixtures.database import Templates
from tests.service.eligibility.conftest import Eligibility, Prepared
from tests.unit.rulebook.populations import Awkward

DAY = dt.date(2026, 6, 30)
NOON = dt.datetime(2026, 6, 30, 4, tzinfo=dt.UTC)
DISTRICTS = ("341302", "340102", "500114", "321102", None)
EVERYBODY = 36
TABLES = {
    "assessments": "a - 'id' - 'trigger'",
    "findings_requests": "a - 'id'",
    "assessment_calendar": "a",
    "pending_assessments": "a - 'context' - 'batch_id'",
    "outbox": "(a -> 'payload') - 'assessment_id' - 'request_id'",
}
"""What each way must leave alike; identifiers are new each time, and the history says that a batch run found it."""


def code(number: int) -> str:
    return f"91341302MA2N{number:05d}X"


class World:
    """Awkward enterprises, each made for one of the packs, kept as if the registry had told of them."""

    def __init__(self, eligibility: Eligibility, dictionary: Dictionary) -> None:
        self.eligibility, self.db, self.dictionary = eligibility, eligibility.db, dictionary
        self.chance = random.Random(7)
        self.version = 1
        with self.db.reading() as tx:
            self.packs = load_rules(tx, eligibility.catalog, eligibility.sizes).editions.packs

    def register(self, number: int, *, district: str | None, industry: str | None) -> None:
        self.version += 1
        row = {
            "uscc": code(number), "version": self.version, "name": f"（合成样例）第{number}号企业", "status": "active",
            "district_code": district, "industry_code": industry, "size_class": None, "synthetic": True,
        }  # fmt: skip
        with self.db.transaction() as tx:
            Enterprises(tx).save(row)

    def tell(self, number: int, row: Mapping[str, Any]) -> None:
        """Facts and titles are as in `row` from now on; nobody is marked."""
        self.version += 1
        periods: dict[int, dict[str, dict[str, Any]]] = {0: {}, **{DAY.year - back: {} for back in range(4)}}
        for fact_id, years in row["facts"].items():
            for year, stored in years.items():
                periods.setdefault(int(year), {})[fact_id] = {**stored, "as_of": None, "recorded_at": NOON.isoformat()}
        with self.db.transaction() as tx:
            for year, facts in periods.items():
                Enterprises(tx).save_facts(code(number), self.version, year, facts)
            for position, title in enumerate(row["titles"]):
                days = ("valid_from", "valid_to", "cancelled_on")
                held = {name: title[name] and dt.date.fromisoformat(title[name]) for name in days}
                Enterprises(tx).save_title(
                    {"title_id": f"{number}-{position}", "uscc": code(number), "version": self.version,
                     "title": title["code"], "state": title["state"], "ban": title["ban"], **held}
                )  # fmt: skip

    def awkward(self, number: int) -> Mapping[str, Any]:
        pack = self.packs[number % len(self.packs)]
        return Awkward(pack, self.dictionary, DAY, self.chance).row()

    def populate(self) -> None:
        for number in range(EVERYBODY):
            row = self.awkward(number)
            self.register(number, district=DISTRICTS[number % len(DISTRICTS)], industry=row["industry_code"])
            self.tell(number, row)
        with self.db.transaction() as tx:
            Pending(tx).add_all()
        self.eligibility.assess()

    def change(self) -> None:
        """What a batch run may meet: some of it was announced and swallowed, some of it nobody has noticed."""
        for number in range(0, EVERYBODY, 6):
            self.tell(number, self.awkward(number))
        for number in range(1, EVERYBODY, 15):
            self.register(number, district="500114", industry="I6510")
        with self.db.transaction() as tx:
            Pending(tx).add([code(number) for number in range(0, EVERYBODY, 12)], ["headcount"])
            tx.session.execute(text("UPDATE assessment_calendar SET fingerprints = '{}' WHERE uscc = :code"),
                               {"code": code(2)})  # fmt: skip
            tx.session.execute(text("UPDATE assessment_calendar SET due = due || :due WHERE uscc = :code"),
                               {"code": code(3), "due": f'{{"innovative_sme": "{DAY}"}}'})  # fmt: skip
        self.register(EVERYBODY, district="341302", industry="3911")
        self.ask(4)

    def ask(self, number: int) -> None:
        """Somebody asks about an enterprise whose facts have become others, then they are as before."""
        with self.db.reading() as tx:
            before = Enterprises(tx).facts_of(code(number))
        self.tell(number, {"facts": {}, "titles": []})
        with self.db.transaction() as tx:
            rules = load_rules(tx, self.eligibility.catalog, self.eligibility.sizes)
            assess_registered(tx, rules, code(number), "innovative_sme", kind=None, day=DAY, today=DAY)
        self.version += 1
        with self.db.transaction() as tx:
            for year, facts in before.items():
                Enterprises(tx).save_facts(code(number), self.version, year, facts)


def left(db: Database) -> dict[str, Counter[str]]:
    with db.reading() as tx:
        return {
            table: Counter(
                tx.session.scalars(text(f"SELECT ({what})::text FROM (SELECT to_jsonb({table}) a FROM {table}) rows"))
            )
            for table, what in TABLES.items()
        }


@pytest.fixture
def populated(templates: Templates, settings: Settings, catalog: Catalog) -> Iterator[Callable[[], World]]:
    """The same population each time, on a database of its own, assessed on the same day."""
    template = Prepared(MIGRATIONS.folder, MIGRATIONS.metadata, settings=settings)
    with ExitStack() as stack, clock.frozen(NOON):

        def build() -> World:
            db = stack.enter_context(templates.copy("eligibility_prepared", template))
            world = World(Eligibility(db, settings, catalog), catalog.dictionary)
            world.populate()
            return world

        yield build


def run(world: World, *, screened: bool) -> None:
    with world.db.transaction() as tx:
        start_batch_run(tx, None)
        if not screened:
            tx.session.execute(text("UPDATE pending_assessments SET batch_id = NULL"))
    world.eligibility.assess()


def doubted(world: World) -> dict[str, int]:
    """How many titles of whom a first screening leaves to be traced."""
    with world.db.transaction() as tx:
        start_batch_run(tx, None)
        screen_batch(tx, world.eligibility.catalog, world.eligibility.sizes, 1000)
        rows = tx.session.execute(text("SELECT uscc, cardinality(changed) FROM pending_assessments"))
        found = {row[0]: row[1] for row in rows}
        tx.session.rollback()
    return found


@pytest.mark.parametrize(
    "days_later",
    [
        pytest.param(0, id="the same day", marks=pytest.mark.slow),
        pytest.param(3, id="days later"),
        pytest.param(200, id="in another year", marks=pytest.mark.slow),
    ],
)
def test_screening_and_tracing_everybody_leave_the_same(populated: Callable[[], World], days_later: int) -> None:
    one, other = populated(), populated()
    for world in (one, other):
        world.change()
    assert left(one.db) == left(other.db), "both begin alike"
    with clock.frozen(NOON + dt.timedelta(days=days_later)):
        run(one, screened=True)
        run(other, screened=False)
    after, expected = left(one.db), left(other.db)
    for table in TABLES:
        assert after[table] - expected[table] == expected[table] - after[table] == Counter(), table
    assert len(after["outbox"]) > 10
    assert after["pending_assessments"] == Counter()


def test_only_those_are_traced_for_whom_something_differs(populated: Callable[[], World]) -> None:
    world = populated()
    assert doubted(world) == {}, "nothing has happened since the assessment"
    world.change()
    changed = {*range(0, EVERYBODY, 6), *range(1, EVERYBODY, 15), 2, 3, 4, EVERYBODY}
    found = doubted(world)
    assert set(found) == {code(number) for number in changed}
    assert found[code(3)] == 1, "the title on which a day has come"
    assert found[code(4)] == 1, "the title that a request was about"


def test_an_evaluator_that_was_mended_is_noticed(
    populated: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No input, pack or day is another one, and yet it has to be assessed again: that is what batch runs are for."""
    world = populated()
    monkeypatch.setattr(columnar_measures._Figure, "at_least", lambda self, edge: self.above(edge))
    assert 0 < len(doubted(world)) < EVERYBODY


def test_after_a_release_with_another_engine_dictionary_or_size_table_nothing_stands_unseen(
    populated: Callable[[], World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = populated()
    monkeypatch.setattr(world.eligibility.catalog, "ground", "another release")
    assert len(doubted(world)) == EVERYBODY


def test_an_event_of_before_does_not_wait_for_the_run_either(populated: Callable[[], World]) -> None:
    world = populated()
    with world.db.transaction() as tx:
        Pending(tx).add([code(7)], ["headcount"])
    with world.db.transaction() as tx:
        start_batch_run(tx, None)
    with world.db.transaction() as tx:
        assert assess_pending(tx, world.eligibility.catalog, world.eligibility.sizes, 100) == 1


def test_an_event_does_not_wait_for_the_run(populated: Callable[[], World]) -> None:
    """Whom a run has marked and not come to yet is assessed for all titles as soon as something is told of it."""
    world = populated()
    with world.db.transaction() as tx:
        start_batch_run(tx, None)
    with world.db.transaction() as tx:
        Pending(tx).add([code(7)], ["headcount"])
        Pending(tx).add([code(8)])
    with world.db.transaction() as tx:
        assert assess_pending(tx, world.eligibility.catalog, world.eligibility.sizes, 100) == 2
    assert doubted(world) == {}
