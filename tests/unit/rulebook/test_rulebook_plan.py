"""The gap planner: verified by the evaluator, without a superfluous change, on small packs and on the shipped ones."""

from __future__ import annotations

from datetime import date

import pytest

from rulebook.pack import Pack
from rulebook.plan import plan
from rulebook.plan_model import GapPlan, Kind, Outcome
from rulebook.status import Status, Verdict
from rulebook.subject import FactValue, Subject
from tests.unit.rulebook.planning import DAY, HOLDS_INNOVATIVE, NEARLY_INNOVATIVE, SPECIALIZED, Build, Plan

# -- missing, findings, titles, records -----------------------------------------------------------------------------


def test_a_missing_figure_is_to_be_supplied_with_what_it_must_reach(planned: Plan) -> None:
    found = planned("revenue_yuan[t] >= 1500 万元", {})
    [change] = found.changes
    assert (change.kind, change.effort, change.target) == (Kind.SUPPLY, "paperwork", "15000000.00")
    assert change.text == "补充2025年营业收入（材料：审计报告），须满足：≥1500 万元"
    assert found.opportunity is not None
    assert found.opportunity.day == DAY
    assert found.assumptions == ("缺失的数据不作估计：依赖这些数据的条件和分值，补齐后请重新测算",)


def test_a_finding_is_asked_of_the_officials(planned: Plan) -> None:
    found = planned("{finding: market_position_leading}", {})
    assert [each.kind for each in found.changes] == [Kind.DECIDE]
    assert found.changes[0].text.startswith("请主管部门认定“")
    assert any("以主管部门的认定为准" in each for each in found.assumptions)


def test_the_prior_tier_comes_first_and_the_other_title_stands_beside_it(planned: Plan) -> None:
    found = planned("{holds: [innovative_sme, tech_sme]}", {}, titles=())
    assert [(each.kind, each.title) for each in found.changes] == [(Kind.TITLE, "innovative_sme")]
    assert found.lines[0].alternatives == ("先取得科技型中小企业称号",)


@pytest.mark.parametrize("ledger", [{"titles": None}, {"titles": (), "ledger_complete": False}])
def test_a_title_that_nobody_asked_about_is_first_to_be_written_down(planned: Plan, ledger: dict[str, object]) -> None:
    """What is not known to be held may be held: obtaining it anew is the other way."""
    found = planned("{holds: [tech_sme]}", {}, **ledger)
    [change] = found.changes
    assert (change.kind, change.effort, change.title) == (Kind.SUPPLY, "paperwork", "tech_sme")
    assert change.text == "补充称号台账（含称号取消记录）：科技型中小企业称号已持有且在有效期内的，补登即可"
    assert found.opportunity is not None
    assert found.opportunity.day == DAY
    assert found.lines[0].alternatives == ("先取得科技型中小企业称号",)
    known = planned("{holds: [tech_sme]}", {}, titles=())
    assert [each.kind for each in known.changes] == [Kind.TITLE], "an empty ledger says that it is not held"


def test_what_is_determined_stands_in_the_plan_as_a_value(planned: Plan) -> None:
    share = "rd_expense_yuan[t] / revenue_yuan[t] >= 3%"
    [change] = planned(share, {"revenue_yuan": {2025: "40000 万元"}}).changes
    assert (change.kind, change.target) == (Kind.SUPPLY, None), "only a relation is asked"
    [change] = planned("rd_expense_yuan[t] >= 1200 万元", {}).changes
    assert (change.kind, change.target) == (Kind.SUPPLY, "12000000.00"), "a line limits it by itself"
    [title] = planned("{holds: [tech_sme]}", {}, titles=()).changes
    assert title.target == {
        "title": "tech_sme", "state": "valid", "valid_from": f"{title.ready}", "valid_to": "2026-12-31"
    }  # fmt: skip
    some = "{some: rd_institutions, where: {level: [provincial], recognised: 是}}"
    [record] = planned(some, {"rd_institutions": "无"}).changes
    assert isinstance(record.target, dict)
    assert (record.current, record.target["level"], record.target["recognised"]) == ([], "provincial", True)


def test_a_title_that_can_only_be_had_later_moves_the_plan(packs: dict[str, Pack], subject: Build) -> None:
    facts = SPECIALIZED | {"rd_expense_yuan": {2025: "100 万元", 2024: "100 万元"}}
    pack = packs["miit-2-2026-specialized"]
    prior = {"innovative_sme": date(2027, 3, 1), "tech_sme": None}
    best = plan(pack, subject(facts, titles=()), DAY, prior=prior).best
    assert best is not None
    assert best.opportunity is not None
    assert best.opportunity.day >= date(2027, 6, 1)
    refused = plan(pack, subject(facts, titles=()), DAY, prior={"innovative_sme": None, "tech_sme": None})
    assert refused.best is None
    assert "目前没有取得创新型中小企业的可行途径" in refused.summary


def test_equity_is_a_sum_still_to_be_raised(planned: Plan) -> None:
    test = (
        "{total: equity_financing.amount_yuan, where: {registered_investor: 是}, "
        "within: {field: closed_on, fiscal_years: 2}, limit: '>= 2000 万元'}"
    )
    found = planned(test, {"equity_financing": "2026-05-01|500 万元|是|10%"})
    [change] = found.changes
    assert change.text == "再完成新增股权融资 1,500 万元（投资者已备案）"
    assert (change.effort, change.ready) == ("year", date(2027, 7, 1)), "a year from 30 June 2026"
    assert change.earliest == "最早 2027-07-01（按约一年估计），最迟 2027-12-31 到账"
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2028


def test_the_cheapest_of_several_ways_is_taken_and_the_others_are_listed(planned: Plan) -> None:
    test = "{any: ['revenue_yuan[t] >= 1500 万元', abnormal_list = 否]}"
    found = planned(test, {"revenue_yuan": {2025: "1200 万元"}, "abnormal_list": "是"}, effort="months")
    assert [each.text for each in found.changes] == ["消除“被列入经营异常名录”的情形（现为是）"]


def test_nobody_is_advised_to_shrink(planned: Plan) -> None:
    found = planned("revenue_yuan[t] <= 1000 万元", {"revenue_yuan": {2025: "1200 万元"}})
    assert found.outcome is Outcome.REFUSED
    assert "不宜以缩减规模取得称号" in found.reasons[0]


# -- interaction ----------------------------------------------------------------------------------------------------


def test_more_revenue_lowers_the_share_of_rd_so_rd_rises_too(planned: Plan) -> None:
    test = "{all: ['revenue_yuan[t] >= 1500 万元', 'rd_expense_yuan[t] / revenue_yuan[t] >= 3%']}"
    found = planned(test, {"revenue_yuan": {2025: "1200 万元"}, "rd_expense_yuan": {2025: "36 万元"}})
    assert {each.fact_id: each.target for each in found.changes} == {
        "revenue_yuan": "15000000.00",
        "rd_expense_yuan": "450000.00",
    }
    assert found.verified is not None
    assert found.verified.verdict is Verdict.ELIGIBLE


def test_a_part_that_outgrows_its_whole_lifts_it(planned: Plan) -> None:
    facts: dict[str, object] = {
        "main_revenue_yuan": {2025: "1000 万元", 2024: "1000 万元"}, "revenue_yuan": {2025: "1000 万元"}
    }  # fmt: skip
    test = "{all: ['growth(main_revenue_yuan[t]) >= 10%', 'main_revenue_yuan[t] / revenue_yuan[t] >= 50%']}"
    [change] = planned(test, facts).changes
    assert change.consequences == ("相应地，2026年营业收入不低于 1,100 万元",)


def test_lines_that_pull_apart_are_refused_with_the_reason(planned: Plan) -> None:
    test = (
        "{all: ['rd_expense_yuan[t] / revenue_yuan[t] >= 10%', 'rd_expense_yuan[t] / total_assets_yuan[t] <= 1%', "
        "'total_assets_yuan[t] / revenue_yuan[t] <= 100%']}"
    )
    facts: dict[str, object] = {
        "rd_expense_yuan": {2025: "5 万元"}, "revenue_yuan": {2025: "1000 万元"},
        "total_assets_yuan": {2025: "900 万元"},
    }  # fmt: skip
    found = planned(test, facts)
    assert found.outcome is Outcome.REFUSED
    assert any("相互抵触" in each or "需人工判断" in each for each in found.reasons)


# -- real packs -----------------------------------------------------------------------------------------------------


def test_nearly_innovative_reaches_it_by_two_small_moves(packs: dict[str, Pack], subject: Build) -> None:
    found = plan(packs["miit-63-2022-innovative"], subject(NEARLY_INNOVATIVE), DAY)
    score = next(each for each in found.routes if each.route == "score")
    assert score.effort == "year"
    assert {(each.fact_id, each.fiscal_year, each.target) for each in score.changes} == {
        ("rd_expense_yuan", 2026, "450000.00"),
        ("main_revenue_yuan", 2026, "12600000.00"),
    }
    assert score.verified is not None
    assert score.verified.verdict is Verdict.ELIGIBLE
    assert found.to_json()["title"] == "innovative_sme"


def test_of_routes_of_one_class_the_one_with_the_shorter_way_comes_first(
    packs: dict[str, Pack], subject: Build
) -> None:
    """Two small moves come before half a million of equity: each route is the smallest set, the distance ranks them."""
    found = plan(packs["miit-63-2022-innovative"], subject(NEARLY_INNOVATIVE), DAY)
    ranked = [(each.route, each.effort, len(each.changes)) for each in found.routes]
    assert ranked == [("score", "year", 2), ("direct", "year", 1)]
    assert found.routes[0].distance < found.routes[1].distance


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_one_more_patent_comes_before_an_institution_that_others_must_recognise(
    planned: Plan, order: tuple[int, int]
) -> None:
    ways = ("ip_class1_count >= 1 项", "{some: rd_institutions, where: {level: [provincial], recognised: 是}}")
    first, second = (ways[each] for each in order)
    nothing: dict[str, object] = {"ip_class1_count": 0, "rd_institutions": "无"}
    found = planned(f"{{any: [{first}, {second}]}}", nothing, effort="year")
    assert [(each.kind, each.fact_id) for each in found.changes] == [(Kind.REACH, "ip_class1_count")]
    assert found.lines[0].alternatives[0].startswith("取得 1 项研发机构")


def test_the_same_question_gets_the_same_plan(packs: dict[str, Pack], subject: Build) -> None:
    pack, who = packs["miit-63-2022-innovative"], subject(NEARLY_INNOVATIVE)
    assert plan(pack, who, DAY).to_json() == plan(pack, who, DAY).to_json()


def test_what_is_met_needs_no_change(packs: dict[str, Pack], subject: Build) -> None:
    facts = SPECIALIZED | {"rd_expense_yuan": {2025: "100 万元", 2024: "100 万元"}}
    found = plan(packs["miit-2-2026-specialized"], subject(facts, titles=HOLDS_INNOVATIVE), DAY)
    assert found.best is not None
    assert (found.best.outcome, found.best.changes) == (Outcome.MET, ())


def test_every_form_of_an_open_pack_is_planned_or_left_to_people(packs: dict[str, Pack], subject: Build) -> None:
    """An enterprise of which nothing is known: every line is closed, waits for figures, or is said to be for people."""
    found: GapPlan = plan(packs["miit-2-2026-specialized"], Subject({}, None), DAY)
    best = found.best
    assert best is not None
    assert best.verified is not None
    assert (best.outcome, best.verified.verdict) == (Outcome.PENDING, Verdict.UNKNOWN)
    opened = {each.id: each.label for each in best.lines}
    still = {each.id for each in best.verified.conditions if each.status is not Status.MET} & set(opened)
    decided = {each.id for each in best.verified.conditions if each.status is Status.MANUAL_REVIEW}
    for each in still - decided:
        assert any(text.startswith(f"“{opened[each]}”：补齐") for text in best.pending), opened[each]
    closing = {each for change in best.changes for each in change.conditions}
    assert not (set(opened) - closing - decided) & still, "closed with another line, as the ledger for several"


def test_facts_are_never_changed_in_place(packs: dict[str, Pack], subject: Build) -> None:
    who = subject(NEARLY_INNOVATIVE)
    before = {key: FactValue(held.value, held.source, held.as_of) for key, held in who.facts.items()}
    plan(packs["miit-63-2022-innovative"], who, DAY)
    assert dict(who.facts) == before
