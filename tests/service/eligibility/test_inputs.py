"""What assessments looked at is kept once, for as long as one of them refers to it."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from chassis.db import Database
from services.eligibility.migrations import MIGRATIONS
from services.eligibility.store.pending import Pending
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, facts, registered
from tests.support.postgres import Server


def rows(db: Database, query: str) -> list[tuple[Any, ...]]:
    with db.reading() as tx:
        return [tuple(row) for row in tx.session.execute(text(query))]


def kept(db: Database) -> list[tuple[str, int]]:
    """(hash, assessments that refer to it), the oldest first."""
    return [
        (row[0], row[1])
        for row in rows(
            db,
            """SELECT i.hash, count(a.id) FROM assessment_inputs i
               LEFT JOIN assessments a ON a.uscc = i.uscc AND a.inputs_hash = i.hash
               GROUP BY i.hash, i.kept_at ORDER BY i.kept_at""",
        )
    ]


def test_all_titles_of_an_enterprise_share_what_they_looked_at(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    assessments = rows(db, "SELECT count(*) FROM assessments WHERE current")[0][0]
    assert assessments > 5
    assert [count for _, count in kept(db)] == [assessments]
    assert rows(db, "SELECT inputs -> 'facts' -> 'revenue_yuan' FROM assessment_inputs")[0][0].keys() == {
        str(YEAR),
        str(YEAR - 1),
    }


def test_an_earlier_assessment_keeps_what_it_looked_at(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    first = kept(db)[0][0]
    eligibility.tell(facts({0: INNOVATIVE[0] | {"ip_class2_count": 4}}, version=3))
    eligibility.assess()
    (hash_before, before), (hash_now, now) = kept(db)
    assert hash_before == first != hash_now
    assert before
    assert now
    figures = rows(db, "SELECT inputs -> 'facts' -> 'ip_class2_count' -> '0' ->> 'value' FROM assessment_inputs")
    assert sorted(figures) == [("3",), ("4",)]


def test_what_nothing_refers_to_any_more_goes(eligibility: Eligibility, db: Database) -> None:
    """The same values from a later statement: every outcome stands, and looked at the newer ones."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    first = kept(db)
    again = facts(INNOVATIVE, version=3)
    for period in again.periods:
        for fact in period.facts.values():
            fact["recorded_at"] = "2026-04-01T00:00:00+00:00"
    eligibility.tell(again)
    with db.transaction() as tx:
        Pending(tx).add([USCC])
    eligibility.assess()
    assert [count for _, count in kept(db)] == [count for _, count in first]
    assert kept(db)[0][0] != first[0][0]
    assert "2026-04-01" in str(rows(db, "SELECT inputs FROM assessment_inputs"))


@pytest.fixture
def as_before(postgres: Server) -> Iterator[Database]:
    """The database as it was when each assessment had inputs of its own."""
    name = f"before_inputs_{uuid.uuid4().hex[:8]}"
    postgres.create(name)
    db = Database(postgres.url_for(name), name="test-eligibility", pool_size=2)
    MIGRATIONS.upgrade(db, "0008")
    yield db
    db.close()
    postgres.drop(name)


def test_stored_inputs_survive_the_migration(as_before: Database) -> None:
    db = as_before
    with db.transaction() as tx:
        for number, (title, figure) in enumerate((("a", 1), ("b", 1), ("c", 2))):
            tx.session.execute(
                text(
                    """INSERT INTO assessments (id, uscc, title, kind, pack_id, pack_hash, application_date, verdict,
                         missing, inputs, outcome_hash, trigger, assessed_at, current)
                       VALUES (:id, :uscc, :title, 'new', 'p', 'h', '2026-05-01', 'eligible', '{}',
                         jsonb_build_object('figure', CAST(:figure AS int)), 'o', 'event', now(), true)"""
                ),
                {"id": f"00000000-0000-7000-8000-00000000000{number}", "uscc": USCC, "title": title, "figure": figure},
            )
    MIGRATIONS.upgrade(db)
    assert rows(
        db,
        """SELECT title, inputs ->> 'figure' FROM assessments a
           JOIN assessment_inputs i ON i.uscc = a.uscc AND i.hash = a.inputs_hash ORDER BY 1""",
    ) == [("a", "1"), ("b", "1"), ("c", "2")]
    assert rows(db, "SELECT count(*) FROM assessment_inputs") == [(2,)]
    assert MIGRATIONS.differences(db) == []
