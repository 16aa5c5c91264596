"""Of several ways that do, the plan takes the smallest; and it calls nothing met that officials have yet to decide."""

from __future__ import annotations

from datetime import date

import pytest

from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.plan import plan
from rulebook.plan_model import Kind, Outcome, RoutePlan
from tests.unit.rulebook.conftest import condition
from tests.unit.rulebook.planning import DAY, Build, Plan

EITHER = (
    "{any: ['revenue_yuan[t] >= 1500 万元', {total: equity_financing.amount_yuan, where: {registered_investor: 是},"
    " within: {field: closed_on, fiscal_years: 2}, limit: '>= 2000 万元'}]}"
)


def test_of_two_ways_of_a_year_each_the_shorter_is_taken_however_late_the_year_is(planned: Plan) -> None:
    """49 万元 more revenue and 2,000 万元 of equity both take a year; R&D of two years to come sets the day."""
    test = f"{{all: ['rd_expense_yuan[t] >= 100 万元', 'rd_expense_yuan[t-1] >= 100 万元', {EITHER}]}}"
    facts: dict[str, object] = {
        "revenue_yuan": {2025: "1451 万元", 2024: "1451 万元"}, "equity_financing": "无",
        "rd_expense_yuan": {2025: "60 万元", 2024: "60 万元"},
    }  # fmt: skip
    found = planned(test, facts)
    moved = [(each.fact_id, each.target) for each in found.changes if each.fact_id != "rd_expense_yuan"]
    assert moved == [("revenue_yuan", "15000000.00")]


@pytest.mark.parametrize("titles", ["specialized_sme, little_giant", "little_giant, specialized_sme"])
@pytest.mark.parametrize("complete", [True, False])
def test_the_lower_of_two_titles_that_do_is_asked_for(planned: Plan, titles: str, *, complete: bool) -> None:
    found = planned(f"{{holds: [{titles}]}}", {}, ledger_complete=complete)
    assert [each.title for each in found.changes] == ["specialized_sme"]


def _prior(dictionary: Dictionary, subject: Build, test: str, days: dict[str, date | None]) -> RoutePlan:
    return plan(load_pack(condition(test), dictionary), subject({"honors": "无"}), DAY, prior=days).routes[0]


def test_a_title_that_is_at_hand_comes_before_a_lower_one_that_is_not(dictionary: Dictionary, subject: Build) -> None:
    test = "{holds: [innovative_sme, tech_sme]}"
    found = _prior(dictionary, subject, test, {"innovative_sme": date(2026, 12, 1), "tech_sme": DAY})
    assert [each.title for each in found.changes] == ["tech_sme"]
    no_way = _prior(dictionary, subject, test, {"innovative_sme": None})
    assert [each.title for each in no_way.changes] == ["tech_sme"]


HONOR = "{some: honors, where: {kind: [high_tech, innovation_demo, ip_advantage, ip_demo]}}"


def test_an_honour_that_is_a_title_is_a_way_of_its_own(dictionary: Dictionary, subject: Build) -> None:
    """What takes as long as the plan of 高企 says is not dated with the honours that nothing is known of."""
    late = _prior(dictionary, subject, HONOR, {"high_tech": date(2028, 11, 25)})
    [change] = late.changes
    assert (change.kind, change.title) == (Kind.OBTAIN, "")
    assert "高新技术企业" not in change.text
    assert "知识产权示范企业" in change.text
    near = _prior(dictionary, subject, HONOR, {"high_tech": DAY})
    assert any("荣誉为高新技术企业）" in each for each in near.lines[0].alternatives)


def test_a_title_whose_own_plan_was_not_made_is_said_to_be_estimated(dictionary: Dictionary, subject: Build) -> None:
    only = HONOR.replace("[high_tech, innovation_demo, ip_advantage, ip_demo]", "[high_tech]")
    estimated = _prior(dictionary, subject, only, {})
    assert [each.title for each in estimated.changes] == ["high_tech"]
    assert "取得高新技术企业的时间按一般所需时间估计，没有按该称号自身的规划推算" in estimated.assumptions
    known = _prior(dictionary, subject, only, {"high_tech": date(2027, 11, 25)})
    assert known.opportunity is not None
    assert known.opportunity.day > date(2027, 11, 25)
    assert any("最早 2027-11-25 申报" in each for each in known.assumptions)


LEFT = "left_open: 没有写明，由主管部门认定"


def test_what_only_officials_decide_is_not_called_met(planned: Plan) -> None:
    found = planned(f"{{{LEFT}}}", {})
    assert (found.outcome, found.outcome_label, found.changes) == (Outcome.UNDECIDED, "待认定", ())
    met = planned("revenue_yuan[t] >= 100 万元", {"revenue_yuan": {2025: "100 万元"}})
    assert (met.outcome, met.outcome_label) == (Outcome.MET, "已满足")


def test_a_plan_after_which_officials_still_decide_says_so(dictionary: Dictionary, subject: Build) -> None:
    test = f"{{all: ['revenue_yuan[t] >= 1500 万元', {{{LEFT}}}]}}"
    found = plan(load_pack(condition(test), dictionary), subject({"revenue_yuan": {2025: "1400 万元"}}), DAY)
    assert (found.routes[0].outcome, found.routes[0].outcome_label) == (Outcome.PLANNED, "可达到，尚待认定")
    undecided = plan(load_pack(condition(f"{{{LEFT}}}"), dictionary), subject({}), DAY)
    assert undecided.summary == "“全部”除由主管部门核定的事项外均已符合，待主管部门认定。"
