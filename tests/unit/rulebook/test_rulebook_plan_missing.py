"""What is missing is asked for; nothing is derived from it, and what waits for it is not called reached."""

from __future__ import annotations

from datetime import date

import pytest

from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.plan import first_step, plan
from rulebook.plan_model import Kind, Outcome
from rulebook.status import Status, Verdict
from tests.unit.rulebook.planning import CLEAN, DAY, Build, Plan

SHARE = "rd_expense_yuan[t] / revenue_yuan[t] >= 3%"


def test_a_share_without_its_whole_asks_for_the_whole_and_for_nothing_else(planned: Plan) -> None:
    found = planned(SHARE, {"rd_expense_yuan": {2025: "10 万元"}})
    [change] = found.changes
    assert (change.kind, change.fact_id, change.fiscal_year) == (Kind.SUPPLY, "revenue_yuan", 2025)
    assert (change.effort, change.target, change.ready) == ("paperwork", None, DAY)
    assert change.text == "补充2025年营业收入（材料：审计报告）；补齐后才能算出“条件一”"
    assert (found.outcome, found.outcome_label) == (Outcome.PENDING, "补齐资料后才能算出")
    assert found.pending == ("“条件一”：补齐2025年营业收入后才能算出",)
    assert found.verified is not None
    assert found.verified.verdict is Verdict.UNKNOWN, "not verified"


def test_what_is_certain_is_planned_with_numbers_beside_what_waits(planned: Plan) -> None:
    both = f"{{all: ['rd_expense_yuan[t] >= 100 万元', '{SHARE}']}}"
    found = planned(both, {"rd_expense_yuan": {2025: "80 万元"}})
    assert [(each.kind, each.fact_id, each.target) for each in found.changes] == [
        (Kind.SUPPLY, "revenue_yuan", None),
        (Kind.REACH, "rd_expense_yuan", "1000000.00"),
    ], "first what is missing; the amount does not depend on it"
    assert found.outcome is Outcome.PENDING


def test_a_missing_figure_is_no_lever_towards_a_mean(planned: Plan) -> None:
    """Two years of 3,000 万元 and one that is not known: nobody says that it must have been 54,000."""
    mean = "mean(main_revenue_yuan[t], main_revenue_yuan[t-1], main_revenue_yuan[t-2]) >= 20000 万元"
    facts: dict[str, object] = {"main_revenue_yuan": {2024: "3000 万元", 2023: "3000 万元"}}
    found = planned(mean, facts)
    assert [(each.kind, each.fiscal_year, each.target) for each in found.changes] == [(Kind.SUPPLY, 2025, None)]
    assert found.outcome is Outcome.PENDING
    assert "20000" not in found.changes[0].text


def test_of_a_year_that_is_not_over_the_last_complete_one_is_asked_for(planned: Plan) -> None:
    """The other line takes the plan to 2027: of 2026 nobody can know anything yet."""
    both = f"{{all: ['main_revenue_yuan[t] >= 100 万元', '{SHARE}']}}"
    found = planned(both, {"main_revenue_yuan": {2025: "90 万元"}, "rd_expense_yuan": {2025: "10 万元"}})
    asked = [(each.fact_id, each.fiscal_year) for each in found.changes if each.kind is Kind.SUPPLY]
    assert asked == [("revenue_yuan", 2025)]
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2027


TIERS = """
  - {id: T-2, label: 小额, clause: 二, quote: 二, evidence: V, modality: must, effort: years,
     applies_if: "hte_sales_revenue_yuan[t] <= 5000 万元",
     test: "hte_rd_expense_yuan[t] / hte_sales_revenue_yuan[t] >= 5%"}
  - {id: T-3, label: 大额, clause: 三, quote: 三, evidence: V, modality: must, effort: years,
     applies_if: "hte_sales_revenue_yuan[t] > 5000 万元",
     test: "hte_rd_expense_yuan[t] / hte_sales_revenue_yuan[t] >= 3%"}
routes:
  - {id: only, label: 全部, all_of: [T-1, T-2, T-3]}
"""  # fmt: skip


def test_no_tier_is_climbed_whose_figure_is_missing(dictionary: Dictionary, subject: Build, pack_text: str) -> None:
    pack = load_pack(pack_text.split("routes:")[0].rstrip() + TIERS, dictionary)
    who = subject({"revenue_yuan": {2025: "200 万元"}, "hte_rd_expense_yuan": {2025: "4 万元"}})
    [found] = plan(pack, who, DAY).routes
    assert [(each.kind, each.fact_id, each.fiscal_year) for each in found.changes] == [
        (Kind.SUPPLY, "hte_sales_revenue_yuan", 2025)
    ]
    assert len(found.pending) == 2


def test_a_sum_from_the_founding_on_moves_no_year_that_it_does_not_ask_for(planned: Plan) -> None:
    """The years before are neither known nor asked for (A-49): there is nothing to move in them."""
    share = (
        "sum_since(established_on, hte_rd_expense_yuan[t], hte_rd_expense_yuan[t-1], hte_rd_expense_yuan[t-2]) / "
        "sum_since(established_on, hte_sales_revenue_yuan[t], hte_sales_revenue_yuan[t-1], hte_sales_revenue_yuan[t-2])"
        " >= 5%"
    )
    facts: dict[str, object] = {
        "established_on": "2025-03-01", "hte_rd_expense_yuan": {2025: "4 万元"},
        "hte_sales_revenue_yuan": {2025: "100 万元"},
    }  # fmt: skip
    found = planned(share, facts)
    assert [(each.kind, each.fact_id, each.fiscal_year) for each in found.changes] == [
        (Kind.REACH, "hte_rd_expense_yuan", 2026)
    ]


SCORED = """
groups: [{id: g, label: 甲}]
indicators:
  - {id: T-S1, label: 研发占比, clause: 三, quote: 三, evidence: V, group: g, max: 50, effort: year,
     measure: "rd_expense_yuan[t] / revenue_yuan[t]", bands: [{from: 5%, points: 50}, {to: 5%, points: 0}]}
  - {id: T-S2, label: 负债率, clause: 四, quote: 四, evidence: V, group: g, max: 50, effort: year,
     measure: "total_liabilities_yuan[t] / total_assets_yuan[t]",
     bands: [{to: 45%, points: 50}, {from: 45%, points: 0}]}
routes:
  - {id: score, label: 得分, score: {total: ">= %s 分"}}
  - {id: title, label: 已有称号, all_of: [T-1]}
"""  # fmt: skip


def scored(pack_text: str, dictionary: Dictionary, total: int) -> Pack:
    text = pack_text.split("routes:")[0].rstrip().replace("revenue_yuan[t] >= 100 万元", "{holds: [tech_sme]}")
    return load_pack(text + SCORED.replace("%s", str(total)), dictionary)


def test_points_that_wait_for_figures_are_asked_for_and_come_before_another_title(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    pack = scored(pack_text, dictionary, 50)
    who = subject({"revenue_yuan": {2025: "100 万元"}, "total_assets_yuan": {2025: "100 万元"},
                   "total_liabilities_yuan": {2025: "90 万元"}})  # fmt: skip
    found = plan(pack, who, DAY)
    assert found.verdict is Verdict.UNKNOWN
    best = found.best
    assert best is not None
    assert (best.route, best.outcome, best.effort) == ("score", Outcome.PENDING, "paperwork")
    assert [(each.kind, each.fact_id) for each in best.changes] == [(Kind.SUPPLY, "rd_expense_yuan")]
    assert best.pending == ("评价得分现可能为 0～50 分（要求≥50 分）：补齐2025年研发费用总额后才能算出",)
    assert "补齐后才能算出" in found.summary


def test_steps_that_even_the_best_figures_do_not_spare_are_planned(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    pack = scored(pack_text, dictionary, 100)
    who = subject({"revenue_yuan": {2025: "100 万元"}, "total_assets_yuan": {2025: "100 万元"},
                   "total_liabilities_yuan": {2025: "57 万元"}})  # fmt: skip
    score = next(each for each in plan(pack, who, DAY).routes if each.route == "score")
    assert [(each.kind, each.fact_id, each.target) for each in score.changes] == [
        (Kind.SUPPLY, "rd_expense_yuan", None),
        (Kind.REACH, "total_liabilities_yuan", "450000.00"),
    ]
    assert score.outcome is Outcome.PENDING


def test_what_is_asked_for_is_a_question_where_it_is_one(packs: dict[str, Pack], subject: Build) -> None:
    found = plan(packs["miit-63-2022-innovative"], subject(CLEAN), DAY).routes
    score = next(each for each in found if each.route == "score")
    assert any("是否“主导产品属于《战略性新兴产业分类》”" in each for each in score.pending)
    asked = next(each for each in score.changes if each.fact_id == "lead_product_in_sei")
    assert asked.text.startswith("补充是否“主导产品属于《战略性新兴产业分类》”（材料：")


@pytest.mark.parametrize("title", ["hte-32-195-2016", "champion-138-2023", "tsme-115-2017", "miit-2-2026-giant"])
def test_of_whom_nothing_is_known_nothing_is_invented(shipped: dict[str, Pack], subject: Build, title: str) -> None:
    found = plan(shipped[title], subject(CLEAN, titles=None, size=None), date(2026, 11, 25))
    best = found.best
    assert best is not None
    assert best.outcome is Outcome.PENDING
    assert not [each for each in best.changes if each.kind is Kind.REACH and each.current is None]
    known = best.verified
    assert known is not None
    assert any(each.status is Status.UNKNOWN for each in known.conditions)
    step = first_step(shipped[title], subject(CLEAN, titles=None, size=None), date(2026, 11, 25), "new")
    assert step is not None
    assert (step.text, step.effort) == (best.changes[0].text, "paperwork")
