"""Titles of a place: assessed where their document binds, left behind by who moves away, refused elsewhere."""

import datetime as dt

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis.db import Database
from contracts.events.registry import EnterpriseMerged, EnterpriseUpdated, SuccessorCard
from services.eligibility.app import PREFIX
from services.eligibility.subscriptions import SUBSCRIPTIONS
from tests.service.eligibility.conftest import INNOVATIVE, USCC, Eligibility, card, events, facts, registered


def current_titles(db: Database) -> set[str]:
    with db.reading() as tx:
        return {row[0] for row in tx.session.execute(text("SELECT title FROM assessments WHERE current"))}


SUZHOU = {"suzhou_specialized_sme", "suzhou_growing_micro", "suzhou_industry_giant"}


@pytest.mark.parametrize(
    ("district", "local"),
    [
        ("341302", SUZHOU),
        ("321102", {"zhenjiang_small_to_above"}),
        ("500114", {"qianjiang_tech_enterprise"}),
        ("500107", set()),
        ("370102", set()),
        (None, set()),
    ],
)
def test_a_local_title_is_assessed_only_where_its_document_binds(
    eligibility: Eligibility, db: Database, district: str | None, local: set[str]
) -> None:
    eligibility.tell(registered(district_code=district), facts(INNOVATIVE))
    eligibility.assess()
    assert {title for title in current_titles(db) if title.startswith(("suzhou_", "zhenjiang_", "qianjiang_"))} == local
    assert {"high_tech", "tech_sme", "champion", "innovative_sme"} <= current_titles(db)
    eligible = [event["title"] for event in events(db) if event["verdict"] == "eligible"]
    assert eligible == ["innovative_sme"], "one message to the commissioner, not one per pack"


def test_an_enterprise_that_moves_leaves_the_local_titles_behind(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered())
    eligibility.assess()
    assert current_titles(db) >= SUZHOU
    moved = card(district_code="321102")
    eligibility.tell(EnterpriseUpdated(uscc=USCC, version=2, changed=("district_code",), enterprise=moved))
    eligibility.assess()
    assert not SUZHOU & current_titles(db)
    assert "zhenjiang_small_to_above" in current_titles(db)


def test_the_copy_of_a_merged_enterprise_says_that_it_has_ended(eligibility: Eligibility, db: Database) -> None:
    eligibility.tell(registered())
    merged = EnterpriseMerged(
        uscc=USCC,
        version=2,
        successor=SuccessorCard(uscc="913413023456789012", name="承继有限公司"),
        effective_on=dt.date(2026, 3, 1),
        document="登记通知书",
        enterprise=card(status="deregistered"),
    )
    for handler in SUBSCRIPTIONS[EnterpriseMerged]:
        with db.transaction() as tx:
            handler(tx, merged)
    with db.reading() as tx:
        kept = tx.session.execute(text("SELECT status, version FROM enterprises WHERE uscc = :code"), {"code": USCC})
        assert tuple(kept.one()) == ("deregistered", 2)


def test_a_local_title_asked_for_elsewhere_is_refused_with_the_area(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(district_code="370102"))
    answer = client.post(f"{PREFIX}/assessments", json={"uscc": USCC, "title": "suzhou_growing_micro"})
    assert (answer.status_code, answer.json()["code"]) == (422, "no-pack-in-force")
    assert "只适用于登记在 3413 地区的企业，该企业登记在 370102" in answer.json()["detail"]


def test_a_title_without_rules_answers_what_is_not_found(client: TestClient) -> None:
    wanted = {"title": "suzhou_growing_micro", "facts": [], "titles": [], "district_code": "341302"}
    body = client.post(f"{PREFIX}/assessments", json=wanted).json()
    assert body["verdict"]["code"] == "manual_review"
    assert any("没有写明成长性小微企业的认定标准" in reason for reason in body["reasons"])
    packs = client.get(f"{PREFIX}/packs").json()
    assert next(each["area"] for each in packs if each["id"] == "suzhou-2018-growing-micro") == ["3413"]
    assert next(each["area"] for each in packs if each["id"] == "hte-32-195-2016") == []
