"""The packs of sections 3 to 5 and of the local plans: their cases, their areas, and titles without rules."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rulebook.cases import Case, run_case
from rulebook.dictionary import Dictionary
from rulebook.editions import NoEditionInForce, choose_pack, find_pack
from rulebook.evaluate import evaluate
from rulebook.loader import PackInvalid, load_pack
from rulebook.pack import TITLES, WATCH_LISTS, AnyOf, LeftOpen, Pack
from rulebook.reachability import lines_of
from rulebook.status import Status, Verdict
from rulebook.subject import Subject, Title
from tests.unit.rulebook.conftest import POLICIES, shipped_cases

NATIONAL = ("hte-32-195-2016", "tsme-115-2017", "champion-138-2023")
UNSTATED = ("suzhou-2018-specialized", "suzhou-2018-growing-micro", "qianjiang-2023-tech-enterprise")
LOCAL = (*UNSTATED, "suzhou-2018-industry-giant", "zhenjiang-2023-small-to-above")
STEMS = (*NATIONAL, *LOCAL)
DAY = date(2026, 6, 30)
SEEDS = Path(__file__).parents[4] / "shared" / "seeds"


def cases_of(stem: str) -> tuple[Case, ...]:
    pack_id, cases = shipped_cases(stem)
    assert pack_id == stem
    return cases


@pytest.mark.parametrize("stem", STEMS)
def test_the_pack_passes_its_cases(shipped: dict[str, Pack], stem: str) -> None:
    cases = cases_of(stem)
    assert {case.name: wrong for case in cases if (wrong := run_case(shipped[stem], case))} == {}
    assert len({case.name for case in cases}) == len(cases)


@pytest.mark.parametrize("stem", STEMS)
def test_every_line_is_seen_with_every_outcome_it_can_have(shipped: dict[str, Pack], stem: str) -> None:
    expected = {each for case in cases_of(stem) for each in case.expected.conditions.items()}
    for condition in (*shipped[stem].gates, *shipped[stem].conditions):
        test = next(iter(condition.tests.values()))
        form = type(test).__name__
        if isinstance(test, AnyOf) and any(isinstance(each, LeftOpen) for each in test.tests):
            form = "InPlan"  # where the rest does not hold, a person decides
        outcomes = {"LeftOpen": {"manual_review"}, "InPlan": {"met", "manual_review"}}.get(form, {"met", "unmet"})
        assert {status for line, status in expected if line == condition.line.id} >= outcomes, condition.line.id


@pytest.mark.parametrize(
    ("stem", "old", "new"),
    [
        ("hte-32-195-2016", ">= 365 天", ">= 364 天"),
        ("hte-32-195-2016", ">= 10%", "> 10%"),
        ("hte-32-195-2016", ">= 5%", ">= 6%"),
        ("hte-32-195-2016", ">= 4%", ">= 3%"),
        ("hte-32-195-2016", ">= 3%", "> 3%"),
        ("hte-32-195-2016", "<= 5000 万元", "< 5000 万元"),
        ("hte-32-195-2016", "> 20000 万元", ">= 20000 万元"),
        ("hte-32-195-2016", ">= 60%", "> 60%"),
        ("hte-32-195-2016", '"> 70 分"', '">= 70 分"'),
        ("hte-32-195-2016", ", max: 30}", ", max: 31}"),
        ("hte-32-195-2016", "rolling_years: 1", "rolling_years: 2"),
        ("hte-32-195-2016", "severity: [major,", "severity: [larger, major,"),
        ("tsme-115-2017", "<= 500 人", "< 500 人"),
        ("tsme-115-2017", "revenue_yuan[t] <= 20000 万元", "revenue_yuan[t] < 20000 万元"),
        ("tsme-115-2017", "assets_yuan[t] <= 20000 万元", "assets_yuan[t] < 20000 万元"),
        ("tsme-115-2017", "calendar_years: 2", "calendar_years: 1"),
        ("tsme-115-2017", '">= 60 分"', '">= 61 分"'),
        ("tsme-115-2017", '{staff: "> 0 分"}', '{staff: ">= 8 分"}'),
        ("tsme-115-2017", "<= 3 名", "<= 5 名"),
        ("tsme-115-2017", "rolling_years: 5", "rolling_years: 6"),
        ("champion-138-2023", ">= 10 年", "> 10 年"),
        ("champion-138-2023", ">= 5 年", ">= 3 年"),  # before 2023
        ("champion-138-2023", ">= 40000 万元", "> 40000 万元"),
        ("champion-138-2023", ">= 20000 万元", "> 20000 万元"),
        ("champion-138-2023", "<= 3 名", "<= 1 名"),
        ("champion-138-2023", "rolling_years: 3", "rolling_years: 4"),
        ("suzhou-2018-industry-giant", ">= 5 亿元", "> 5 亿元"),
        ("zhenjiang-2023-small-to-above", ">= 1500 万元", "> 1500 万元"),
        ("zhenjiang-2023-small-to-above", "<= 2000 万元", "< 2000 万元"),
        ("zhenjiang-2023-small-to-above", "until: 2025-12-31", "until: 2026-12-31"),
    ],
)
def test_a_changed_number_fails_the_cases(
    policies: Path, dictionary: Dictionary, stem: str, old: str, new: str
) -> None:
    text = (policies / f"{stem}.yaml").read_text(encoding="utf-8")
    assert old in text
    pack = load_pack(text.replace(old, new), dictionary)
    assert any(run_case(pack, case) for case in cases_of(stem))


# -- 单项冠军: every missing fact alone ------------------------------------------------------------------------

CHAMPION = {
    ("registered_in_prc", 0): "DG-1a", ("legal_person", 0): "DG-1a", ("abnormal_list", 0): "DG-1b",
    ("dishonest_list", 0): "DG-1b", ("prohibited_product", 0): "DG-1b", ("accidents", 0): "DG-1c",
    ("secrecy_incidents", 0): "DG-1c", ("harms_nation", 0): "DG-1d", ("champion_field_years", 2025): "DG-2",
    ("main_revenue_yuan", 2025): "DG-3", ("main_revenue_yuan", 2024): "DG-3", ("main_revenue_yuan", 2023): "DG-3",
    ("champion_global_rank", 2025): "DG-4",
}  # fmt: skip


@pytest.mark.parametrize("key", CHAMPION)
def test_a_champion_with_one_fact_missing_is_unknown(shipped: dict[str, Pack], key: tuple[str, int]) -> None:
    typical = cases_of("champion-138-2023")[0].subject
    facts = {name: value for name, value in typical.facts.items() if name != key}
    found = evaluate(shipped["champion-138-2023"], replace(typical, facts=facts), application_date=DAY)
    assert found.verdict is Verdict.UNKNOWN
    assert found.condition(CHAMPION[key]).status is Status.UNKNOWN
    assert key in {(each.fact_id, each.fiscal_year) for each in found.missing if each.blocking}


# -- areas ----------------------------------------------------------------------------------------------------------


def test_a_local_title_has_rules_only_where_its_document_binds(shipped: dict[str, Pack]) -> None:
    packs = list(shipped.values())
    assert find_pack(packs, "suzhou_specialized_sme", "new", DAY, "341302") is shipped["suzhou-2018-specialized"]
    assert find_pack(packs, "suzhou_specialized_sme", "new", DAY, "370102") is None
    assert find_pack(packs, "suzhou_specialized_sme", "new", DAY, None) is None
    assert find_pack(packs, "zhenjiang_small_to_above", "new", DAY, "321102") is not None
    assert find_pack(packs, "qianjiang_tech_enterprise", "new", DAY, "500114") is not None
    assert find_pack(packs, "qianjiang_tech_enterprise", "new", DAY, "500107") is None
    assert find_pack(packs, "high_tech", "new", DAY, None) is shipped["hte-32-195-2016"]


def test_the_refusal_says_where_the_rules_apply_and_where_the_enterprise_is(shipped: dict[str, Pack]) -> None:
    with pytest.raises(NoEditionInForce, match="只适用于登记在 3413 地区的企业，该企业登记在 370102"):
        choose_pack(shipped.values(), "suzhou_specialized_sme", "new", DAY, "370102")
    with pytest.raises(NoEditionInForce, match="该企业的登记地区不详，请先补充行政区划代码"):
        choose_pack(shipped.values(), "suzhou_specialized_sme", "new", DAY)


def test_a31_a_national_pack_comes_before_a_local_one_of_the_same_title(shipped: dict[str, Pack]) -> None:
    national = shipped["hte-32-195-2016"]
    term = (("new", replace(national.terms[0][1], start=date(2026, 1, 1))),)
    local = replace(national, id="local", area=("37",), terms=term)
    assert choose_pack([local, national], "high_tech", "new", DAY, "370102") is national
    assert choose_pack([local], "high_tech", "new", DAY, "370102") is local


# -- titles without rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", UNSTATED)
@pytest.mark.parametrize("day", [date(2019, 6, 30), date(2024, 6, 30), DAY])
def test_a_title_without_rules_is_for_a_person_whatever_is_known(
    shipped: dict[str, Pack], stem: str, day: date
) -> None:
    rich = cases_of("champion-138-2023")[0].subject
    held = tuple(Title(code, "valid", date(2018, 1, 1), date(2030, 1, 1)) for code in TITLES)
    for subject in (rich, replace(rich, titles=held), Subject({})):
        found = evaluate(shipped[stem], subject, application_date=day)
        assert found.verdict is Verdict.MANUAL_REVIEW
        assert any("没有写明" in reason for reason in found.reasons)


@pytest.mark.parametrize("stem", UNSTATED)
def test_a_title_without_rules_cannot_be_given_a_rule_in_passing(
    dictionary: Dictionary, policies: Path, stem: str
) -> None:
    text = (policies / f"{stem}.yaml").read_text(encoding="utf-8")
    eased = re.sub(r"\{left_open: [^}]*\}", "revenue_yuan[t] >= 1 万元", text)
    assert eased != text
    with pytest.raises(PackInvalid) as refused:
        load_pack(eased, dictionary)
    assert [problem.code for problem in refused.value.problems] == ["rules-none"]


def test_exactly_the_packs_without_rules_say_so(shipped: dict[str, Pack]) -> None:
    assert {stem for stem, pack in shipped.items() if not pack.stated} == set(UNSTATED)


def test_a35_the_label_of_the_city_is_not_the_national_title(shipped: dict[str, Pack]) -> None:
    label = shipped["suzhou-2018-industry-giant"].title
    assert label != "little_giant"
    assert TITLES[label] != TITLES["little_giant"]
    own = Title(label, "valid", date(2019, 1, 1), date(2030, 1, 1))
    assert evaluate(
        shipped["champion-138-2023"], Subject({}, (own,)), application_date=DAY
    ).condition("DG-9").status is Status.UNMET, "holding the label is not holding the title"  # fmt: skip


def test_a_watch_list_grants_nothing(shipped: dict[str, Pack]) -> None:
    assert {pack.title for pack in shipped.values()} - set(TITLES) == set(WATCH_LISTS)
    assert {pack.title for pack in shipped.values()} & set(WATCH_LISTS) == {"zhenjiang_small_to_above"}


@pytest.mark.parametrize("stem", LOCAL)
def test_local_packs_name_their_area_and_ask_for_no_review(shipped: dict[str, Pack], stem: str) -> None:
    assert shipped[stem].area
    assert shipped[stem].kinds == ("new",)


# -- quotations -------------------------------------------------------------------------------------------------------

SOURCES = {"suzhou": "001_", "qianjiang": "002_", "zhenjiang": "003_"}
_SIGNS = str.maketrans("，（）：；“”", ',():;""')


def folded(text: str) -> str:
    return re.sub(r"[\s\"]", "", text.translate(_SIGNS).replace("—", "-").replace("–", "-"))


@pytest.mark.parametrize("stem", LOCAL)
def test_local_packs_quote_the_line_they_name(shipped: dict[str, Pack], stem: str) -> None:
    """The published texts are not in the repository: where they lie beside it, each quotation is looked up in them."""
    prefix = SOURCES[stem.split("-")[0]]
    source = next((path for path in SEEDS.glob("*.txt") if path.name.startswith(prefix)), None)
    lines = source.read_text(encoding="utf-8").splitlines() if source else []
    written = (POLICIES / f"{stem}.yaml").read_text(encoding="utf-8").splitlines()
    for line in lines_of(shipped[stem]):
        clause = next(text for text in written[line.source_line - 1 :] if text.lstrip().startswith("clause:"))
        match = re.fullmatch(rf" *clause: {re.escape(line.clause)}  # L(\d+)", clause)
        assert match, (line.id, clause)
        if lines:
            assert folded(line.quote) in folded(lines[int(match.group(1)) - 1]), line.id


@pytest.mark.parametrize("stem", STEMS)
def test_no_clause_names_a_line_of_our_copy(shipped: dict[str, Pack], stem: str) -> None:
    """Who reads an assessment looks a clause up in the document; where we read it stands in a remark of the pack."""
    assert [line.clause for line in lines_of(shipped[stem]) if re.search(r"L\d", line.clause)] == []
