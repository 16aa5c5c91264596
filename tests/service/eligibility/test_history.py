"""What changed from one assessment to the next, what does not agree, and how old a value is."""

import copy
import datetime as dt
from collections import Counter
from typing import Any

import pytest
from starlette.testclient import TestClient

from chassis import clock
from contracts.events.registry import EnterpriseUpdated
from services.eligibility.app import PREFIX
from services.eligibility.store.pending import Pending
from tests.service.eligibility.conftest import INNOVATIVE, USCC, YEAR, Eligibility, card, facts, registered, title

URL = f"{PREFIX}/enterprises/{USCC}/history"


def changed_facts(**of_year: Any) -> dict[int, dict[str, Any]]:
    found = copy.deepcopy(INNOVATIVE)
    found[YEAR] |= of_year
    return found


def test_each_step_says_what_changed_and_why(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    eligibility.tell(facts(changed_facts(rd_expense_yuan="900000.00"), version=3))
    eligibility.assess()
    newest, first = client.get(URL, params={"title": "innovative_sme"}).json()["items"]
    assert (newest["current"], first["current"]) == (True, False)
    assert (newest["previous_id"], first["previous_id"], first["changes"]) == (first["id"], None, [])
    assert newest["since"] <= newest["assessed_at"] or newest["since"][:19] == newest["assessed_at"][:19]
    told = {(each["what"]["code"], each["id"]): (each["before"], each["after"]) for each in newest["changes"]}
    assert told[("condition", "CX-2")] == ("20 分（符合）", "10 分（符合）")
    before, after = told[("fact", "rd_expense_yuan")]
    assert "160.00 万元（审计报告" in before
    assert "90.00 万元（审计报告" in after
    assert told[("score", "score")][0] != told[("score", "score")][1]
    assert ("verdict", "verdict") not in told, "the verdict stayed"
    assert len([each for each in newest["changes"] if each["what"]["code"] == "fact"]) == 1


def test_a_lost_verdict_a_title_and_an_industry_are_named(eligibility: Eligibility, client: TestClient) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    worse = copy.deepcopy(INNOVATIVE)
    worse[0]["abnormal_list"] = True
    eligibility.tell(
        facts(worse, version=3),
        title("high_tech"),
        EnterpriseUpdated(uscc=USCC, version=4, changed=("industry_code",), enterprise=card(industry_code="3911")),
    )
    eligibility.assess()
    newest = client.get(URL, params={"title": "innovative_sme"}).json()["items"][0]
    told = {each["what"]["code"]: (each["before"], each["after"]) for each in newest["changes"]}
    assert told["verdict"] == ("测算符合条件", "测算不符合条件")
    assert told["industry"] == ("3484", "3911")
    assert told["title"][0] is None
    assert told["title"][1].startswith("有效，至 ")


def test_the_history_is_paged_without_losing_a_comparison(eligibility: Eligibility, client: TestClient) -> None:
    for version, spent in enumerate(("1600000.00", "900000.00", "600000.00"), 2):
        eligibility.tell(registered(), facts(changed_facts(rd_expense_yuan=spent), version=version))
        eligibility.assess()
    whole = client.get(URL).json()["items"]
    told = Counter(each["title"]["code"] for each in whole)
    spending = [title for title, count in told.items() if count == 3]
    assert {"innovative_sme", "specialized_sme"} <= set(spending), "three of each title that reads the expense"
    assert set(told.values()) == {1, 3}, "and one of the others"
    pages, cursor = [], None
    while True:
        page = client.get(URL, params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        pages += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == whole
    assert sum(bool(each["changes"]) for each in pages) == 2 * len(spending)


def test_what_was_looked_at_on_the_last_day_is_what_the_assessment_keeps(
    eligibility: Eligibility, client: TestClient
) -> None:
    """A fact that no rule shows changes no outcome, but the record is of the day it names."""
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    more = copy.deepcopy(INNOVATIVE)
    more[0]["established_on"] = "2015-01-01"
    eligibility.tell(facts(more, version=3))
    with eligibility.db.transaction() as tx:
        Pending(tx).add_all()
    eligibility.assess()
    [item] = client.get(URL, params={"title": "innovative_sme"}).json()["items"]
    record = client.get(f"{PREFIX}/assessments/{item['id']}/record").json()
    assert record["inputs"]["facts"]["established_on"]["0"]["value"] == "2015-01-01"
    assert record["assessment"]["reproduced"] is True


# -- consistency --------------------------------------------------------------------------------------------------


def test_what_does_not_agree_is_found_across_facts_years_sources_and_the_register(
    eligibility: Eligibility, client: TestClient
) -> None:
    first = changed_facts(revenue_yuan="32000000.00", rd_staff=86, full_time_staff=84)
    eligibility.tell(registered(size_class="large"), facts(first))
    eligibility.assess()
    later = changed_facts(revenue_yuan="27000000.00", rd_staff=86, full_time_staff=84)
    eligibility.tell(facts(later, version=3))
    eligibility.assess()
    answer = client.get(f"{PREFIX}/consistency", params={"uscc": USCC})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found = {(each["check"], each["fiscal_year"]): each for each in body["discrepancies"]}
    assert {name for name, _ in found} == {
        "main-revenue-within-revenue",
        "rd-staff-within-full-time-staff",
        "rd-staff-within-headcount",
        "registered-size",
        "earlier-statements",
    }
    assert [each["severity"]["code"] for each in body["discrepancies"]] == ["impossible"] * 3 + ["doubtful"] * 2
    twice = found[("earlier-statements", YEAR)]
    assert [each["display"] for each in twice["figures"]] == ["3,200.00 万元", "2,700.00 万元"]
    assert "登记为大型企业" in found[("registered-size", YEAR)]["message"]
    assert 0 < len(found) < body["compared"]


def test_data_that_agrees_has_no_discrepancy_and_changes_no_assessment(
    eligibility: Eligibility, client: TestClient
) -> None:
    eligibility.tell(registered(), facts(INNOVATIVE))
    eligibility.assess()
    before = client.get(URL).json()
    body = client.get(f"{PREFIX}/consistency", params={"uscc": USCC}).json()
    assert body["discrepancies"] == []
    assert body["compared"] >= 4
    assert client.get(URL).json() == before
    assert client.get(f"{PREFIX}/consistency").status_code == 422
    other = client.get(f"{PREFIX}/consistency", params={"uscc": "91341302MA2N0C3K6X"})
    assert (other.status_code, other.json()["code"]) == (404, "enterprise-not-known")


# -- age and the next band ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "age"),
    [("2023-06-30", "3 年前的数据"), ("2023-07-01", "2 年前的数据"), ("2026-04-30", "2 个月前的数据"),
     ("2026-06-30", "本月的数据"), (None, "数据日期不详")],
)  # fmt: skip
def test_a_value_says_how_old_it_is_on_the_day(client: TestClient, as_of: str | None, age: str) -> None:
    stated = [{"fact": "total_assets_yuan", "value": "100", "fiscal_year": 2025, "as_of": as_of},
              {"fact": "total_liabilities_yuan", "value": "60", "fiscal_year": 2025}]  # fmt: skip
    wanted = {"title": "innovative_sme", "facts": stated, "application_date": "2026-06-30"}
    with clock.frozen(dt.datetime(2026, 6, 30, tzinfo=dt.UTC)):
        body = client.post(f"{PREFIX}/assessments", json=wanted).json()
    debt = next(each for each in body["conditions"] if each["id"] == "CX-4")
    assert age in {each["age"] for each in debt["inputs"] if each["fact"] == "total_assets_yuan"}
    assert debt["next_band"] == {
        "reach": "2025年负债总额÷2025年资产总额 ≤55%",
        "points": {"low": "10", "high": "10", "max": "10"},
    }
