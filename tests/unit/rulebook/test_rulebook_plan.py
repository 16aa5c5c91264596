"""The gap planner: verified by the evaluator, without a superfluous change, honest about time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.plan import plan
from rulebook.plan_model import GapPlan, Kind, Outcome, RoutePlan, Window
from rulebook.status import Status, Verdict
from rulebook.subject import FactValue, Subject, Title
from tests.unit.rulebook.conftest import PACK

DAY = date(2026, 6, 30)
Build = Callable[..., Subject]

CLEAN: dict[str, object] = {
    "registered_in_prc": "是", "legal_person": "是", "abnormal_list": "否", "dishonest_list": "否",
    "prohibited_product": "否", "accidents": "无", "science_awards": "无", "honors": "无", "rd_institutions": "无",
    "equity_financing": "无",
}  # fmt: skip
NEARLY_INNOVATIVE: dict[str, object] = CLEAN | {
    "ip_class1_high_value_count": 0, "ip_class1_own_count": 0, "ip_class1_count": 0, "ip_class2_count": 3,
    "lead_product_in_sei": "否",
    "revenue_yuan": {2025: "1500 万元", 2024: "1450 万元"}, "main_revenue_yuan": {2025: "1200 万元", 2024: "1150 万元"},
    "rd_expense_yuan": {2025: "36 万元", 2024: "30 万元"}, "total_assets_yuan": {2025: "2000 万元"},
    "total_liabilities_yuan": {2025: "1200 万元"},
}  # fmt: skip
SPECIALIZED: dict[str, object] = CLEAN | {
    "segment_years": {2025: 5}, "revenue_yuan": {2025: "3000 万元", 2024: "2500 万元"},
    "main_revenue_yuan": {2025: "2700 万元", 2024: "2200 万元"}, "total_assets_yuan": {2025: "2000 万元"},
    "total_liabilities_yuan": {2025: "1000 万元"}, "rd_expense_yuan": {2025: "100 万元", 2024: "90 万元"},
    "ip_class1_applied_count": 2, "market_position_leading": "符合|省内前三|协会证明|2029-12-31",
    "development_score": {2026: "62 分"},
}  # fmt: skip
HOLDS_INNOVATIVE = (Title("innovative_sme", "valid", date(2024, 6, 1), date(2029, 5, 31)),)


def condition(test: str, *, effort: str = "") -> str:
    extra = f"\n    effort: {effort}" if effort else ""
    return PACK.replace("test: revenue_yuan[t] >= 100 万元", f"test: {test}{extra}")


@pytest.fixture
def planned(dictionary: Dictionary, subject: Build) -> Callable[..., RoutePlan]:
    """The only route of a pack with one condition."""

    def run(
        test: str,
        facts: dict[str, object],
        *,
        effort: str = "",
        day: date = DAY,
        windows: tuple[Window, ...] = (),
        **held: object,
    ) -> RoutePlan:
        pack = load_pack(condition(test, effort=effort), dictionary)
        return plan(pack, subject(facts, **held), day, windows=windows).routes[0]

    return run


Plan = Callable[..., RoutePlan]


# -- what has ended is history ------------------------------------------------------------------------------------


def test_a_figure_of_last_year_cannot_be_changed_so_the_plan_is_for_the_running_year(planned: Plan) -> None:
    found = planned("revenue_yuan[t] >= 1500 万元", {"revenue_yuan": {2025: "1200 万元"}})
    assert found.outcome is Outcome.PLANNED
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2027
    [change] = found.changes
    assert (change.fact_id, change.fiscal_year, change.target) == ("revenue_yuan", 2026, "15000000.00")
    assert change.text == "2026年营业收入达到 1,500 万元（2025 年为 1,200 万元，再增加 300 万元）"
    assert change.earliest == "2026 年度结束后"
    assert found.verified is not None
    assert (found.verified.verdict, found.verified.fiscal_year) == (Verdict.ELIGIBLE, 2026)
    [obstacle] = found.obstacles
    assert obstacle.reason == "2025年营业收入属于已结束的年度，不能再改变"


def test_two_years_of_which_one_is_history_take_one_year_more(planned: Plan) -> None:
    both = "{all: ['rd_expense_yuan[t] >= 100 万元', 'rd_expense_yuan[t-1] >= 100 万元']}"
    found = planned(both, {"rd_expense_yuan": {2025: "80 万元", 2024: "120 万元"}})
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2028
    assert {(each.fiscal_year, each.effort) for each in found.changes} == {(2026, "year"), (2027, "years")}


def test_what_fell_short_two_years_ago_passes_by_waiting(planned: Plan) -> None:
    both = "{all: ['rd_expense_yuan[t] >= 100 万元', 'rd_expense_yuan[t-1] >= 100 万元']}"
    found = planned(both, {"rd_expense_yuan": {2025: "120 万元", 2024: "80 万元"}})
    assert [each.kind for each in found.changes] == [Kind.WAIT]
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2027
    assert "持平估算" in found.assumptions[0]


def test_years_in_the_segment_pass_by_themselves(planned: Plan) -> None:
    found = planned("segment_years[t] >= 3 年", {"segment_years": {2025: 1}})
    assert [each.kind for each in found.changes] == [Kind.WAIT]
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2028


def test_the_first_window_that_fits_is_named_and_what_the_next_one_rules_out(planned: Plan) -> None:
    windows = (
        Window("innovative_sme", date(2026, 9, 1), date(2026, 9, 30)),
        Window("innovative_sme", date(2027, 4, 1), date(2027, 4, 30), "2027 年第一批"),
        Window("little_giant", date(2026, 12, 1), date(2026, 12, 31)),
    )
    found = planned("revenue_yuan[t] >= 1500 万元", {"revenue_yuan": {2025: "1200 万元"}}, windows=windows)
    assert found.opportunity is not None
    assert (found.opportunity.label, found.opportunity.window) == ("2027 年第一批", windows[1])
    assert len(found.obstacles) == 1
    later = planned("segment_years[t] >= 3 年", {"segment_years": {2025: 1}}, windows=windows)
    assert later.opportunity is not None
    assert later.opportunity.label == "2028 年申报（窗口以当年通知为准）"


def test_a_change_that_takes_a_year_does_not_fit_into_this_years_window(planned: Plan) -> None:
    test, none = "ip_class1_applied_count >= 1 项", {"ip_class1_applied_count": 0}
    slow = planned(test, none, effort="year")
    assert slow.opportunity is not None
    assert slow.opportunity.day == date(2027, 12, 31), "a year from 30 June 2026"
    assert "最早 2027-07-01 才能完成" in slow.obstacles[0].reason
    quick = planned(test, none, effort="months")
    assert quick.opportunity is not None
    assert quick.opportunity.day == date(2026, 12, 31)


def test_an_accident_passes_after_its_window(planned: Plan) -> None:
    none = "{none: accidents, where: {kind: [quality]}, within: {field: happened_on, rolling_years: 3}}"
    found = planned(none, {"accidents": "质量|重大|2024-08-15"})
    assert found.opportunity is not None
    assert found.opportunity.day == date(2027, 8, 15), "3 × 365 days after the accident"
    assert [each.kind for each in found.changes] == [Kind.WAIT]


NOTICE = """\
gates:
  - id: T-N
    label: 与“小巨人”没有控股关系
    clause: 推荐要求
    quote: 存在控股关系的，不予推荐
    evidence: V
    document: {number: 测试函〔2026〕9号, name: 2026 年度通知, issuer: 测试部}
    modality: must
    in_force: {from: 2026-01-01, to: 2026-12-31}
    test: controlling_link_with_giant = 否
conditions:
"""


def test_a_requirement_of_one_years_notice_is_not_satisfied_by_letting_it_run_out(
    dictionary: Dictionary, subject: Build
) -> None:
    pack = load_pack(condition("revenue_yuan[t] >= 1500 万元").replace("conditions:\n", NOTICE), dictionary)
    facts = {"revenue_yuan": {2025: "1200 万元"}, "controlling_link_with_giant": "是"}
    found = plan(pack, subject(facts), DAY).routes[0]
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2027
    assert {(each.kind, each.fact_id) for each in found.changes} == {
        (Kind.REACH, "revenue_yuan"),
        (Kind.REACH, "controlling_link_with_giant"),
    }
    said = (
        "“与“小巨人”没有控股关系”是测试函〔2026〕9号通知的要求，只适用至 2026-12-31；"
        "以后年度是否要求以当年通知为准，此处按仍须满足推算"
    )
    assert said in found.assumptions
    assert found.verified is not None
    assert found.verified.condition("T-N").status is Status.MET, "it is judged as if it were asked again"
    kept = plan(pack, subject(facts | {"revenue_yuan": {2025: "1500 万元"}}), DAY, as_of=DAY).routes[0]
    assert kept.opportunity is not None
    assert (kept.opportunity.day.year, kept.assumptions) == (2026, ()), "while the notice is in force nothing is said"


# -- what a year that is nearly over can still bring ----------------------------------------------------------------

LATE = date(2026, 11, 24)


def test_a_figure_that_the_days_left_cannot_bring_is_planned_for_the_next_complete_year(planned: Plan) -> None:
    """37 of 365 days at the pace of 240 万元 a year bring 24.32 万元, not 60."""
    facts: dict[str, object] = {"rd_expense_yuan": {2025: "240 万元"}}
    found = planned("rd_expense_yuan[t] >= 300 万元", facts, day=LATE)
    [change] = found.changes
    assert (change.fiscal_year, change.effort, change.warning) == (2027, "years", "")
    assert found.opportunity is not None
    assert found.opportunity.day.year == 2028
    near = planned("rd_expense_yuan[t] >= 264 万元", facts, day=LATE)
    assert [each.fiscal_year for each in near.changes] == [2026]
    assert any("余下的 37 天" in each and "非政策规定" in each for each in near.assumptions)
    early = planned("rd_expense_yuan[t] >= 300 万元", facts, day=date(2026, 3, 1))
    assert [each.fiscal_year for each in early.changes] == [2026]


def test_one_more_person_can_be_employed_on_any_day(planned: Plan) -> None:
    facts: dict[str, object] = {"rd_staff": {2025: 3}}
    assert [each.fiscal_year for each in planned("rd_staff[t] >= 4 人", facts, day=LATE).changes] == [2026]
    assert [each.fiscal_year for each in planned("rd_staff[t] >= 5 人", facts, day=LATE).changes] == [2027]


def test_a_figure_that_has_to_be_multiplied_is_said_to_be_hardly_reachable(planned: Plan) -> None:
    facts: dict[str, object] = {"main_revenue_yuan": {2025: "323.60 万元"}}
    found = planned("main_revenue_yuan[t] >= 119352.8 万元", facts, day=LATE)
    [change] = found.changes
    assert change.fiscal_year == 2027
    assert (
        change.warning == "2027年主营业务收入须由 323.6 万元 增至 119,352.8 万元，超过翻一番，很难实现，请核实是否可行"
    )
    assert (found.outcome, found.outcome_label) == (Outcome.PLANNED, "可达到（幅度大，很难实现）")
    assert any("增加一倍以上" in each and "非政策规定" in each for each in found.assumptions)
    twice = planned("main_revenue_yuan[t] >= 647.2 万元", facts, day=LATE)
    assert (twice.outcome_label, twice.changes[0].warning) == ("可达到", "")


# -- units people use, never rounded below the threshold ------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "facts", "text"),
    [
        (
            "rd_expense_yuan[t] / revenue_yuan[t] >= 3%",
            {"rd_expense_yuan": {2025: "72 万元"}, "revenue_yuan": {2025: "3000 万元"}},
            "2026年研发费用总额达到 90 万元（2025 年为 72 万元，再增加 18 万元），"
            "使研发费用总额占营业收入比重由 2.40% 达到 3%"
            "（按营业收入 3,000 万元计）",
        ),
        (
            "total_liabilities_yuan[t] / total_assets_yuan[t] <= 70%",
            {"total_liabilities_yuan": {2025: "900 万元"}, "total_assets_yuan": {2025: "1000 万元"}},
            "2026年负债总额降到 700 万元（2025 年为 900 万元，减少 200 万元），"
            "使负债总额占资产总额比重由 90.00% 降到 70%"
            "（按资产总额 1,000 万元计）",
        ),
        (
            "growth(main_revenue_yuan[t]) >= 5%",
            {"main_revenue_yuan": {2025: "1000 万元", 2024: "1000 万元"}},
            "2026年主营业务收入达到 1,050 万元（2025 年为 1,000 万元，再增加 50 万元），"
            "使主营业务收入增长率由 0.00% 达到 5%",
        ),
        (
            "cagr(revenue_yuan[t]) >= 5%",
            {"revenue_yuan": {2025: "1000 万元", 2024: "1000 万元"}},
            "2026年营业收入达到 1,102.5 万元（2025 年为 1,000 万元，再增加 102.5 万元），"
            "使营业收入增长率由 0.00% 达到 5%",
        ),
        (
            "sum(rd_expense_yuan[t], rd_expense_yuan[t-1]) >= 1200 万元",
            {"rd_expense_yuan": {2025: "500 万元", 2024: "400 万元"}},
            "2026年研发费用总额达到 700 万元（2025 年为 500 万元，再增加 200 万元），"
            "使2025—2026年研发费用总额合计由 1,000.00 万元 达到 1200 万元",
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


# -- missing, findings, titles, records -----------------------------------------------------------------------------


def test_a_missing_figure_is_to_be_supplied_with_what_it_must_reach(planned: Plan) -> None:
    found = planned("revenue_yuan[t] >= 1500 万元", {})
    [change] = found.changes
    assert (change.kind, change.effort, change.target) == (Kind.SUPPLY, "paperwork", "15000000.00")
    assert change.text == "补充2025年营业收入（材料：审计报告），须满足：≥1500 万元"
    assert found.opportunity is not None
    assert found.opportunity.day == DAY
    assert "以补充的资料达到所列要求为前提" in found.assumptions[0]


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
    assert (change.kind, change.target) == (Kind.SUPPLY, "12000000.00"), "the other side is known"
    assert {each.target for each in planned(share, {}).changes} == {None}, "only a relation is asked"
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
    found = planned(test, {"equity_financing": "2025-05-01|500 万元|是|10%"})
    [change] = found.changes
    assert change.text == "再完成新增股权融资 1,500 万元（投资者已备案）"
    assert change.earliest == "最迟 2026-12-31 到账"


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
    """An enterprise of which nothing is known: every line is closed or said to be for people, none is dropped."""
    found: GapPlan = plan(packs["miit-2-2026-specialized"], Subject({}, None), DAY)
    assert found.best is not None
    closing = {each for change in found.best.changes for each in change.conditions}
    still = (
        {each.id for each in found.best.verified.conditions if each.status is not Status.MET}
        if found.best.verified
        else set()
    )
    opened = {each.id for each in found.best.lines}
    assert opened
    assert not still & opened
    assert closing <= opened


def test_facts_are_never_changed_in_place(packs: dict[str, Pack], subject: Build) -> None:
    who = subject(NEARLY_INNOVATIVE)
    before = {key: FactValue(held.value, held.source, held.as_of) for key, held in who.facts.items()}
    plan(packs["miit-63-2022-innovative"], who, DAY)
    assert dict(who.facts) == before
