"""Every shipped rules file passes its own cases, and its cases reach every one of its lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from rulebook.cases import load_cases, run_case
from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid, load_pack
from rulebook.pack import Pack
from rulebook.size_cases import load_size_cases, run_size_case
from rulebook.size_table import SizeTable
from tests.unit.rulebook.conftest import shipped_cases

STEMS = (
    "miit-63-2022-innovative",
    "miit-63-2022-specialized",
    "miit-63-2022-giant",
    "miit-2-2026-specialized",
    "miit-2-2026-giant",
)


def test_every_rules_file_has_cases_of_the_same_stem(policies: Path) -> None:
    assert {path.stem for path in policies.glob("*.yaml")} == {path.stem for path in policies.glob("cases/*.yaml")}
    assert set(STEMS) == {path.stem for path in policies.glob("miit-*.yaml")}


@pytest.mark.parametrize("stem", STEMS)
def test_the_pack_passes_its_cases(packs: dict[str, Pack], stem: str) -> None:
    pack_id, cases = shipped_cases(stem)
    assert pack_id == packs[stem].id
    assert len(cases) > 50
    failed = {case.name: wrong for case in cases if (wrong := run_case(packs[stem], case))}
    assert failed == {}


@pytest.mark.parametrize("stem", STEMS)
def test_every_line_of_the_pack_is_seen_met_and_not_met(packs: dict[str, Pack], stem: str) -> None:
    pack, (_, cases) = packs[stem], shipped_cases(stem)
    expected = [each for case in cases for each in case.expected.conditions.items()]
    conditions = [each.line.id for each in (*pack.gates, *pack.conditions)]
    assert [line for line in conditions if (line, "met") not in expected] == []
    assert [line for line in conditions if (line, "unmet") not in expected] == []


@pytest.mark.parametrize("stem", STEMS)
def test_every_threshold_of_a_score_is_seen_from_both_sides(packs: dict[str, Pack], stem: str) -> None:
    """Every points value of every indicator is expected by some case."""
    _, cases = shipped_cases(stem)
    asserted = {each for case in cases for each in case.expected.points.items()}
    for indicator in packs[stem].indicators:
        scales = [band for scale in indicator.better_of for band in scale.bands]
        for each in (*indicator.bands, *indicator.choices, *scales):
            assert (indicator.line.id, f"{each.points_high:f}") in asserted, indicator.line.id


def test_every_case_has_its_own_name() -> None:
    for stem in STEMS:
        names = [case.name for case in shipped_cases(stem)[1]]
        assert len(names) == len(set(names))


def test_a_changed_threshold_fails_the_cases(policies: Path, dictionary: Dictionary) -> None:
    """The cases can fail: each number of the rules is held by at least one of them."""
    for stem, changes in {
        "miit-63-2022-innovative": [
            ('total: ">= 60 分"', 'total: ">= 61 分"'),
            ('innovation: ">= 20 分"', 'innovation: ">= 24 分"'),
            ('growth: ">= 15 分"', 'growth: ">= 18 分"'),
            ('specialization: ">= 15 分"', 'specialization: ">= 18 分"'),
            ("500 万元", "501 万元"),
            ("<= 30%", "< 30%"),
            ("rolling_years: 3", "rolling_years: 2"),
            ("severity: [major, extraordinary]", "severity: [larger, major, extraordinary]"),
        ],
        "miit-2-2026-specialized": [
            ("segment_years[t] >= 3 年", "segment_years[t] >= 2 年"),
            ("revenue_yuan[t] >= 1500 万元", "revenue_yuan[t] >= 1000 万元"),
            (">= 2000 万元", "> 2000 万元"),
            ("revenue_yuan[t] >= 80%", "revenue_yuan[t] >= 70%"),
            ("total_assets_yuan[t] <= 80%", "total_assets_yuan[t] < 80%"),
            ("rd_expense_yuan[t-1] >= 100 万元", "rd_expense_yuan[t-1] >= 99 万元"),
            ("revenue_yuan[t-1] >= 3%", "revenue_yuan[t-1] >= 2%"),
            ("ip_class1_applied_count >= 1 项", "ip_class1_applied_count >= 2 项"),
            ("<= 3 名", "<= 5 名"),
            ("development_score[y] >= 50 分", "development_score[y] >= 49 分"),
            ("development_score[y-1] >= 50 分", "development_score[y-1] > 50 分"),
            ("kind: [work_safety], severity: [larger,", "kind: [work_safety], severity: [major,"),
        ],
    }.items():
        text = (policies / f"{stem}.yaml").read_text(encoding="utf-8")
        _, cases = shipped_cases(stem)
        for old, new in changes:
            assert old in text, old
            pack = load_pack(text.replace(old, new), dictionary)
            assert any(run_case(pack, case) for case in cases), (stem, old, new)


def test_the_size_table_passes_its_cases(policies: Path, dictionary: Dictionary, sizes: SizeTable) -> None:
    text = (policies / "cases" / "size-2011-2017.yaml").read_text(encoding="utf-8")
    cases = load_size_cases(text, dictionary)
    assert len(cases) > 15
    assert {case.name: wrong for case in cases if (wrong := run_size_case(sizes, case))} == {}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("legal_person: 是", "legal_persn: 是", 6),
        ("legal_person: 是", "legal_person: 也许", 6),
        ("legal_person: 是", 'legal_person: ""', 6),
        ("2026-06-30", "2026-06-31", 4),
        ("expect: {verdict: eligible}", "expect: {}", 7),
        ("expect: {verdict: eligible}", "expects: {}", 7),
        ("    expect", "    based_on: nobody\n    expect", 3),
        ("    expect", "    titles: [{title: unicorn}]\n    expect", 7),
    ],
)
def test_a_case_that_cannot_be_read_is_refused_with_its_line(
    dictionary: Dictionary, old: str, new: str, line: int
) -> None:
    text = (
        "pack: p\ncases:\n  - name: 一\n    application_date: 2026-06-30\n"
        "    facts:\n      legal_person: 是\n    expect: {verdict: eligible}\n"
    )
    assert old in text
    with pytest.raises(PackInvalid) as refused:
        load_cases(text.replace(old, new), dictionary)
    assert line in [problem.line for problem in refused.value.problems]
