"""Only what depends on a change is assessed again; the calendar and batch runs reach everybody they must."""

import datetime as dt
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from chassis.schedule import DailyAt, Schedule, Scheduler
from services.eligibility.app import PREFIX
from services.eligibility.domain import changes
from services.eligibility.store.pending import Pending
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.mark_due import mark_due
from tests.fixtures.identity import Identities
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, card, facts, registered, title

OTHER = "91341302MA2N0C3K5Y"


def waiting(db: Database) -> dict[str, Any]:
    with db.reading() as tx:
        return {
            row.uscc: row.changed for row in tx.session.execute(text("SELECT uscc, changed FROM pending_assessments"))
        }


def assessed_at(db: Database, uscc: str = USCC) -> dict[str, dt.datetime]:
    query = text("SELECT title, assessed_at FROM assessments WHERE current AND uscc = :uscc")
    with db.reading() as tx:
        return {row.title: row.assessed_at for row in tx.session.execute(query, {"uscc": uscc})}


def mark(db: Database, day: dt.date) -> int:
    with db.transaction() as tx:
        return mark_due(tx, day)


def changed_facts(values: dict[str, Any], version: int) -> Any:
    return facts({0: INNOVATIVE[0] | values}, version=version)


def test_a_fact_is_assessed_again_only_for_the_titles_that_read_it(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    before = assessed_at(db)
    eligibility.tell(changed_facts({"ip_class2_count": 4}, 3))
    assert waiting(db) == {USCC: ["ip_class2_count"]}
    with db.reading() as tx:
        concerned = changes.titles_concerned(
            load_rules(tx, eligibility.catalog, eligibility.sizes).editions, ["ip_class2_count"]
        )
    assert "innovative_sme" in concerned
    eligibility.assess()
    again = {name for name, moment in assessed_at(db).items() if moment != before[name]}
    assert again == concerned & set(before)
    assert again < set(before), "one title at least reads no Ⅱ类知识产权"


def test_what_no_pack_reads_costs_nothing(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    before = assessed_at(db)
    eligibility.tell(changed_facts({"contact_note": "x"}, 3))
    assert eligibility.assess() == 1, "taken"
    assert assessed_at(db) == before, "and nothing assessed"


def test_a_new_name_asks_for_no_assessment_and_another_industry_does(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    eligibility.tell(registered().model_copy(update={"version": 3, "enterprise": card(name="（合成样例）新名称")}))
    assert waiting(db) == {}
    eligibility.tell(registered().model_copy(update={"version": 4, "enterprise": card(industry_code="6510")}))
    assert waiting(db) == {USCC: [changes.INDUSTRY]}


def test_changes_add_up_and_anything_swallows_them(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    eligibility.tell(changed_facts({"ip_class2_count": 4}, 3), title("tech_sme", version=4))
    assert sorted(waiting(db)[USCC]) == ["ip_class2_count", "title:tech_sme"]
    with db.transaction() as tx:
        Pending(tx).add([USCC])
    eligibility.tell(changed_facts({"ip_class2_count": 5}, 5))
    assert waiting(db) == {USCC: None}


def test_an_event_that_was_put_aside_is_made_good_by_the_next(eligibility: Eligibility, db: Database) -> None:
    """Events carry whole periods: what an earlier one had changed counts as changed when only the later one arrives."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    late = changed_facts({"ip_class2_count": 9, "lead_product_in_sei": False}, 4)
    eligibility.tell(late.model_copy(update={"changed": ("lead_product_in_sei",)}))
    assert waiting(db) == {USCC: ["ip_class2_count", "lead_product_in_sei"]}


def test_the_calendar_marks_whose_title_ends_and_nobody_else(eligibility: Eligibility, db: Database) -> None:
    last = dt.date(YEAR + 1, 8, 31)
    noon = dt.datetime(YEAR + 1, 8, 1, 4, tzinfo=dt.UTC)
    with clock.frozen(noon):
        eligibility.tell(registered(), facts(INNOVATIVE), registered(OTHER))
        eligibility.tell(title("innovative_sme", valid_from=dt.date(YEAR - 1, 9, 1), valid_to=last))
        eligibility.assess()
        assert mark(db, clock.today()) == 0
    with clock.frozen(noon + dt.timedelta(days=30)):
        assert (clock.today(), mark(db, clock.today())) == (last, 0), "its last day still counts"
    with clock.frozen(noon + dt.timedelta(days=31)):
        assert mark(db, clock.today()) == 1
        assert set(waiting(db)) == {USCC}
        assert changes.of_calendar("innovative_sme") in waiting(db)[USCC]
        eligibility.assess()
        assert mark(db, clock.today()) == 0, "assessed, and settled again"


def test_a_new_year_marks_everybody(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE), registered(OTHER))
    eligibility.assess()
    assert mark(db, dt.date(clock.today().year + 1, 1, 1)) == 2
    assert set(waiting(db)) == {USCC, OTHER}


def test_the_schedule_that_marks_moves_on_to_the_next_day(eligibility: Eligibility, db: Database) -> None:
    """Marking many must not take the schedule's own row out of its transaction: it would be due again at once."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    new_year = dt.date(clock.today().year + 1, 1, 1)
    schedule = Schedule("mark", DailyAt(dt.time(0, 10)), lambda tx: mark_due(tx, new_year))
    scheduler = Scheduler(db, [schedule])
    scheduler.prepare()
    assert scheduler.run_due() == 1
    assert set(waiting(db)) == {USCC}
    assert scheduler.run_due() == 0


def test_whoever_was_assessed_before_there_was_a_calendar_is_marked(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    with db.transaction() as tx:
        tx.session.execute(text("DELETE FROM assessment_calendar"))
    assert mark(db, clock.today()) == 1
    assert waiting(db) == {USCC: None}


def test_the_calendar_finds_the_same_as_assessing_everybody_every_day(eligibility: Eligibility, db: Database) -> None:
    """Two years, day by day: following the calendar leaves no verdict that a full run would change."""
    start = dt.datetime(YEAR + 1, 3, 2, 4, tzinfo=dt.UTC)
    accident = {"kind": "quality", "severity": "major", "happened_on": f"{YEAR - 2}-05-20"}
    with clock.frozen(start):
        eligibility.tell(
            registered(), changed_facts({"accidents": [accident]}, 2), facts({YEAR: INNOVATIVE[YEAR]}, version=3)
        )
        eligibility.tell(title("innovative_sme", version=4, valid_to=dt.date(YEAR + 1, 9, 30)))
        eligibility.assess()
    taken = 0
    for day in range(1, 730, 9):
        with clock.frozen(start + dt.timedelta(days=day)):
            mark(db, clock.today())
            taken += eligibility.assess()
            followed = verdicts(db)
            with db.transaction() as tx:
                Pending(tx).add_all()
            eligibility.assess()
            assert verdicts(db) == followed, clock.today()
    assert taken < 12, "a handful of days, not all of them"


def verdicts(db: Database) -> list[tuple[Any, ...]]:
    with db.reading() as tx:
        query = "SELECT title, kind, verdict, outcome_hash FROM assessments WHERE current ORDER BY 1"
        return [tuple(row) for row in tx.session.execute(text(query))]


def test_a_batch_run_reaches_everybody_of_an_area_and_says_how_far_it_is(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(), registered(OTHER, district_code="340102"))
    eligibility.assess()
    run = client.post(f"{PREFIX}/batch-runs", json={"district": "3413"}, headers={"Idempotency-Key": "b1"})
    assert run.status_code == 202
    assert (run.json()["total"], run.json()["done"], run.json()["finished"]) == (1, 0, False)
    assert set(waiting(db)) == {USCC}
    eligibility.assess()
    seen = client.get(run.headers["location"]).json()
    assert (seen["done"], seen["finished"]) == (1, True)
    assert [each["id"] for each in client.get(f"{PREFIX}/batch-runs").json()["items"]] == [seen["id"]]


def test_a_batch_run_stays_in_the_callers_areas(client: TestClient, identities: Identities) -> None:
    scoped = identities.headers(scopes=["assessments:run"], areas=("3413",))
    for number, body in enumerate(({}, {"district": "34"}, {"district": "3401"})):
        answer = client.post(f"{PREFIX}/batch-runs", json=body, headers={**scoped, "Idempotency-Key": f"k{number}"})
        assert (answer.status_code, answer.json()["code"]) == (403, "outside-jurisdiction"), body
    answer = client.post(
        f"{PREFIX}/batch-runs", json={"district": "341302"}, headers={**scoped, "Idempotency-Key": "k"}
    )
    assert answer.status_code == 202
    assert client.get(f"{PREFIX}/batch-runs/{USCC}").status_code == 422
