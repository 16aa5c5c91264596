"""The sample is the same for the same seed, is labelled everywhere, and holds together."""

from __future__ import annotations

import csv
import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from peiyu.sample.columns import CURRENT_FACTS, YEARLY_FACTS, dictionary
from peiyu.sample.decisions import INSTITUTIONS, PURPOSES
from peiyu.sample.generate import generate, last_complete_year
from peiyu.sample.model import LABEL, Sample
from peiyu.sample.places import PLACES
from peiyu.sample.profiles import INDUSTRIES
from rulebook.divisions import parse_divisions
from rulebook.parts import excesses
from rulebook.values import to_canonical
from services.registry.domain import capital, status
from services.registry.domain.capital import CapitalProblem
from services.registry.domain.names import comparison_key
from services.registry.domain.status import RegistrationStatus
from services.registry.domain.uscc import Uscc, check

REFERENCE = Path(__file__).resolve().parents[3] / "contracts" / "codes"
TODAY = dt.date(2026, 11, 22)


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    one, same, other = (generate(seed, TODAY, 60) for seed in (7, 7, 8))
    assert one == same
    assert {each.uscc for each in one.enterprises}.isdisjoint(each.uscc for each in other.enterprises)


def test_a_larger_sample_begins_with_the_same_enterprises() -> None:
    small, large = generate(7, TODAY, 40), generate(7, TODAY, 90)
    assert large.enterprises[:40] == small.enterprises
    assert large.facts[: len(small.facts)] == small.facts


def test_the_years_follow_from_the_day() -> None:
    assert last_complete_year(TODAY) == 2025
    years = {row.fiscal_year for row in generate(7, dt.date(2028, 1, 1), 40).facts}
    assert years == {0, 2025, 2026, 2027, 2028}  # 2028: scores of the running year


def test_every_enterprise_has_a_valid_code_and_a_name_of_its_own(sample: Sample) -> None:
    assert len(sample.enterprises) == 2000
    assert len({each.uscc for each in sample.enterprises}) == 2000
    assert len({comparison_key(each.name) for each in sample.enterprises}) == 2000
    for each in sample.enterprises:
        code = check(each.uscc)
        assert isinstance(code, Uscc)
        assert code.organization_digit_fits
        assert code.organization_code.startswith("XY")


def test_everything_is_labelled_synthetic(sample: Sample) -> None:
    assert all(each.name.startswith(LABEL) and "合成路" in each.address for each in sample.enterprises)
    assert all(each.document_number.startswith("合成示例〔") for each in sample.titles)
    assert all(each.issued_by.startswith("（合成示例）") for each in sample.titles)
    assert all(each.reason.startswith("合成示例") and each.evidence.startswith("合成示例") for each in sample.findings)
    assert all(each.document_number.startswith("合成授权书") for each in sample.consents)
    assert all(each.name.startswith("合成专员") for each in sample.commissioners)
    assert all(name.startswith("合成示例") for name in INSTITUTIONS.values())


def test_places_and_industries_are_those_of_the_reference_tables(sample: Sample) -> None:
    divisions = parse_divisions(
        (REFERENCE / "gbt2260.csv").read_text(encoding="utf-8"),
        (REFERENCE / "gbt2260_retired.csv").read_text(encoding="utf-8"),
    )
    for place in PLACES:
        for code, (name, _) in place.districts.items():
            assert divisions.current[code].district
            assert divisions.current[code].full_name == f"{place.province}{place.city}{name}"
    with (REFERENCE / "gbt4754_2017.csv").open(encoding="utf-8", newline="") as file:
        classes = {row["code"] for row in csv.DictReader(file) if row["level"] == "class"}
    assert {industry.code for industry in INDUSTRIES} <= classes
    used = Counter(each.district_code for each in sample.enterprises)
    assert set(used) == {code for place in PLACES for code in place.districts}
    assert min(used.values()) >= 10
    assert {each.industry_code for each in sample.enterprises} == {industry.code for industry in INDUSTRIES}


def test_the_code_of_an_enterprise_often_names_another_district_than_its_own(sample: Sample) -> None:
    other = sum(each.uscc[2:8] != each.district_code for each in sample.enterprises)
    assert 300 <= other <= 700


def test_capital_and_status_are_written_as_registers_write_them(sample: Sample) -> None:
    capitals = [capital.parse(each.registered_capital or "") for each in sample.enterprises]
    assert not any(isinstance(each, CapitalProblem) for each in capitals)
    assert 40 <= capitals.count(None) <= 130
    states = Counter(status.parse(each.status) for each in sample.enterprises)
    assert set(states) <= set(RegistrationStatus)
    assert states[RegistrationStatus.ACTIVE] >= 1900


def test_every_fact_is_in_the_dictionary_in_canonical_form_with_a_permitted_source(sample: Sample) -> None:
    facts = dictionary()
    for row in sample.facts:
        for fact_id, value in row.values.items():
            assert to_canonical(facts[fact_id], value) == value, (fact_id, value)
            assert row.source in facts[fact_id].sources
            assert facts[fact_id].yearly == bool(row.fiscal_year)


def test_the_sample_covers_every_fact_of_the_dictionary_that_an_officer_can_import() -> None:
    # Findings and expert points are people's decisions and are recorded as such.
    importable = {fact.id for fact in dictionary() if fact.sources != ("official_finding",)}
    # Capital stands in the enterprises' own sheet.
    assert set(YEARLY_FACTS) | set(CURRENT_FACTS) | {"registered_capital_yuan"} == importable


def test_the_figures_agree_with_each_other(sample: Sample) -> None:
    """What the registry would refuse as impossible is not drawn; what has to balance does."""
    seen = Counter[str]()
    for row in sample.facts:
        assert list(excesses(dictionary(), row.fiscal_year, row.values, row.values.get)) == [], row.uscc
        seen.update(list(row.values))
        money = {fact: Decimal(str(value)) for fact, value in row.values.items() if fact.endswith("_yuan")}
        if {"total_assets_yuan", "total_liabilities_yuan", "net_assets_yuan"} <= set(money):
            assert money["total_assets_yuan"] - money["total_liabilities_yuan"] == money["net_assets_yuan"]
    assert all(seen[fact.id] for fact in dictionary() if fact.wholes), "every part is drawn"


def test_no_enterprise_has_figures_of_years_before_it_existed(sample: Sample) -> None:
    founded = {each.uscc: each.established_on.year for each in sample.enterprises}
    assert all(founded[row.uscc] <= row.fiscal_year for row in sample.facts if row.fiscal_year in (2023, 2024, 2025))


FEW = {
    "market_share", "market_rank", "development_score", "champion_global_rank", "valuation_yuan", "global_market_share",
    "stock_code", "listing_progress", "target_board",
}  # fmt: skip


def test_about_eight_cells_in_a_hundred_are_missing(sample: Sample) -> None:
    # Market shares, ranks and listings are reported by few; a year before the enterprise existed has no cells at all.
    always = [set(YEARLY_FACTS) - FEW, set(CURRENT_FACTS) - FEW]
    found = expected = 0
    for row in sample.facts:
        if "development_score" in row.values:
            continue
        cells = always[row.fiscal_year == 0]
        expected += len(cells)
        found += len(cells & set(row.values))
    assert 0.06 <= 1 - found / expected <= 0.10


def test_titles_are_unique_dated_and_some_have_run_out(sample: Sample) -> None:
    assert 800 <= len(sample.titles) <= 1000
    assert len({(each.uscc, each.title) for each in sample.titles}) == len(sample.titles)
    states = Counter(each.state for each in sample.titles)
    assert set(states) == {"valid", "publicized", "under_review", "expired", "cancelled"}
    assert states["expired"] >= 50
    lists: dict[str, set[tuple[str, str, dt.date]]] = defaultdict(set)
    for each in sample.titles:
        assert each.announced_on < TODAY
        if each.state == "valid":
            assert each.valid_to is not None
            assert each.valid_to >= TODAY
        if each.state == "expired":
            assert each.valid_to is not None
            assert each.valid_to < TODAY
        lists[each.document_number].add((each.title, each.batch, each.announced_on))
    assert all(len(described) == 1 for described in lists.values())


def test_the_platform_scores_some_and_a_few_scored_themselves(sample: Sample) -> None:
    scores = [row for row in sample.facts if "development_score" in row.values and row.fiscal_year == TODAY.year]
    sources = Counter(row.source for row in scores)
    assert sources["official_platform"] >= 250
    assert sources["import"] >= 40
    assert {"50", "49.99"} <= {str(row.values["development_score"]) for row in scores}


def test_findings_and_consents_are_about_sample_enterprises(sample: Sample) -> None:
    known = set(sample.names)
    assert 250 <= len(sample.findings) <= 350
    assert 320 <= len(sample.consents) <= 480
    assert {each.uscc for each in sample.findings} <= known
    for each in sample.findings:
        finding = {name: getattr(each, name) for name in ("decision", "reason", "evidence", "valid_until")}
        assert isinstance(to_canonical(dictionary()[each.fact], finding), dict)
        assert each.decided_on < min(TODAY, each.valid_until)
    assert {each.uscc for each in sample.consents} <= known
    assert {each.institution for each in sample.consents} == set(INSTITUTIONS)
    assert {each.purpose for each in sample.consents} == set(PURPOSES)
    withdrawn = [each for each in sample.consents if each.withdrawn_on]
    assert withdrawn
    assert all(each.granted_on < each.withdrawn_on <= TODAY for each in withdrawn if each.withdrawn_on)
    assert any(each.expires_on < TODAY for each in sample.consents)


def test_every_district_has_a_commissioner_and_every_area_four_to_eight(sample: Sample) -> None:
    for place in PLACES:
        there = [each for each in sample.commissioners if set(each.districts) & set(place.districts)]
        assert 4 <= len(there) <= 8
        assert {district for each in there for district in each.districts} == set(place.districts)
    assert len({each.id for each in sample.commissioners}) == len(sample.commissioners)


@pytest.mark.parametrize(
    ("part", "whole", "ratio"),
    [
        ("rd_expense_yuan", "revenue_yuan", "0.03"),
        ("rd_expense_yuan", "revenue_yuan", "0.02999"),
        ("rd_expense_yuan", "revenue_yuan", "0.05"),
        ("main_revenue_yuan", "revenue_yuan", "0.8"),
        ("main_revenue_yuan", "revenue_yuan", "0.7"),
        ("total_liabilities_yuan", "total_assets_yuan", "0.55"),
        ("total_liabilities_yuan", "total_assets_yuan", "0.8"),
    ],
)
def test_some_values_lie_exactly_on_a_threshold(sample: Sample, part: str, whole: str, ratio: str) -> None:
    hits = 0
    for row in sample.facts:
        values = row.values
        if row.fiscal_year == 2025 and part in values and whole in values:
            hits += Decimal(str(values[part])) == Decimal(str(values[whole])) * Decimal(ratio)
    assert hits >= 3
