"""Bad input in the facts of a request: named field by field, nothing computed, nothing stored."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from chassis import clock
from chassis.db import Database
from rulebook.dictionary import Dictionary
from services.eligibility.app import PREFIX
from services.eligibility.domain.errors import StatedFactsInvalid
from services.eligibility.domain.stated import read_stated
from services.eligibility.prepare import read_dictionary
from services.eligibility.settings import Settings
from tests.service.eligibility.conftest import YEAR

DAY = dt.date(2026, 11, 24)


@pytest.fixture
def dictionary(settings: Settings) -> Dictionary:
    return read_dictionary(settings)


def fact(name: str, value: Any, year: int | None = None, **more: Any) -> dict[str, Any]:
    return {"fact": name, "value": value, **({} if year is None else {"fiscal_year": year}), **more}


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([fact("rd_expence_yuan", "1", 2025)], [("facts[0].fact", "unknown-fact")]),
        ([fact("headcount", 80, 2025, unit="万元")], [("facts[0].unit", "wrong-unit")]),
        ([fact("revenue_yuan", "80", 2025, unit="人")], [("facts[0].unit", "wrong-unit")]),
        ([fact("legal_person", True, unit="元")], [("facts[0].unit", "wrong-unit")]),
        ([fact("headcount", -1, 2025)], [("facts[0].value", "wrong-value")]),
        ([fact("market_share", "1.5", 2025)], [("facts[0].value", "wrong-value")]),
        ([fact("headcount", "  ", 2025)], [("facts[0].value", "wrong-value")]),
        ([fact("revenue_yuan", "-0.01", 2025)], [("facts[0].value", "wrong-value")]),
        ([fact("revenue_yuan", "1", 2026)], [("facts[0].fiscal_year", "year-in-future")]),
        ([fact("revenue_yuan", "1", 2025, as_of="2026-11-25")], [("facts[0].as_of", "date-in-future")]),
        ([fact("established_on", "2026-11-25")], [("facts[0].value", "date-in-future")]),
        (
            [fact("science_awards", [{"level": "national", "rank": 1, "awarded_on": "2026-11-25"}])],
            [("facts[0].value[0].awarded_on", "date-in-future")],
        ),
        (
            [fact("science_awards", [{"level": "national", "awarded_on": "29991301"}])],
            [("facts[0].value", "wrong-value")],
        ),
        ([fact("headcount", 60, 2025), fact("rd_staff", 61, 2025)], [("facts[1].value", "impossible")]),
        (
            [fact("rd_staff", 61, 2025), fact("full_time_staff", 60, 2025), fact("nothing", 1)],
            [("facts[2].fact", "unknown-fact"), ("facts[0].value", "impossible")],
        ),
        ([fact("main_revenue_yuan", "2", 2025), fact("revenue_yuan", "1", 2025)], [("facts[0].value", "impossible")]),
    ],
)
def test_what_cannot_be_used_is_named_by_its_path(
    dictionary: Dictionary, facts: list[dict[str, Any]], expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(StatedFactsInvalid) as refused:
        read_stated(dictionary, facts, DAY, DAY)
    assert [(each.field, each.code) for each in refused.value.problems] == expected
    assert all(each.message for each in refused.value.problems)


@pytest.mark.parametrize(
    "facts",
    [
        [fact("rd_staff", 60, 2025), fact("headcount", 60, 2025), fact("full_time_staff", 60, 2025)],
        [fact("rd_staff", 61, 2025), fact("headcount", 60, 2024)],
        [fact("rd_staff", 0, 2025), fact("headcount", None, 2025)],
        [fact("revenue_yuan", "0", 2025), fact("main_revenue_yuan", "0", 2025)],
        [fact("headcount", 80, 2025, unit="人"), fact("market_share", "12", 2025, unit="%")],
        [fact("development_score", "80", 2026, source="official_platform")],
        [fact("established_on", "2026-11-24"), fact("honors", [{"kind": "high_tech", "valid_to": "2029-01-01"}])],
    ],
)
def test_what_can_be_true_is_taken(dictionary: Dictionary, facts: list[dict[str, Any]]) -> None:
    taken = read_stated(dictionary, facts, DAY, DAY)
    assert sum(map(len, taken.values())) == sum(each["value"] is not None for each in facts)


def test_the_last_usable_year_follows_the_application_date(dictionary: Dictionary) -> None:
    ahead = dt.date(2027, 3, 1)
    assert read_stated(dictionary, [fact("revenue_yuan", "1", 2026)], ahead, DAY) == {
        2026: {"revenue_yuan": {"value": "1.00", "source": "self_declared", "as_of": None}}
    }
    with pytest.raises(StatedFactsInvalid):
        read_stated(dictionary, [fact("revenue_yuan", "1", 2027)], ahead, DAY)


def test_a_date_may_be_as_late_as_the_application_it_is_stated_for(dictionary: Dictionary) -> None:
    """What a plan says to obtain by next spring is asked of next spring; an application of the past knows today."""
    award = [fact("science_awards", [{"level": "national", "rank": 1, "awarded_on": "2027-03-01"}])]
    assert read_stated(dictionary, award, dt.date(2027, 3, 1), DAY)
    for day in (dt.date(2027, 2, 28), DAY, dt.date(2025, 3, 1)):
        with pytest.raises(StatedFactsInvalid):
            read_stated(dictionary, award, day, DAY)
    lately = [fact("established_on", "2026-11-24")]
    assert read_stated(dictionary, lately, dt.date(2025, 3, 1), DAY)


@pytest.mark.parametrize("path", ["assessments", "gap-plans"])
def test_a_cancellation_that_has_not_come_is_refused(client: TestClient, path: str) -> None:
    tomorrow = clock.today() + dt.timedelta(days=1)
    cancelled = {"title": "innovative_sme", "state": "cancelled", "cancelled_on": f"{tomorrow}", "ban": True}
    wanted: dict[str, Any] = {"title": "innovative_sme", "facts": [], "titles": [cancelled]}
    answer = client.post(f"{PREFIX}/{path}", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid")
    problem = answer.json()["errors"][0]
    assert (problem["field"], problem["code"]) == ("titles[0].cancelled_on", "date-in-future")
    assert client.post(f"{PREFIX}/{path}", json=wanted | {"application_date": f"{tomorrow}"}).status_code == 200


@pytest.mark.parametrize("path", ["assessments", "gap-plans"])
def test_a_title_that_begins_after_the_application_is_refused(client: TestClient, path: str) -> None:
    tomorrow = clock.today() + dt.timedelta(days=1)
    begins = {"title": "innovative_sme", "valid_from": f"{tomorrow}", "valid_to": f"{tomorrow.year + 3}-12-31"}
    wanted: dict[str, Any] = {"title": "specialized_sme", "facts": [], "titles": [begins]}
    answer = client.post(f"{PREFIX}/{path}", json=wanted)
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid")
    problem = answer.json()["errors"][0]
    assert (problem["field"], problem["code"]) == ("titles[0].valid_from", "date-in-future")
    assert "称号自该日起才有效" in problem["message"]
    assert client.post(f"{PREFIX}/{path}", json=wanted | {"application_date": f"{tomorrow}"}).status_code == 200


def test_a_title_of_today_is_not_yet_held_on_an_earlier_application_date(client: TestClient) -> None:
    today, before = clock.today(), clock.today() - dt.timedelta(days=1)
    begins = {"title": "innovative_sme", "valid_from": f"{today}", "valid_to": f"{today.year + 3}-12-31"}
    wanted: dict[str, Any] = {"title": "specialized_sme", "facts": [], "titles": [begins]}
    for day, status in ((today, "met"), (before, "unmet")):
        body = client.post(f"{PREFIX}/assessments", json=wanted | {"application_date": f"{day}"}).json()
        (gate,) = [each for each in body["conditions"] if each["id"] == "ZJ26-1a"]
        assert gate["status"]["code"] == status


def test_a_misspelt_fact_is_answered_with_the_nearest_one(dictionary: Dictionary) -> None:
    with pytest.raises(StatedFactsInvalid) as refused:
        read_stated(dictionary, [fact("rd_expence_yuan", "1", 2025)], DAY, DAY)
    assert "rd_expense_yuan（研发费用总额）" in refused.value.problems[0].message


def test_nothing_is_stored_and_nothing_computed_when_one_fact_is_bad(client: TestClient, db: Database) -> None:
    stated = [fact("headcount", 60, YEAR), fact("rd_staff", 61, YEAR), fact("revenue_yuan", "-5", YEAR)]
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": stated})
    assert (answer.status_code, answer.json()["code"]) == (422, "stated-facts-invalid")
    assert {each["field"] for each in answer.json()["errors"]} == {"facts[1].value", "facts[2].value"}
    assert any("多出 1 人" in each["message"] for each in answer.json()["errors"])
    beyond = [fact("headcount", 60, clock.today().year)]
    answer = client.post(f"{PREFIX}/assessments", json={"title": "innovative_sme", "facts": beyond})
    assert [each["code"] for each in answer.json()["errors"]] == ["year-in-future"]
    with db.reading() as tx:
        for table in ("assessments", "outbox", "pending_assessments", "findings_requests"):
            assert tx.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({"title": "innovative-sme"}, "称号代码应为以下之一"),
        ({"title": "innovative_sme", "valid_from": "2025-01-01", "valid_to": "2024-01-01"}, "早于有效期起"),
        ({"title": "innovative_sme", "ban": True}, "只用于已取消"),
    ],
)
def test_a_title_that_cannot_be_is_refused(client: TestClient, stated: dict[str, Any], said: str) -> None:
    wanted = {"title": "specialized_sme", "facts": [], "titles": [stated]}
    answer = client.post(f"{PREFIX}/assessments", json=wanted)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_ban_can_be_stated(client: TestClient) -> None:
    cancelled = {"title": "innovative_sme", "state": "cancelled", "cancelled_on": f"{YEAR}-06-01", "ban": True}
    wanted = {"title": "innovative_sme", "facts": [], "titles": [cancelled]}
    body = client.post(f"{PREFIX}/assessments", json=wanted).json()
    barred = [each for each in body["conditions"] if "禁止申报期" in each["label"]]
    assert [each["status"]["code"] for each in barred] == ["unmet"]


def test_a_day_that_nobody_means_is_refused(client: TestClient) -> None:
    wanted = {"title": "innovative_sme", "facts": [], "application_date": "9999-12-31"}
    assert client.post(f"{PREFIX}/assessments", json=wanted).status_code == 422
