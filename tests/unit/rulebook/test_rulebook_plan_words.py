"""Plans say figures in the units people use, from the value on file, never rounded below the threshold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rulebook.plan_model import Window
from rulebook.status import Verdict
from tests.unit.rulebook.planning import Plan

# -- units people use, never rounded below the threshold ------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "facts", "text"),
    [
        (
            "rd_expense_yuan[t] / revenue_yuan[t] >= 3%",
            {"rd_expense_yuan": {2025: "72 万元"}, "revenue_yuan": {2025: "3000 万元"}},
            "2026年研发费用总额达到 90 万元（2025 年为 72 万元，再增加 18 万元），"
            "使研发费用总额占营业收入比重由 2.40% 升至 3.00%"
            "（要求不低于 3%；营业收入 3,000 万元不变时）",
        ),
        (
            "total_liabilities_yuan[t] / total_assets_yuan[t] <= 70%",
            {"total_liabilities_yuan": {2025: "900 万元"}, "total_assets_yuan": {2025: "1000 万元"}},
            "2026年负债总额降到 700 万元（2025 年为 900 万元，减少 200 万元），"
            "使负债总额占资产总额比重由 90.00% 降至 70.00%"
            "（要求不高于 70%；资产总额 1,000 万元不变时）",
        ),
        (
            "growth(main_revenue_yuan[t]) >= 5%",
            {"main_revenue_yuan": {2025: "1000 万元", 2024: "1000 万元"}},
            "2026年主营业务收入达到 1,050 万元（2025 年为 1,000 万元，再增加 50 万元），"
            "使2026年主营业务收入增长率由 0.00% 升至 5.00%（要求不低于 5%；2025年主营业务收入 1,000 万元不变时）",
        ),
        (
            "cagr(revenue_yuan[t]) >= 5%",
            {"revenue_yuan": {2025: "1000 万元", 2024: "1000 万元", 2023: "1000 万元"}},
            "2026年营业收入达到 1,102.5 万元（2025 年为 1,000 万元，再增加 102.5 万元），"
            "使2025—2026年营业收入复合增长率由 0.00% 升至 5.00%"
            "（要求不低于 5%；2024年营业收入 1,000 万元不变时）",
        ),
        (
            "sum(rd_expense_yuan[t], rd_expense_yuan[t-1]) >= 1200 万元",
            {"rd_expense_yuan": {2025: "500 万元", 2024: "400 万元"}},
            "2026年研发费用总额达到 700 万元（2025 年为 500 万元，再增加 200 万元），"
            "使2025—2026年研发费用总额合计由 1,000.00 万元 升至 1,200.00 万元"
            "（要求不低于 1200 万元；2025年研发费用总额 500 万元不变时）",
        ),
    ],
)  # fmt: skip
def test_figures_are_said_in_the_units_people_use(
    planned: Plan, test: str, facts: dict[str, object], text: str
) -> None:
    assert [each.text for each in planned(test, facts).changes] == [text]


def test_two_limits_on_one_figure_are_told_from_the_value_on_file(planned: Plan) -> None:
    """The share asks 100 万元 of R&D and the amount 120: the step is from the 96 on file, not from the 100."""
    both = "{all: ['rd_expense_yuan[t] / revenue_yuan[t] >= 10%', 'rd_expense_yuan[t] >= 120 万元']}"
    facts: dict[str, object] = {"rd_expense_yuan": {2025: "96 万元"}, "revenue_yuan": {2025: "1000 万元"}}
    [change] = planned(both, facts).changes
    assert (change.current, change.target, change.distance) == ("960000.00", "1200000.00", Decimal("0.2"))
    assert change.text.startswith("2026年研发费用总额达到 120 万元（2025 年为 96 万元，再增加 24 万元）")


def test_a_whole_that_its_part_lifted_is_told_from_the_value_on_file(planned: Plan) -> None:
    facts: dict[str, object] = {"main_revenue_yuan": {2025: "960 万元"}, "revenue_yuan": {2025: "960 万元"}}
    both = "{all: ['main_revenue_yuan[t] >= 1000 万元', 'revenue_yuan[t] >= 1200 万元']}"
    whole = next(each for each in planned(both, facts).changes if each.fact_id == "revenue_yuan")
    assert whole.current == "9600000.00"
    assert "2025 年为 960 万元，再增加 240 万元" in whole.text


def test_the_year_of_the_present_value_is_the_one_it_is_on_file_for(planned: Plan) -> None:
    """A platform's score belongs to the calendar year of the application, not to the fiscal year before it."""
    windows = (Window("innovative_sme", date(2027, 4, 1), date(2027, 4, 30)),)
    facts: dict[str, object] = {"development_score": {2026: "55 分"}}
    [change] = planned("development_score[y] >= 60 分", facts, effort="months", windows=windows).changes
    assert (change.fiscal_year, change.current) == (2027, "55")
    assert change.text == "2027年专精特新发展评价得分达到 60 分（2026 年为 55 分，再增加 5 分）"


def test_counts_are_said_as_so_many_more(planned: Plan) -> None:
    found = planned("ip_class1_applied_count >= 3 项", {"ip_class1_applied_count": 1}, effort="months")
    assert found.changes[0].text.startswith("再增加 2 项实际应用并产生经济效益的Ⅰ类知识产权（现有 1 项，需达到 3 项）")


def test_a_target_is_rounded_up_to_what_suffices(planned: Plan) -> None:
    """3 % of 1,000.03 万元 is 30.0009 万元: 30 would not do, 30.01 does, and one step less does not."""
    facts: dict[str, object] = {"rd_expense_yuan": {2025: "20 万元"}, "revenue_yuan": {2025: "10000300 元"}}
    found = planned("rd_expense_yuan[t] / revenue_yuan[t] >= 3%", facts)
    assert found.changes[0].target == "300100.00"
    assert "30.01 万元" in found.changes[0].text
    assert found.verified is not None
    assert found.verified.verdict is Verdict.ELIGIBLE


def test_a_rank_rises_to_the_first_places(planned: Plan) -> None:
    [change] = planned("champion_global_rank[t] <= 3 名", {"champion_global_rank": {2025: 12}}).changes
    assert change.text == "2027年申请产品全球市场占有率排名提升到第 3 名（2025 年为第 12 名，提升 9 名）"
    assert change.warning == (
        "2027年申请产品全球市场占有率排名须由第 12 名提升到第 3 名，幅度过半，很难实现，请核实是否可行"
    )


def test_a_figure_of_several_years_is_named_with_them(planned: Plan) -> None:
    share = "sum(rd_expense_yuan[t], rd_expense_yuan[t-1]) / sum(revenue_yuan[t], revenue_yuan[t-1]) >= 3%"
    facts: dict[str, object] = {
        "rd_expense_yuan": {2025: "28 万元", 2024: "28 万元"}, "revenue_yuan": {2025: "1000 万元", 2024: "1000 万元"}
    }  # fmt: skip
    [change] = planned(share, facts).changes
    held = "2025年研发费用总额 28 万元、2025—2026年营业收入合计 2,000 万元不变时"
    assert change.text.endswith(f"使研发费用总额占营业收入比重由 2.80% 升至 3.00%（要求不低于 3%；{held}）")


def test_a_share_is_told_by_what_it_comes_to_and_its_threshold_as_what_is_required(planned: Plan) -> None:
    """100 万元 of R&D are asked beside the 3 %: of a revenue of 1,235 万元 they are 8.10 %."""
    both = "{all: ['rd_expense_yuan[t] >= 100 万元', 'rd_expense_yuan[t] / revenue_yuan[t] >= 3%']}"
    facts: dict[str, object] = {"rd_expense_yuan": {2025: "24.88 万元"}, "revenue_yuan": {2025: "1235 万元"}}
    [change] = planned(both, facts).changes
    said = "使研发费用总额占营业收入比重由 2.01% 升至 8.10%（要求不低于 3%；营业收入 1,235 万元不变时）"
    assert change.text.endswith(said)


@pytest.mark.parametrize(
    ("test", "share", "was", "now"),
    [
        ("rd_expense_yuan[t] / revenue_yuan[t] >= 3%", "29.999 万元", "2.9999%", "3.10%"),
        ("rd_expense_yuan[t] / revenue_yuan[t] < 3%", "30 万元", "3.00%", "2.9970%"),
    ],
)
def test_no_figure_is_rounded_across_its_threshold(planned: Plan, test: str, share: str, was: str, now: str) -> None:
    facts: dict[str, object] = {"rd_expense_yuan": {2025: share}, "revenue_yuan": {2025: "1000 万元"}}
    assert f"由 {was} {'升至' if '>=' in test else '降至'} {now}" in planned(test, facts).changes[0].text


def test_one_figure_gets_one_target(planned: Plan) -> None:
    """Two limits on one mean, either of which would do together with something else: the one that is reached counts."""
    mean = "mean(main_revenue_yuan[t], main_revenue_yuan[t-1])"
    test = f"{{any: ['{mean} >= 4000 万元', {{all: ['champion_new_product = 是', '{mean} >= 2000 万元']}}]}}"
    facts: dict[str, object] = {
        "main_revenue_yuan": {2025: "3800 万元", 2024: "100 万元"}, "champion_new_product": "否"
    }  # fmt: skip
    [change] = planned(test, facts).changes
    assert change.text.count("均值") == 1
    assert "升至 4,000.00 万元（要求不低于 4000 万元；" in change.text


def test_a_share_that_another_change_would_break_is_said_to_be_kept(planned: Plan) -> None:
    """More R&D at the same domestic R&D lowers the domestic share, which is closed in turn and said so."""
    test = (
        "{all: ['hte_rd_expense_yuan[t] >= 200 万元',"
        " 'hte_rd_expense_domestic_yuan[t] / hte_rd_expense_yuan[t] >= 60%']}"
    )
    facts: dict[str, object] = {
        "hte_rd_expense_yuan": {2025: "150 万元"}, "hte_rd_expense_domestic_yuan": {2025: "100 万元"}
    }  # fmt: skip
    texts = [each.text for each in planned(test, facts).changes]
    assert any("比重保持在 60.00%（要求不低于 60%）" in each for each in texts), texts


def test_what_a_whole_does_that_rises_with_its_part_is_said_of_the_part(planned: Plan) -> None:
    """200 万元 of domestic R&D are 200 万元 of R&D at least: 20 % of sales and not 10."""
    test = (
        "{all: ['hte_rd_expense_domestic_yuan[t] >= 200 万元',"
        " 'hte_rd_expense_yuan[t] / hte_sales_revenue_yuan[t] >= 15%']}"
    )
    facts: dict[str, object] = {
        "hte_rd_expense_yuan": {2025: "100 万元"}, "hte_rd_expense_domestic_yuan": {2025: "100 万元"},
        "hte_sales_revenue_yuan": {2025: "1000 万元"},
    }  # fmt: skip
    [change] = planned(test, facts).changes
    assert change.fact_id == "hte_rd_expense_domestic_yuan"
    assert "使高企研究开发费用总额占高企销售收入比重由 10.00% 升至 20.00%（要求不低于 15%；" in change.text


# -- what is worth planning ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on_file", "target", "said"),
    [
        ("1911.83 万元", "19128300.00", "再增加 1 万元"),
        ("5.64 万元", "57400.00", "再增加 0.1 万元"),
    ],
)
def test_nobody_is_asked_to_move_a_figure_by_a_hundred_yuan(
    planned: Plan, on_file: str, target: str, said: str
) -> None:
    """Any growth at all will do: 0.01 万元 would be enough, and is nothing anybody plans."""
    found = planned("growth(net_assets_yuan[t]) > 0%", {"net_assets_yuan": {2025: on_file, 2024: on_file}})
    [change] = found.changes
    assert change.target == target
    assert said in change.text
    assert found.verified is not None
    assert found.verified.verdict is Verdict.ELIGIBLE
