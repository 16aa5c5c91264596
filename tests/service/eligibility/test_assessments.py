"""Assessing on events: with reasons; stored once, told when the verdict changes."""

import copy
import datetime as dt
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from contracts.events.registry import EnterpriseUpdated, TitleRenewed
from services.eligibility.app import PREFIX
from services.eligibility.use_cases.start_batch_run import start_batch_run
from tests.service.eligibility.conftest import (
    INNOVATIVE,
    USCC,
    YEAR,
    Eligibility,
    card,
    events,
    facts,
    registered,
    rows,
    title,
    titles_with_rules,
)


def run_everything_again(db: Database) -> None:
    with db.transaction() as tx:
        start_batch_run(tx, None)


def test_facts_that_suffice_make_the_enterprise_eligible_and_say_so_once(
    eligibility: Eligibility, db: Database
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    assert eligibility.assess() == 1, "two events, one assessment"
    told = {event["title"]: event for event in events(db)}
    assert set(told) == titles_with_rules()
    assert [title for title, event in told.items() if event["verdict"] == "eligible"] == ["innovative_sme"]
    assert told["innovative_sme"]["verdict"] == "eligible"
    assert told["innovative_sme"]["previous"] is None
    assert told["innovative_sme"]["pack"].startswith("miit-63-2022-innovative@")
    eligibility.tell(facts(INNOVATIVE, version=3))
    assert eligibility.assess() == 0, "the same facts need no other assessment"
    run_everything_again(db)
    assert eligibility.assess() == 1
    assert len(events(db)) == len(told), "the same outcome is not told again"
    assert rows(db) == len(told), "nor stored again"


def test_an_enterprise_without_facts_is_unknown_with_every_missing_fact_named(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(industry_code=None, size_class=None))
    eligibility.assess()
    national = {e["verdict"] for e in events(db) if not e["title"].startswith("suzhou_")}
    assert national == {"unknown"}, "no title recorded is not the same as no title held"
    answer = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "innovative_sme"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["verdict"]["code"] == "unknown"
    named = {(item["fact"], item["fiscal_year"]) for item in body["missing"]}
    for wanted in INNOVATIVE[0]:
        assert any(fact == wanted for fact, _ in named), f"{wanted} is not named"
    assert ("revenue_yuan", YEAR) in named
    assert ("main_revenue_yuan", YEAR - 1) in named
    assert {"industry_code", "headcount", "total_assets_yuan"} <= {fact for fact, _ in named}, "for the size class"


def test_an_older_event_never_overwrites_a_newer_one(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE, version=5))
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(facts(worse, version=4))
    eligibility.assess()
    assert [e["verdict"] for e in events(db) if e["title"] == "innovative_sme"] == ["eligible"]


def test_a_change_of_the_verdict_is_told_with_the_one_before(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(facts(worse, version=3))
    eligibility.assess()
    told = [(e["previous"], e["verdict"]) for e in events(db) if e["title"] == "innovative_sme"]
    assert told == [(None, "eligible"), ("eligible", "not_eligible")]


def test_a_title_opens_the_way_to_the_next_and_its_own_review(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    eligibility.tell(title("innovative_sme"))
    eligibility.assess()
    with db.reading() as tx:
        current = tx.session.execute(text("SELECT title, kind FROM assessments WHERE current ORDER BY title")).all()
    held = [tuple(row) for row in current]
    assert ("innovative_sme", "new") not in held, "nobody applies anew for what it holds"
    assert ("specialized_sme", "new") in held


def test_a_passed_review_renews_what_is_held(eligibility: Eligibility, db: Database) -> None:
    over = dt.date(2020, 1, 1)
    eligibility.tell(registered(), facts(INNOVATIVE), title("innovative_sme", valid_to=over, state="expired"))
    eligibility.assess()
    passed = title("innovative_sme", version=4, valid_to=dt.date(2099, 1, 1))
    eligibility.tell(TitleRenewed(**dict(passed), previous_valid_to=over))
    eligibility.assess()
    with db.reading() as tx:
        kept = tx.session.execute(text("SELECT state, valid_to FROM enterprise_titles")).one()
        kinds = tx.session.scalars(text("SELECT kind FROM assessments WHERE current AND title = 'innovative_sme'"))
        assert set(kinds) == {"review"}, "nobody applies anew for what it holds again"
    assert tuple(kept) == ("valid", dt.date(2099, 1, 1))


def test_coming_nearer_with_the_same_verdict_is_told_apart(eligibility: Eligibility, db: Database) -> None:
    def without(*names: str) -> dict[int, dict[str, Any]]:
        return {**INNOVATIVE, 0: {name: value for name, value in INNOVATIVE[0].items() if name not in names}}

    eligibility.tell(registered(), facts(without("abnormal_list", "prohibited_product")))
    eligibility.assess()
    first = next(each for each in events(db) if each["title"] == "innovative_sme")
    assert (first["verdict"], first["open_lines"], first["open_effort"]) == ("unknown", 2, "paperwork")
    told = len(events(db))
    eligibility.tell(facts(without("abnormal_list"), version=3))
    eligibility.assess()
    (nearer,) = [each for each in events(db)[told:] if each["title"] == "innovative_sme"]
    assert (nearer["verdict"], nearer["open_lines"], nearer["open_lines_before"]) == ("unknown", 1, 2)
    assert "previous" not in nearer, "the verdict has not changed"
    eligibility.tell(facts(INNOVATIVE, version=4))
    eligibility.assess()
    last = [each for each in events(db) if each["title"] == "innovative_sme"][-1]
    assert (last["verdict"], last["previous"]) == ("eligible", "unknown")


def test_what_was_asked_for_and_has_come_is_no_longer_named(
    eligibility: Eligibility, db: Database, client: TestClient
) -> None:
    eligibility.tell(registered(industry_code=None, size_class=None))
    eligibility.assess()
    eligibility.tell(
        EnterpriseUpdated(uscc=USCC, version=2, changed=("industry_code",), enterprise=card(industry_code="3911"))
    )
    eligibility.assess()
    [current] = client.get(f"{PREFIX}/assessments", params={"title": "innovative_sme"}).json()["items"]
    named = {each["fact"] for each in client.get(f"{PREFIX}/assessments/{current['id']}").json()["missing"]}
    assert "industry_code" not in named
    assert "headcount" in named


def test_another_title_does_not_say_that_the_needed_one_is_not_held(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE), title("high_tech"))
    eligibility.assess()
    with db.reading() as tx:
        missing = tx.session.scalar(text("SELECT missing FROM assessments WHERE current AND title = 'specialized_sme'"))
    assert "specialized_sme" not in {e["title"] for e in events(db) if e["verdict"] == "not_eligible"}
    assert missing
