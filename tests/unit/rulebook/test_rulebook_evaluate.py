"""The assessment as a whole: verdict, routes, provenance, reasons, and what filling a gap may and may not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rulebook.cases import Case
from rulebook.evaluate import KindNotServed, evaluate
from rulebook.pack import Pack
from rulebook.scene import FactUnreadable
from rulebook.status import Status, Verdict
from rulebook.subject import POINT, FactValue, Subject, Title, fact_value
from rulebook.trace import TITLES_HELD
from tests.unit.rulebook.conftest import shipped_cases

Build = Callable[..., Subject]
DAY = date(2026, 6, 30)
STEMS = (
    "miit-63-2022-innovative",
    "miit-2-2026-specialized",
    "miit-63-2022-specialized",
    "miit-63-2022-giant",
    "miit-2-2026-giant",
)


@pytest.fixture(scope="module")
def cases() -> dict[str, tuple[Case, ...]]:
    return {stem: shipped_cases(stem)[1] for stem in STEMS}


def assess(pack: Pack, subject: Subject, day: date = DAY, kind: str = "new") -> Any:
    return evaluate(pack, subject, application_date=day, kind=kind)


# -- t and the years ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "t"), [(date(2026, 1, 1), 2025), (date(2026, 12, 31), 2025), (date(2027, 1, 1), 2026)])
def test_a03_t_is_the_last_complete_year_before_the_application(packs: dict[str, Pack], day: date, t: int) -> None:
    found = assess(packs[STEMS[0]], Subject({}), day)
    assert found.fiscal_year == t
    assert f"{t}年营业收入" in [each.label for each in found.missing]


def test_a45_the_platform_score_is_of_the_calendar_year_of_the_application(packs: dict[str, Pack]) -> None:
    new = assess(packs[STEMS[1]], Subject({}), kind="new").condition("ZJ26-6")
    review = assess(packs[STEMS[1]], Subject({}), kind="review").condition("ZJ26-6")
    assert [each.fiscal_year for each in new.missing] == [2026]
    assert [each.fiscal_year for each in review.missing] == [2026, 2025]


def test_a30_a_score_that_is_not_of_the_platform_is_for_a_person_whatever_it_says(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    base = cases[STEMS[1]][0].subject
    for score in ("30", "62"):
        facts = {**base.facts, ("development_score", 2026): FactValue(score, "self_declared")}
        found = assess(packs[STEMS[1]], replace(base, facts=facts))
        assert found.condition("ZJ26-6").status is Status.MANUAL_REVIEW
        assert found.verdict is Verdict.MANUAL_REVIEW


# -- when a condition applies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("revenue", "share", "status"),
    [
        ("5000 万元", "是", Status.MET),
        ("5000 万元", "否", Status.UNMET),
        ("5000 万元", None, Status.UNKNOWN),
        ("4999.99 万元", "否", Status.NOT_APPLICABLE),
        ("4999.99 万元", None, Status.NOT_APPLICABLE),
        (None, "是", Status.MET),  # it holds, applicable or not
        (None, "否", Status.UNKNOWN),
        (None, None, Status.UNKNOWN),
    ],
)
def test_a_condition_that_does_not_apply_is_neither_met_nor_unmet(
    subject: Build, judge_test: Callable[..., Any], revenue: str | None, share: str | None, status: Status
) -> None:
    facts: dict[str, object] = {}
    if revenue:
        facts["revenue_yuan"] = {2025: revenue}
    if share:
        facts["lead_product_in_sei"] = share
    extra = "\n    applies_if: revenue_yuan[t] >= 5000 万元"
    assert judge_test("lead_product_in_sei = 是", subject(facts), extra=extra).status is status


@pytest.mark.parametrize(
    ("day", "status"),
    [
        (date(2026, 3, 31), Status.NOT_APPLICABLE),
        (date(2026, 4, 1), Status.UNKNOWN),
        (date(2026, 12, 31), Status.UNKNOWN),
        (date(2027, 1, 1), Status.NOT_APPLICABLE),
    ],
)
def test_a31_a_notice_of_one_year_binds_in_its_term_only(
    subject: Build, judge_test: Callable[..., Any], day: date, status: Status
) -> None:
    extra = "\n    in_force: {from: 2026-04-01, to: 2026-12-31}"
    assert judge_test("lead_product_in_sei = 是", subject(), day=day, extra=extra).status is status


# -- what every condition carries ---------------------------------------------------------------------------------


def test_each_condition_carries_clause_quotation_threshold_value_source_and_age(packs: dict[str, Pack]) -> None:
    recorded = datetime(2026, 5, 1, tzinfo=UTC)
    facts = {("segment_years", 2025): FactValue("5", "self_declared", date(2023, 6, 30), recorded)}
    line = assess(packs[STEMS[1]], Subject(facts)).condition("ZJ26-1b")
    assert (line.status, line.value, line.threshold) == (Status.MET, "5 年", "≥3 年")
    assert (line.clause, line.document.number) == ("附件1 第一项", "工信部企业〔2026〕2号")
    assert line.quote == "截至上年末从事特定细分市场时间达到3年以上"
    assert (line.modality, line.evidence_grade) == ("must", "S2")
    (read,) = line.inputs
    assert (read.period_label, read.source_label, read.age) == (
        "2025年从事特定细分市场时间",
        "企业填报",
        "3 年前的数据",
    )
    assert read.recorded_at == recorded


@pytest.mark.parametrize(
    ("as_of", "age"),
    [
        (None, "数据日期不详"),
        (date(2026, 6, 30), "本月的数据"),
        (date(2026, 5, 31), "本月的数据"),
        (date(2025, 12, 31), "5 个月前的数据"),
        (date(2025, 7, 1), "11 个月前的数据"),
        (date(2025, 6, 30), "1 年前的数据"),
        (date(2026, 7, 1), "晚于申请日期的数据"),
    ],
)
def test_the_age_of_a_value_is_counted_to_the_day_of_application(
    packs: dict[str, Pack], as_of: date | None, age: str
) -> None:
    facts = {("segment_years", 2025): FactValue("5", "import", as_of)}
    assert assess(packs[STEMS[1]], Subject(facts)).condition("ZJ26-1b").inputs[0].age == age


def test_every_line_of_the_pack_appears_once_with_clause_and_quotation(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        found = assess(pack, Subject({}))
        ids = [each.id for each in found.conditions]
        assert len(ids) == len(set(ids)) == len(pack.gates) + len(pack.conditions) + len(pack.indicators)
        assert all(each.clause and each.quote and each.document.number for each in found.conditions)


def test_the_json_form_is_plain_and_complete(packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]) -> None:
    found = assess(packs[STEMS[0]], cases[STEMS[0]][0].subject)
    told = json.loads(json.dumps(found.to_json(), ensure_ascii=False))
    assert told["verdict"] == "eligible"
    assert told["application_date"] == "2026-06-30"
    assert told["score"]["points"] == {"low": "70", "high": "70", "max": "100"}
    assert told["pack_sha256"] == packs[STEMS[0]].sha256
    assert told["disclaimer"] == "本结果由系统按现有资料测算，不作为认定依据。"
    assert {each["id"] for each in told["conditions"]} >= {"CX-1", "G63-01"}


def test_an_assessment_is_the_same_when_it_is_repeated(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    for stem in STEMS:
        for case in cases[stem][::20]:
            first, second = (assess(packs[stem], case.subject, case.application_date, case.kind) for _ in range(2))
            assert first == second


# -- verdict and routes -------------------------------------------------------------------------------------------


def test_nothing_recorded_is_unknown_and_every_missing_fact_is_named(packs: dict[str, Pack]) -> None:
    """An enterprise known by registration only: nothing is refused for want of data."""
    for pack in packs.values():
        found = assess(pack, Subject({}, titles=(), ledger_complete=False))
        assert found.verdict is Verdict.UNKNOWN
        asked = {each.fact_id for each in found.missing}
        assert {"revenue_yuan", "legal_person", "accidents", "size"} <= asked
        assert all(each.status is not Status.UNMET for each in found.conditions)


def test_a12_a_direct_condition_replaces_the_score_and_not_the_gates(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    by_name = {case.name: case for case in cases[STEMS[0]]}
    found = assess(packs[STEMS[0]], by_name["直通不免除基本条件"].subject)
    assert [(route.id, route.status) for route in found.routes] == [("score", Status.UNMET), ("direct", Status.MET)]
    assert found.verdict is Verdict.NOT_ELIGIBLE


def test_a27_a_soft_line_is_reported_and_never_blocks(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    holder = replace(
        cases[STEMS[0]][0].subject,
        titles=(Title("specialized_sme", "valid", date(2025, 1, 1), date(2027, 12, 31)),),
    )
    found = assess(packs[STEMS[0]], holder)
    assert found.condition("G63-07").status is Status.UNMET
    assert found.verdict is Verdict.ELIGIBLE
    assert any("不影响本次结论" in reason for reason in found.reasons)


def test_a44_at_review_a_title_of_the_same_tier_is_enough(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    holder = replace(
        cases[STEMS[1]][0].subject,
        titles=(Title("specialized_sme", "under_review", date(2023, 12, 1), date(2026, 11, 30)),),
    )
    assert assess(packs[STEMS[1]], holder, kind="review").verdict is Verdict.ELIGIBLE
    assert assess(packs[STEMS[1]], holder, kind="new").verdict is Verdict.NOT_ELIGIBLE


def test_a22_transferred_property_is_flagged_when_it_would_change_the_result(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    base = cases[STEMS[1]][0].subject
    facts = {
        **base.facts,
        ("ip_class1_applied_count", 0): FactValue(0, "official_list"),
        ("ip_class1_applied_with_transferred_count", 0): FactValue(1, "official_list"),
    }
    line = assess(packs[STEMS[1]], replace(base, facts=facts)).condition("ZJ26-4")
    assert line.status is Status.UNMET
    assert any("转入的不计" in note for note in line.notes)
    assert not any("转入的不计" in note for note in assess(packs[STEMS[1]], base).condition("ZJ26-4").notes)


def test_a_kind_that_the_pack_does_not_serve_is_a_clear_refusal(packs: dict[str, Pack]) -> None:
    only_new = replace(packs[STEMS[0]], kinds=("new",))
    with pytest.raises(KindNotServed, match="不适用于“复核”"):
        assess(only_new, Subject({}), kind="review")


def test_a_value_that_is_not_canonical_is_an_error_and_not_a_verdict(packs: dict[str, Pack]) -> None:
    for value in ("一百", "NaN", "1e99", True, ["x"]):
        with pytest.raises(FactUnreadable):
            assess(packs[STEMS[1]], Subject({("revenue_yuan", 2025): FactValue(value, "import")}))
    for fact_id, value in (("accidents", "无"), ("legal_person", "是"), ("legal_person", 1)):
        with pytest.raises(FactUnreadable):
            assess(packs[STEMS[1]], Subject({(fact_id, 0): FactValue(value, "import")}))


def test_a_stored_null_is_missing(packs: dict[str, Pack]) -> None:
    facts = {("segment_years", 2025): FactValue(None, "import")}
    assert assess(packs[STEMS[1]], Subject(facts)).condition("ZJ26-1b").status is Status.UNKNOWN


def test_a_stored_value_is_read_back(packs: dict[str, Pack]) -> None:
    stored = {"value": "5", "source": "tax", "as_of": "2025-12-31", "recorded_at": "2026-01-02T03:04:05+00:00"}
    held = fact_value(stored)
    assert (held.value, held.source, held.as_of) == ("5", "tax", date(2025, 12, 31))
    assert held.recorded_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert fact_value({"value": None, "source": "tax"}).as_of is None


# -- reasons ------------------------------------------------------------------------------------------------------


def test_the_reasons_say_why_not_what_is_missing_and_what_people_decide(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]
) -> None:
    base = cases[STEMS[1]][0].subject
    poor = {**base.facts, ("rd_expense_yuan", 2025): FactValue("500000.00", "audit_report")}
    reasons = assess(packs[STEMS[1]], replace(base, facts=poor)).reasons
    assert "2025年研发费用总额为50.00 万元，要求≥100 万元" in reasons[0]

    lacking = {key: value for key, value in base.facts.items() if key[0] not in ("rd_expense_yuan",)}
    assert (
        "请补充：2025年研发费用总额、2024年研发费用总额。"
        in assess(packs[STEMS[1]], replace(base, facts=lacking)).reasons
    )

    undecided = {key: value for key, value in base.facts.items() if key[0] != "market_position_leading"}
    found = assess(packs[STEMS[1]], replace(base, facts=undecided))
    assert found.verdict is Verdict.MANUAL_REVIEW
    assert any("须主管部门认定" in reason for reason in found.reasons)


def test_every_verdict_has_at_least_one_reason(packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]) -> None:
    for stem in STEMS:
        for case in cases[stem]:
            found = assess(packs[stem], case.subject, case.application_date, case.kind)
            assert found.reasons, case.name


# -- filling a gap ------------------------------------------------------------------------------------------------

DECIDED = (Verdict.ELIGIBLE, Verdict.NOT_ELIGIBLE)


Hidden = set[tuple[str, int]]


@pytest.fixture(scope="module")
def hide(packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]]) -> Callable[..., tuple[Any, Any, Hidden]]:
    """Any case in full, and with some of its facts (the bits of `mask`) and perhaps its titles taken away."""
    every = [(packs[stem], case) for stem in STEMS for case in cases[stem]]

    def run(which: int, mask: int, forgotten: bool) -> tuple[Any, Any, Hidden]:
        pack, case = every[which % len(every)]
        hidden = {key for place, key in enumerate(sorted(case.subject.facts)) if mask >> place & 1}
        facts = {key: value for key, value in case.subject.facts.items() if key not in hidden}
        titles = None if forgotten else case.subject.titles
        less = replace(case.subject, facts=facts, titles=titles)
        full, lacking = (assess(pack, each, case.application_date, case.kind) for each in (case.subject, less))
        return full, lacking, hidden

    return run


@settings(deadline=None)  # the machine may be busy; the time has its own test
@given(which=st.integers(0, 10_000), mask=st.integers(0, 2**40 - 1), forgotten=st.booleans())
def test_filling_missing_facts_never_turns_a_decided_verdict(
    hide: Callable[..., tuple[Any, Any, Hidden]], which: int, mask: int, forgotten: bool
) -> None:
    """What was decided without some facts stays when they come back."""
    full, less, hidden = hide(which, mask, forgotten)
    if less.verdict in DECIDED:
        assert full.verdict is less.verdict
    if less.score is not None and full.score is not None:
        assert less.score.points.low <= full.score.points.low
        assert less.score.points.high >= full.score.points.high
    for before in less.conditions:
        if before.status in (Status.MET, Status.UNMET) and before.points is None:
            after = full.condition(before.id).status
            # a tier whose demands are met, before it is known whether it applies at all
            assert after is before.status or (before.status, after) == (Status.MET, Status.NOT_APPLICABLE), before.id
    named = {(each.fact_id, each.fiscal_year) for each in less.missing}
    read = {(each.fact_id, each.fiscal_year) for line in full.conditions for each in line.inputs}
    assert hidden & read <= named  # whatever was hidden and asked for is named, decided or not


@pytest.mark.parametrize("stem", STEMS)
def test_a_hidden_fact_is_never_taken_for_zero_or_no(
    packs: dict[str, Pack], cases: dict[str, tuple[Case, ...]], stem: str
) -> None:
    """Hiding one fact of an eligible enterprise never makes it ineligible, and the fact is named."""
    first = cases[stem][0]
    base, day = first.subject, first.application_date
    full = assess(packs[stem], base, day)
    assert full.verdict is Verdict.ELIGIBLE
    read = {(each.fact_id, each.fiscal_year) for line in full.conditions for each in line.inputs}
    read -= {(TITLES_HELD, POINT)}
    assert len(read) > 15
    for hidden in read:
        facts = {key: value for key, value in base.facts.items() if key != hidden}
        found = assess(packs[stem], replace(base, facts=facts), day)
        assert found.verdict is not Verdict.NOT_ELIGIBLE, hidden
        assert hidden in {(each.fact_id, each.fiscal_year) for each in found.missing}, hidden
