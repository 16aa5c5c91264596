"""高新技术企业 against the tables of the rulebook (section 4), written here a second time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.status import Status, Verdict
from rulebook.subject import FactValue, Subject
from rulebook.values import CellError, parse_cell
from tests.unit.rulebook.conftest import shipped_cases

STEM = "hte-32-195-2016"
DAY = date(2026, 6, 30)
T = 2025
Assess = Callable[..., Assessment]


@pytest.fixture(scope="module")
def typical() -> Subject:
    """The subject of the first case: eligible, every fact known."""
    return shipped_cases(STEM)[1][0].subject


@pytest.fixture(scope="module")
def assess(shipped: dict[str, Pack], dictionary: Dictionary, typical: Subject) -> Assess:
    """Assess the typical subject with some cells changed: {(fact, year): cell}; None takes the fact away."""

    def run(changed: dict[tuple[str, int], str | None]) -> Assessment:
        facts = dict(typical.facts)
        for (fact_id, year), cell in changed.items():
            facts.pop((fact_id, year), None)
            if cell is not None:
                value = parse_cell(dictionary[fact_id], cell)
                assert value is not None
                assert not isinstance(value, CellError), (fact_id, cell)
                facts[(fact_id, year)] = FactValue(value, dictionary[fact_id].sources[0])
        return evaluate(shipped[STEM], replace(typical, facts=facts), application_date=DAY)

    return run


def span(found: Assessment, indicator: str) -> str:
    points = found.condition(indicator).points
    assert points is not None
    return points.display.replace(" 分", "").replace("～", "-")


NO_EXPERT = {
    "HT-S1a": "hte_points_tech_level",
    "HT-S1b": "hte_points_core_support",
    "HT-S1c": "hte_points_ip_count",
    "HT-S1d": "hte_points_ip_origin",
    "HT-S1e": "hte_points_standards",
    "HT-S2": "hte_points_conversion",
    "HT-S3a": "hte_points_rd_system",
    "HT-S3b": "hte_points_rd_platform",
    "HT-S3c": "hte_points_incentive",
    "HT-S3d": "hte_points_talent",
    "HT-S4a": "hte_points_net_asset_growth",
    "HT-S4b": "hte_points_sales_growth",
}


def without_expert(indicator: str) -> dict[tuple[str, int], str | None]:
    return {(NO_EXPERT[indicator], 2026): None}


# indicator, maximum: 技术先进 8, 核心支持 8, 数量 8, 获得方式 6, 标准 2; 转化 30; 6, 6, 4, 4; 成长 10, 10
MAXIMA = {
    "HT-S1a": 8, "HT-S1b": 8, "HT-S1c": 8, "HT-S1d": 6, "HT-S1e": 2, "HT-S2": 30,
    "HT-S3a": 6, "HT-S3b": 6, "HT-S3c": 4, "HT-S3d": 4, "HT-S4a": 10, "HT-S4b": 10,
}  # fmt: skip


def test_maxima_and_caps_are_those_of_195(shipped: dict[str, Pack], assess: Assess) -> None:
    assert {each.line.id: int(each.maximum) for each in shipped[STEM].indicators} == MAXIMA
    found = assess({})
    assert found.score is not None
    assert [(group.label, int(group.points.max)) for group in found.score.groups] == [
        ("知识产权", 30),
        ("科技成果转化能力", 30),
        ("研究开发组织管理水平", 20),
        ("企业成长性", 20),
    ]
    assert found.score.points.max == 100


@pytest.mark.parametrize(
    ("indicator", "grades"),
    [
        ("HT-S1a", {"高": (7, 8), "较高": (5, 6), "一般": (3, 4), "较低": (1, 2), "无": (0, 0)}),
        ("HT-S1b", {"强": (7, 8), "较强": (5, 6), "一般": (3, 4), "较弱": (1, 2), "无": (0, 0)}),
    ],
)
def test_the_grades_of_experts_are_those_of_195(
    shipped: dict[str, Pack], indicator: str, grades: dict[str, tuple[int, int]]
) -> None:
    found = next(each for each in shipped[STEM].indicators if each.line.id == indicator)
    assert {each.text: (int(each.points_low), int(each.points_high)) for each in found.grades} == grades


@pytest.mark.parametrize(
    ("indicator", "most"), [(key, MAXIMA[key]) for key in NO_EXPERT if key[:5] in ("HT-S1", "HT-S3")]
)
def test_a29_each_point_that_experts_may_give_counts_as_given(assess: Assess, indicator: str, most: int) -> None:
    allowed = {"HT-S1c": range(7, 9), "HT-S1d": range(1, 7), "HT-S1e": range(1)}.get(indicator, range(most + 1))
    for points in allowed:
        assert span(assess({(NO_EXPERT[indicator], 2026): str(points)}), indicator) == str(points)
    opened = span(assess(without_expert(indicator)), indicator)
    assert opened == (f"{allowed[0]}-{allowed[-1]}" if len(allowed) > 1 else "0")


@pytest.mark.parametrize(
    ("class1", "class2", "points"),
    [
        ("1", "0", "7-8"), ("2", "9", "7-8"), ("0", "5", "5-6"), ("0", "9", "5-6"), ("0", "4", "3-4"),
        ("0", "3", "3-4"),
        ("0", "2", "1-2"), ("0", "1", "1-2"), ("0", "0", "0"), (None, "5", "5-8"), ("0", None, "0-6"),
        (None, None, "0-8"),
    ],
)  # fmt: skip
def test_ht_s1c_number_of_ip(assess: Assess, class1: str | None, class2: str | None, points: str) -> None:
    changed = {("hte_ip_class1_count", 0): class1, ("hte_ip_class2_count", 0): class2} | without_expert("HT-S1c")
    assert span(assess(changed), "HT-S1c") == points


@pytest.mark.parametrize(
    ("own", "class1", "class2", "points"),
    [
        ("是", "1", "0", "1-6"), ("否", "1", "0", "1-3"), ("否", "0", "1", "1-3"), ("否", "0", "0", "0"),
        (None, "1", "0", "1-6"), (None, None, None, "0-6"),
    ],
)  # fmt: skip
def test_ht_s1d_origin_of_ip(
    assess: Assess, own: str | None, class1: str | None, class2: str | None, points: str
) -> None:
    changed = {
        ("hte_ip_self_developed", 0): own,
        ("hte_ip_class1_count", 0): class1,
        ("hte_ip_class2_count", 0): class2,
    } | without_expert("HT-S1d")
    assert span(assess(changed), "HT-S1d") == points


@pytest.mark.parametrize(("set_by", "points"), [("是", "1-2"), ("否", "0"), (None, "0-2")])
def test_ht_s1e_standards(assess: Assess, set_by: str | None, points: str) -> None:
    assert span(assess({("hte_standard_setting", 0): set_by} | without_expert("HT-S1e")), "HT-S1e") == points


@pytest.mark.parametrize(
    ("total", "points"),
    [
        (15, "25-30"), (99, "25-30"), (14, "19-24"), (12, "19-24"), (11, "13-18"), (9, "13-18"), (8, "7-12"),
        (6, "7-12"), (5, "1-6"), (3, "1-6"), (2, "0"), (1, "0"), (0, "0"),
    ],
)  # fmt: skip
def test_a46_ht_s2_conversions_a_year_on_average_of_three_and_none_below_one(
    assess: Assess, total: int, points: str
) -> None:
    changed = {("hte_conversions", T): str(total), ("hte_conversions", T - 1): "0", ("hte_conversions", T - 2): "0"}
    assert span(assess(changed | without_expert("HT-S2")), "HT-S2") == points


@pytest.mark.parametrize(
    ("last", "points"),
    [  # growth over a first year of 0 is last ÷ 1,000,000 − 1, so that each boundary can be hit exactly
        ("135 万元", "9-10"), ("1349999.99 元", "7-8"), ("125 万元", "7-8"), ("1249999.99 元", "5-6"),
        ("115 万元", "5-6"), ("1149999.99 元", "3-4"), ("105 万元", "3-4"), ("1049999.99 元", "1-2"),
        ("1000000.01 元", "1-2"), ("100 万元", "0"), ("999999.99 元", "0"), ("0 元", "0"), ("900 万元", "9-10"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(("indicator", "fact"), [("HT-S4a", "net_assets_yuan"), ("HT-S4b", "hte_sales_revenue_yuan")])
def test_a05_ht_s4_growth_at_and_beside_every_boundary(
    assess: Assess, indicator: str, fact: str, last: str, points: str
) -> None:
    changed = {(fact, T): last, (fact, T - 1): "100 万元", (fact, T - 2): "0 元"} | without_expert(indicator)
    assert span(assess(changed), indicator) == points


@pytest.mark.parametrize(
    ("first", "middle", "last", "points"),
    [
        ("100 万元", "120 万元", "150 万元", "5-6"),  # ½(1.2 + 1.25) − 1 = 22.5 %
        ("100 万元", "200 万元", "140 万元", "9-10"),  # ½(2 + 0.7) − 1 = 35 %
        ("100 万元", "200 万元", "1399999.99 元", "7-8"),
        ("100 万元", "80 万元", "96 万元", "0"),  # ½(0.8 + 1.2) − 1 = 0
        ("100 万元", "80 万元", "70 万元", "0"),  # negative: 0 points
        ("100 万元", "0 元", "900 万元", "0"),  # the second year 0: 0 points
        ("0 元", "0 元", "900 万元", "0"),
        ("0 元", "100 万元", "125 万元", "7-8"),  # the first year 0: the last two
    ],
)
def test_a05_ht_s4_the_formula_and_its_special_cases(
    assess: Assess, first: str, middle: str, last: str, points: str
) -> None:
    figures = {("net_assets_yuan", T): last, ("net_assets_yuan", T - 1): middle, ("net_assets_yuan", T - 2): first}
    assert span(assess(figures | without_expert("HT-S4a")), "HT-S4a") == points


def test_growth_is_of_net_assets_and_not_of_total_assets_as_in_2008(assess: Assess) -> None:
    total = {("total_assets_yuan", T): "900 万元", ("total_assets_yuan", T - 1): "1 万元"}
    shrinking = {("net_assets_yuan", T): "1 万元"}
    assert span(assess(total | shrinking | without_expert("HT-S4a")), "HT-S4a") == "0"


def test_a49_missing_growth_is_unknown_and_negative_net_assets_are_for_a_person(assess: Assess) -> None:
    gone = assess({("net_assets_yuan", T - 2): None} | without_expert("HT-S4a")).condition("HT-S4a")
    below = assess({("net_assets_yuan", T - 2): "-1 元"} | without_expert("HT-S4a")).condition("HT-S4a")
    for found, status in ((gone, Status.UNKNOWN), (below, Status.MANUAL_REVIEW)):
        assert found.status is status
        assert found.points is not None
        assert (found.points.low, found.points.high) == (0, 10)


def test_a49_ht4_counts_staff_of_year_t_also_for_a_young_company(assess: Assess) -> None:
    found = assess({("established_on", 0): "2025-02-01"}).condition("HT-4")
    assert {(each.fact_id, each.fiscal_year) for each in found.inputs} == {
        ("hte_tech_staff", T),
        ("hte_total_staff", T),
    }


def test_a49_ht5_counts_the_years_since_the_founding(assess: Assess) -> None:
    """Two of three years: 170 ÷ 3172.5 万元 reaches 5 %, and the year before the founding is not asked for."""
    young = assess({("established_on", 0): "2024-07-01", ("hte_rd_expense_yuan", T - 2): None})
    assert young.condition("HT-5-1").status is Status.MET
    assert "hte_rd_expense_yuan" not in {each.fact_id for each in young.missing}
    old = assess({("hte_rd_expense_yuan", T - 2): None})
    assert old.condition("HT-5-1").status is Status.UNKNOWN


GATES = {
    ("established_on", 0): {"HT-1"},
    ("hte_core_ip_owned", 0): {"HT-2"},
    ("hte_tech_staff", T): {"HT-4"},
    ("hte_total_staff", T): {"HT-4"},
    ("hte_rd_expense_yuan", T): {"HT-5-1", "HT-5b"},
    ("hte_rd_expense_yuan", T - 1): {"HT-5-1", "HT-5b"},
    ("hte_rd_expense_yuan", T - 2): {"HT-5-1", "HT-5b"},
    ("hte_rd_expense_domestic_yuan", T): {"HT-5b"},
    ("hte_rd_expense_domestic_yuan", T - 1): {"HT-5b"},
    ("hte_rd_expense_domestic_yuan", T - 2): {"HT-5b"},
    ("hte_sales_revenue_yuan", T): {"HT-5-1", "HT-5-2", "HT-5-3"},
    ("hte_sales_revenue_yuan", T - 1): {"HT-5-1"},
    ("hte_sales_revenue_yuan", T - 2): {"HT-5-1"},
    ("hte_product_income_yuan", T): {"HT-6"},
    ("hte_total_income_yuan", T): {"HT-6"},
    ("accidents", 0): {"HT-8"},
}


@pytest.mark.parametrize("key", GATES)
def test_a_missing_fact_of_a_gate_leaves_exactly_its_gates_unknown(assess: Assess, key: tuple[str, int]) -> None:
    found = assess({key: None})
    assert found.verdict is Verdict.UNKNOWN
    assert key in {(each.fact_id, each.fiscal_year) for each in found.missing if each.blocking}
    open_gates = {each.id for each in found.conditions if each.role == "gate" and each.status is Status.UNKNOWN}
    assert open_gates == GATES[key]


SCORED = {
    ("hte_ip_class1_count", 0): "HT-S1c",
    ("hte_ip_self_developed", 0): "HT-S1d",
    ("hte_standard_setting", 0): "HT-S1e",
    ("hte_conversions", T): "HT-S2",
    ("hte_conversions", T - 1): "HT-S2",
    ("hte_conversions", T - 2): "HT-S2",
    ("net_assets_yuan", T): "HT-S4a",
    ("net_assets_yuan", T - 1): "HT-S4a",
    ("net_assets_yuan", T - 2): "HT-S4a",
}


@pytest.mark.parametrize("key", SCORED)
def test_a_missing_fact_of_the_score_is_named_by_its_indicator(assess: Assess, key: tuple[str, int]) -> None:
    found = assess({key: None} | without_expert(SCORED[key])).condition(SCORED[key])
    assert key in {(each.fact_id, each.fiscal_year) for each in found.missing}


def test_nothing_but_what_32_and_195_ask_for_is_read(assess: Assess) -> None:
    """A-25: neither 营业收入 nor the R&D expense of the accounts stands in for the figures of this title."""
    read = {each.fact_id for condition in assess({}).conditions for each in condition.inputs}
    assert not read & {
        "revenue_yuan",
        "main_revenue_yuan",
        "rd_expense_yuan",
        "headcount",
        "full_time_staff",
        "rd_staff",
    }
