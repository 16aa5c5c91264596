"""Plans keep within what figures can come to: their wholes, the days left of a year, what is impossible, and size."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

import pytest

from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.plan import first_step, plan
from rulebook.plan_bounds import Facts, Possible, possible_of
from rulebook.plan_model import Kind, Outcome, RoutePlan
from rulebook.plan_time import FactKey
from tests.unit.rulebook.conftest import condition
from tests.unit.rulebook.planning import DAY, Build, Plan

LATE = date(2026, 11, 24)


def test_liabilities_do_not_fall_faster_than_the_year_allows(planned: Plan) -> None:
    """37 of 365 days at the pace of 3,531 万元 a year are 357.94 万元, not 731."""
    facts: dict[str, object] = {
        "total_liabilities_yuan": {2025: "3531 万元"}, "total_assets_yuan": {2025: "4000 万元"}
    }  # fmt: skip
    found = planned("total_liabilities_yuan[t] / total_assets_yuan[t] <= 70%", facts, day=LATE)
    [change] = found.changes
    assert (change.fact_id, change.fiscal_year, change.warning) == ("total_liabilities_yuan", 2027, "")
    near = planned("total_liabilities_yuan[t] / total_assets_yuan[t] <= 80%", facts, day=LATE)
    assert [each.fiscal_year for each in near.changes] == [2026]
    assert any("能增减的数额" in each for each in near.assumptions)


def test_a_whole_that_its_part_lifts_keeps_the_pace_of_the_year_too(planned: Plan) -> None:
    """20 万元 more of main revenue are within its pace; the revenue that would have to rise with it is not."""
    facts: dict[str, object] = {
        "main_revenue_yuan": {2025: "300 万元"},
        "revenue_yuan": {2025: "300 万元", 2024: "1 万元"},
    }
    found = planned(
        "main_revenue_yuan[t] >= 320 万元", facts | {"revenue_yuan": {2026: "300 万元", 2025: "10 万元"}}, day=LATE
    )
    assert [each.fiscal_year for each in found.changes] == [2027]
    free = planned("main_revenue_yuan[t] >= 320 万元", facts, day=LATE)
    assert [each.fiscal_year for each in free.changes] == [2026]


def test_the_pace_holds_where_only_the_figure_of_the_running_year_is_known(
    dictionary: Dictionary, subject: Build
) -> None:
    """Nothing of 2025: then 3,016 万元 of the year itself are the pace, and 37 days do not bring 112,651 more."""
    pack = load_pack(condition("main_revenue_yuan[t] >= 115667 万元"), dictionary)
    who = subject({"main_revenue_yuan": {2026: "3016 万元"}})
    found = plan(pack, who, date(2027, 6, 30), as_of=LATE).routes[0]
    assert [(each.kind, each.fiscal_year) for each in found.changes] == [(Kind.REACH, 2027)]


def test_a_move_that_is_hardly_worth_planning_stays_exact_where_the_year_leaves_no_room(planned: Plan) -> None:
    """A day at the pace of 99.8 万元 a year brings 0.27: the 0.2 that are missing, and not 1 万元."""
    found = planned("revenue_yuan[t] >= 100 万元", {"revenue_yuan": {2025: "99.8 万元"}}, day=date(2026, 12, 30))
    [change] = found.changes
    assert (change.fiscal_year, change.target) == (2026, "1000000.00")


def test_what_falls_by_more_than_half_is_said_to_be_hardly_reachable(planned: Plan) -> None:
    facts: dict[str, object] = {
        "total_liabilities_yuan": {2025: "900 万元"}, "total_assets_yuan": {2025: "1000 万元"}
    }  # fmt: skip
    [change] = planned("total_liabilities_yuan[t] / total_assets_yuan[t] <= 43%", facts, day=LATE).changes
    assert change.warning == "2027年负债总额须由 900 万元 降至 430 万元，降幅过半，很难实现，请核实是否可行"


def test_a_change_from_nothing_is_no_doubling(planned: Plan) -> None:
    staff = "hte_tech_staff[t] / hte_total_staff[t] >= 10%"
    for had in (0, 1):
        facts: dict[str, object] = {"hte_tech_staff": {2025: had}, "hte_total_staff": {2025: 10 * (had + 1)}}
        [change] = planned(staff, facts).changes
        assert (change.target, change.warning) == (had + 1, "")
    [money] = planned("rd_expense_yuan[t] >= 100 万元", {"rd_expense_yuan": {2025: "0 元"}}).changes
    assert "翻一番" not in money.warning
    assert "从无到有" in money.warning


def within(part: str, whole: str) -> Possible:
    def broken(facts: Facts, touched: Collection[FactKey]) -> Iterator[str]:
        for fact_id, year in touched:
            own, other = facts.get((part, year)), facts.get((whole, year))
            if fact_id in (part, whole) and own and other and int(str(own.value)) > int(str(other.value)):
                yield f"{part} {own.value} > {whole} {other.value}"

    return Possible({part: (whole,)}, broken)


def only(dictionary: Dictionary, subject: Build, test: str, facts: dict[str, object], possible: Possible) -> RoutePlan:
    return plan(load_pack(condition(test), dictionary), subject(facts), DAY, possible=possible).routes[0]


def test_a_part_lifts_its_whole(dictionary: Dictionary, subject: Build) -> None:
    test = "hte_tech_staff[t] >= 12 人"
    facts: dict[str, object] = {"hte_tech_staff": {2025: 9}, "hte_total_staff": {2025: 10}}
    both = f"{{all: ['{test}', 'hte_total_staff[t] >= 1 人']}}"
    found = only(dictionary, subject, both, facts, possible_of(dictionary))
    assert [each.consequences for each in found.changes] == [("相应地，2026年高企当年职工总数不低于 12 人",)]


def test_what_no_pack_reads_is_not_contradicted_either(dictionary: Dictionary, subject: Build) -> None:
    possible = possible_of(dictionary)
    held = subject({"hte_tech_staff": {2025: 12}, "hte_total_staff": {2025: 10}}).facts
    assert list(possible.broken(held, [("hte_tech_staff", 2025)])) == [
        "2025年高企科技人员数 12 人，应不超过2025年高企当年职工总数 10 人，多出 2 人。"
        "高企科技人员数是高企当年职工总数的一部分。"
    ]
    assert not list(possible.broken(held, [("hte_conversions", 2025), ("hte_tech_staff", 2024)]))


def test_a_plan_does_not_end_in_what_is_impossible(dictionary: Dictionary, subject: Build) -> None:
    """Without the pair to lift the whole, the contradiction is all that is known: then there is no plan."""
    rule = within("hte_conversions", "hte_tech_staff")
    facts: dict[str, object] = {"hte_conversions": {2025: 9}, "hte_tech_staff": {2025: 10}}
    found = only(dictionary, subject, "hte_conversions[t] >= 12 项", facts, Possible({}, rule.broken))
    assert found.outcome is Outcome.REFUSED
    assert found.reasons[0] == "改变后的数据彼此矛盾：hte_conversions 12 > hte_tech_staff 10"


def test_no_scale_shrinks_and_who_is_too_large_is_not_near(dictionary: Dictionary, subject: Build) -> None:
    pack = load_pack(condition("tsme_total_staff[t] <= 500 人"), dictionary)
    who = subject({"tsme_total_staff": {2025: 2100}})
    assert plan(pack, who, DAY).routes[0].outcome is Outcome.REFUSED
    assert first_step(pack, who, DAY, "new") is None


def test_what_people_determine_is_not_in_the_hand_of_the_enterprise(planned: Plan) -> None:
    found = planned("lead_product_in_sei = 是", {"lead_product_in_sei": "否"})
    assert found.outcome is Outcome.REFUSED
    said = "“主导产品属于《战略性新兴产业分类》”现为“否”：由主管部门认定，不由企业决定，有异议的请主管部门复核"
    assert found.reasons == (f"“条件一”：{said}",)
    [change] = planned("lead_product_in_sei = 是", {}).changes
    assert change.kind is Kind.SUPPLY


@pytest.mark.parametrize(
    "fact_id", ["revenue_yuan", "hte_sales_revenue_yuan", "tsme_sales_revenue_yuan", "taxable_sales_yuan"]
)
def test_nobody_is_advised_to_sell_less(dictionary: Dictionary, subject: Build, fact_id: str) -> None:
    pack = load_pack(condition(f"{fact_id}[t] <= 2000 万元"), dictionary)
    who = subject({fact_id: {2025: "37139 万元"}})
    assert plan(pack, who, DAY).routes[0].outcome is Outcome.REFUSED
