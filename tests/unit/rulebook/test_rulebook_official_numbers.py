"""Numbers that circulate and are wrong, numbers that changed between the editions, and facts that must stay apart.

Expected values are typed from the rulebook (sections 1, 2, 2.4, 2.5), never read from a pack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.size import SizeResult
from rulebook.status import Status, Verdict
from rulebook.subject import FactValue, Subject
from rulebook.values import parse_cell
from tests.unit.rulebook.conftest import shipped_cases

WAN = 10_000
Case = tuple[Pack, Subject, date]
Typical = Callable[[str], Case]
Changed = Callable[..., Assessment]


@pytest.fixture(scope="module")
def typical(packs: dict[str, Pack]) -> Typical:
    """The eligible enterprise of a pack's first case, with the pack and the day."""

    def find(stem: str) -> Case:
        first = shipped_cases(stem)[1][0]
        return packs[stem], first.subject, first.application_date

    return find


@pytest.fixture(scope="module")
def changed(typical: Typical, dictionary: Dictionary) -> Changed:
    """That enterprise with some cells changed: changed("miit-…", {("segment_years", 2025): "2"})."""

    def assess(stem: str, cells: dict[tuple[str, int], str]) -> Assessment:
        pack, subject, day = typical(stem)
        facts = dict(subject.facts)
        for key, cell in cells.items():
            facts[key] = FactValue(parse_cell(dictionary[key[0]], cell), dictionary[key[0]].sources[0])
        return evaluate(pack, replace(subject, facts=facts), application_date=day)

    return assess


# -- 2.5: wrong numbers in circulation ----------------------------------------------------------------------------


def test_2_5_the_sub_scores_of_innovative_smes_are_20_15_15_and_not_24_18_18(changed: Changed) -> None:
    """20 points of 创新能力, 15 of 成长性, 30 of 专业化: eligible, and by the circulating numbers it would not be."""
    found = changed(
        "miit-63-2022-innovative",
        {
            ("ip_class1_own_count", 0): "0", ("ip_class1_count", 0): "0", ("ip_class2_count", 0): "1",
            ("rd_expense_yuan", 2025): "60 万元", ("revenue_yuan", 2025): "2000 万元",
            ("main_revenue_yuan", 2025): "1500 万元", ("main_revenue_yuan", 2024): "1400 万元",
            ("total_liabilities_yuan", 2025): "900 万元", ("lead_product_in_sei", 0): "是",
        },
    )  # fmt: skip
    assert found.score is not None
    assert [(group.id, int(group.points.low)) for group in found.score.groups] == [
        ("innovation", 20),
        ("growth", 15),
        ("specialization", 30),
    ]
    assert found.verdict is Verdict.ELIGIBLE


@pytest.mark.parametrize(("rank", "status"), [(3, Status.MET), (4, Status.UNMET), (5, Status.UNMET)])
def test_2_5_the_direct_route_of_little_giants_asks_for_the_first_three_and_not_five(
    changed: Changed, rank: int, status: Status
) -> None:
    found = changed("miit-63-2022-giant", {("science_awards", 0): f"国家级|{rank}|2025-01-01"})
    assert found.condition("XJ-XD1").status is status
    new = changed(
        "miit-2-2026-giant",
        {("ip_class1_applied_count", 0): "0", ("science_awards", 0): f"国家级|{rank}|2025-01-01"},
    )
    assert new.condition("XJ26-4").status is status


def test_2_5_no_pack_stands_on_the_circulating_document_number(packs: dict[str, Pack]) -> None:
    for pack in packs.values():
        lines = [*(each.line for each in (*pack.gates, *pack.conditions, *pack.indicators)), pack.decision]
        assert all("126" not in line.document.number for line in lines), pack.id


def test_2_5_nothing_recomputes_the_platform_score(packs: dict[str, Pack]) -> None:
    """75号 weights in circulation are invented: a pack of 2026 has no indicators, and takes the platform's number."""
    for pack in packs.values():
        if pack.edition == "2026":
            assert pack.indicators == ()
            (line,) = [each for each in pack.conditions if each.line.id in ("ZJ26-6", "XJ26-7")]
            assert line.only_sources == {"official_platform"}


# -- 2.4: what changed, one enterprise on both sides ---------------------------------------------------------------

OLD_Z, NEW_Z = "miit-63-2022-specialized", "miit-2-2026-specialized"
OLD_X, NEW_X = "miit-63-2022-giant", "miit-2-2026-giant"


@pytest.mark.parametrize(
    ("stem", "line", "fact", "at", "below"),
    [
        (OLD_Z, "ZJ-C1", "segment_years", "2", "1.99"),
        (NEW_Z, "ZJ26-1b", "segment_years", "3", "2.99"),
        (OLD_Z, "ZJ-C3", "revenue_yuan", "1000 万元", "9999999.99 元"),
        (NEW_Z, "ZJ26-2a", "revenue_yuan", "1500 万元", "14999999.99 元"),
        (OLD_Z, "ZJ-C2", "rd_expense_yuan", "100 万元", "999999.99 元"),
        (NEW_Z, "ZJ26-3", "rd_expense_yuan", "100 万元", "999999.99 元"),
        (OLD_X, "XJ-Z1", "segment_years", "3", "2.99"),
        (NEW_X, "XJ26-1", "segment_years", "3", "2.99"),
        (OLD_X, "XJ-T1", "market_share", "10%", "9.99%"),
        (NEW_X, "XJ26-2a", "revenue_yuan", "5000 万元", "49999999.99 元"),
        (NEW_X, "XJ26-5", "market_share", "10%", "9.99%"),
    ],
)
def test_2_4_thresholds_of_a_figure_at_and_below(
    changed: Changed, stem: str, line: str, fact: str, at: str, below: str
) -> None:
    extra = {("revenue_yuan", 2025): "3000 万元"} if fact == "rd_expense_yuan" else {}
    for cell, status in ((at, Status.MET), (below, Status.UNMET)):
        assert changed(stem, {**extra, (fact, 2025): cell}).condition(line).status is status, cell


@pytest.mark.parametrize(
    ("stem", "line", "part", "whole", "percent", "upwards"),
    [
        (NEW_Z, "ZJ26-2b", "main_revenue_yuan", "revenue_yuan", 80, True),
        (OLD_X, "XJ-Z2", "main_revenue_yuan", "revenue_yuan", 70, True),
        (NEW_X, "XJ26-2b", "main_revenue_yuan", "revenue_yuan", 90, True),
        (NEW_Z, "ZJ26-2c", "total_liabilities_yuan", "total_assets_yuan", 80, False),
        (OLD_X, "XJ-J3", "total_liabilities_yuan", "total_assets_yuan", 70, False),
        (NEW_X, "XJ26-2d", "total_liabilities_yuan", "total_assets_yuan", 75, False),
    ],
)
def test_2_4_thresholds_of_a_share_at_and_beside(
    changed: Changed, stem: str, line: str, part: str, whole: str, percent: int, upwards: bool
) -> None:
    fen = percent * 1_000_000 * 100
    for amount, status in ((fen, Status.MET), (fen - 1 if upwards else fen + 1, Status.UNMET)):
        cells = {(whole, 2025): "10000 万元", (part, 2025): f"{amount // 100}.{amount % 100:02} 元"}
        assert changed(stem, cells).condition(line).status is status, amount


def test_2_4_property_of_class_1_by_edition(changed: Changed) -> None:
    for stem, line, fact, least in (
        (NEW_Z, "ZJ26-4", "ip_class1_applied_count", 1),
        (OLD_X, "XJ-X3", "ip_class1_applied_with_transferred_count", 2),
        (NEW_X, "XJ26-4", "ip_class1_applied_count", 4),
    ):
        assert changed(stem, {(fact, 0): str(least)}).condition(line).status is Status.MET
        assert changed(stem, {(fact, 0): str(least - 1)}).condition(line).status is Status.UNMET


def test_2_4_platform_score_50_and_60(changed: Changed) -> None:
    for stem, line, least in ((NEW_Z, "ZJ26-6", 50), (NEW_X, "XJ26-7", 60)):
        assert changed(stem, {("development_score", 2026): str(least)}).condition(line).status is Status.MET
        assert changed(stem, {("development_score", 2026): f"{least - 1}.99"}).condition(line).status is Status.UNMET


def test_2_4_r_and_d_of_little_giants_2026_is_1200_wan_in_two_years(changed: Changed) -> None:
    for yuan, status in ((600 * WAN, Status.MET), (600 * WAN - 1, Status.UNMET)):
        cells = {("rd_expense_yuan", 2025): f"{yuan} 元", ("rd_expense_yuan", 2024): "600 万元"}
        assert changed(NEW_X, cells).condition("XJ26-3").status is status


# -- the tiers of the 2022 little giant, typed from the rulebook --------------------------------------------


@pytest.mark.parametrize(
    ("revenue", "tier"),
    [
        ("1000000 万元", "XJ-X1a"), ("10000 万元", "XJ-X1a"), ("99999999.99 元", "XJ-X1b"), ("5000 万元", "XJ-X1b"),
        ("49999999.99 元", "XJ-X1c"), ("0 元", "XJ-X1c"),
    ],
)  # fmt: skip
def test_a40_exactly_one_tier_applies_to_a_revenue(changed: Changed, revenue: str, tier: str) -> None:
    found = changed(OLD_X, {("revenue_yuan", 2025): revenue})
    tiers = [found.condition(each) for each in ("XJ-X1a", "XJ-X1b", "XJ-X1c")]
    assert [each.id for each in tiers if each.status is not Status.NOT_APPLICABLE] == [tier]


@pytest.mark.parametrize(
    ("this", "before", "status"),
    [
        ("3000 万元", "0 元", Status.MET),
        ("29999999.99 元", "0.01 元", Status.MANUAL_REVIEW),
        ("1500 万元", "1500 万元", Status.MANUAL_REVIEW),
        ("1500 万元", "14999999.99 元", Status.UNMET),
    ],
)
def test_a09_three_thousand_wan_of_one_year_or_only_of_two(
    changed: Changed, this: str, before: str, status: Status
) -> None:
    cells = {
        ("revenue_yuan", 2025): "4000 万元", ("equity_financing", 0): "2025-03-01|8000万元|是|20%",
        ("rd_staff", 2025): "100", ("full_time_staff", 2025): "200",
        ("rd_expense_yuan", 2025): this, ("rd_expense_yuan", 2024): before,
    }  # fmt: skip
    assert changed(OLD_X, cells).condition("XJ-X1c").status is status


# -- definitions that differ are separate facts --------------------------------------------------------------------


def facts_read(pack: Pack, subject: Subject, day: date, *lines: str) -> set[str]:
    found = evaluate(pack, subject, application_date=day)
    return {each.fact_id for line in lines for each in found.condition(line).inputs}


def test_a22_each_edition_counts_property_by_its_own_fact(typical: Typical) -> None:
    assert facts_read(*typical(OLD_X), "XJ-X3") == {"ip_class1_applied_with_transferred_count"}
    assert "ip_class1_applied_with_transferred_count" not in facts_read(*typical(NEW_X), "XJ26-4")


def test_a23_the_share_of_staff_and_the_size_class_count_different_people(
    typical: Typical, dictionary: Dictionary
) -> None:
    assert facts_read(*typical(OLD_Z), "ZJ-12") == {"rd_staff", "full_time_staff"}
    pack, subject, day = typical(OLD_Z)
    undecided = replace(subject, size=SizeResult("unknown", frozenset(("small", "large")), "", ("headcount",)))
    gate = evaluate(pack, undecided, application_date=day).condition("G63-02")
    assert [each.fact_id for each in gate.missing] == ["headcount"]
    assert not {*dictionary["headcount"].aliases} & {*dictionary["full_time_staff"].aliases}


def test_a25_the_packs_of_miit_measure_shares_of_revenue_and_of_nothing_else(typical: Typical) -> None:
    shares = ((OLD_Z, "ZJ-1"), (OLD_Z, "ZJ-7"), (OLD_Z, "ZJ-11"), (OLD_X, "XJ-X1a"), (NEW_X, "XJ26-3"))
    for stem, line in shares:
        bases = {each for each in facts_read(*typical(stem), line) if "revenue" in each or "sales" in each}
        assert bases <= {"revenue_yuan", "main_revenue_yuan"}, line
        assert "revenue_yuan" in bases, line


# -- dates and targets that are data -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "line", "due"),
    [
        ("miit-63-2022-innovative", "DM63-2a", (4, 30)),
        ("miit-63-2022-specialized", "DM63-2a", (4, 30)),
        ("miit-63-2022-giant", "DM63-2a", (4, 30)),
        ("miit-2-2026-specialized", "OV-3", (5, 31)),
        ("miit-2-2026-giant", "OV-3", (5, 31)),
        ("champion-138-2023", "DG-8b", (5, 31)),
        ("tsme-115-2017", "TS-L2", (3, 31)),
    ],
)
def test_a34_the_yearly_update_is_due_on_the_day_of_its_own_document(
    shipped: dict[str, Pack], stem: str, line: str, due: tuple[int, int]
) -> None:
    """A wrong day costs an enterprise its review: 未及时更新企业信息的，取消复核资格."""
    yearly = {each.line.id: each.due for each in shipped[stem].life_cycle if each.due is not None}
    assert yearly == {line: due}


def test_a33_a_local_target_is_no_condition_of_anybody(shipped: dict[str, Pack]) -> None:
    """2号 sets no numbers of enterprises: a target may name a local title, never decide who gets it."""
    for stem, pack in shipped.items():
        judged = [*pack.gates, *pack.conditions, *pack.indicators]
        assert [each.line.id for each in judged if each.line.id.startswith("T-")] == [], stem
        target = pack.decision.id.startswith("T-") or any(note.line.id.startswith("T-") for note in pack.notes)
        assert not target or pack.area, f"{stem}: only the document of a place has targets"
