"""The gap planner is honest about time: what has ended, what passes, what the days left of a year can bring."""

from __future__ import annotations

from datetime import date

from rulebook.dictionary import Dictionary
from rulebook.loader import load_pack
from rulebook.plan import plan
from rulebook.plan_model import Edition, Kind, Outcome, Succession, Window
from rulebook.status import Status, Verdict
from tests.unit.rulebook.conftest import condition
from tests.unit.rulebook.planning import DAY, Build, Plan

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


def test_that_the_edition_ends_before_the_day_of_the_plan_is_said(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    ending = pack_text.replace("in_force: {from: 2026-01-01}", "in_force: {from: 2026-01-01, to: 2026-12-31}")
    pack = load_pack(ending.replace("100 万元", "1500 万元"), dictionary)
    who = subject({"revenue_yuan": {2025: "1200 万元"}})
    alone = plan(pack, who, DAY)
    assert alone.best is not None
    assert alone.best.opportunity is not None
    assert alone.best.opportunity.day.year == 2027
    assert (alone.edition_ends, alone.following) == (date(2026, 12, 31), None)
    said = (
        "“测试包”适用至 2026-12-31，此后适用的版本尚未导入；"
        "本规划的申报日在此之后，是按现行版本推算的，请按后续版本重新测算"
    )
    assert said in alone.best.assumptions
    after = Edition("next", "新版", "2027", "", pack.document, date(2027, 1, 1))
    known = plan(pack, who, DAY, succession=Succession(date(2026, 12, 31), after))
    assert known.best is not None
    assert known.following == after
    assert any("此后适用“新版”（测试〔2026〕1号，2027-01-01 起施行）" in each for each in known.best.assumptions)
    open_end = plan(load_pack(pack_text.replace("100 万元", "1500 万元"), dictionary), who, DAY)
    assert open_end.best is not None
    assert open_end.edition_ends is None
    assert not any("适用至" in each for each in open_end.best.assumptions)


# -- titles that come first ------------------------------------------------------------------------------------------


def test_a_title_is_not_supposed_to_be_held_before_its_own_plan_could_have_it(
    dictionary: Dictionary, subject: Build, pack_text: str
) -> None:
    """The ledger may have a gap, but who could be granted the title only in 2029 hardly holds it in 2027."""
    pack = load_pack(pack_text.replace("revenue_yuan[t] >= 100 万元", "{holds: [tech_sme]}"), dictionary)
    who = subject({}, titles=(), ledger_complete=False)
    bounded = plan(pack, who, DAY, prior={"tech_sme": date(2029, 3, 1)}).best
    assert bounded is not None
    assert bounded.opportunity is not None
    assert bounded.opportunity.day >= date(2029, 3, 1)
    soon = plan(pack, who, DAY, prior={"tech_sme": date(2026, 6, 30)}).best
    assert soon is not None
    assert soon.opportunity is not None
    assert soon.opportunity.day == DAY
    assert soon.assumptions[-1] == "以已持有有效的科技型中小企业称号为前提；尚未持有的，须先取得，本规划相应顺延"


def test_an_honour_that_is_a_title_takes_as_long_as_its_own_plan_says(planned: Plan, subject: Build) -> None:
    [change] = planned("{some: honors, where: {kind: [high_tech]}}", {"honors": "无"}, effort="year").changes
    assert (change.kind, change.title) == (Kind.OBTAIN, "high_tech")


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
