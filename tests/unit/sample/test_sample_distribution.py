"""What the rules say about the sample: enough of every verdict to show and to test with."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from peiyu.sample.columns import dictionary
from peiyu.sample.model import Sample
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.size import SizeResult, classify
from rulebook.size_table import SizeTable, load_size_table
from rulebook.subject import FactValue, Subject, Title

pytestmark = (
    pytest.mark.slow
)  # two packs over all 2,000 enterprises: generator and rules together, nothing smaller counts

POLICIES = Path(__file__).resolve().parents[3] / "services" / "eligibility" / "policies"
TODAY = dt.date(2026, 11, 22)


def policy(name: str) -> str:
    return (POLICIES / f"{name}.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sizes() -> SizeTable:
    return load_size_table(policy("size-2011-2017"), dictionary())


@pytest.fixture(scope="module")
def subjects(sample: Sample, sizes: SizeTable) -> list[Subject]:
    return subjects_of(sample, sizes)


def subjects_of(sample: Sample, sizes: SizeTable) -> list[Subject]:
    facts: dict[str, dict[tuple[str, int], FactValue]] = defaultdict(dict)
    for row in sample.facts:
        for fact_id, value in row.values.items():
            facts[row.uscc][fact_id, row.fiscal_year] = FactValue(value, row.source, row.as_of)
    for each in sample.findings:
        finding = {"decision": each.decision, "reason": each.reason, "valid_until": each.valid_until.isoformat()}
        facts[each.uscc][each.fact, 0] = FactValue(finding, "official_finding", each.decided_on)
    titles: dict[str, list[Title]] = defaultdict(list)
    for row in sample.titles:
        titles[row.uscc].append(Title(row.title, row.state, row.valid_from, row.valid_to))
    return [
        Subject(facts[each.uscc], tuple(titles[each.uscc]), size_of(facts[each.uscc], sizes, sample.year))
        for each in sample.enterprises
    ]


def size_of(facts: dict[tuple[str, int], FactValue], sizes: SizeTable, year: int) -> SizeResult:
    def money(fact_id: str) -> Decimal | None:
        known = facts.get((fact_id, year))
        return None if known is None else Decimal(str(known.value))

    industry, headcount = facts.get(("industry_code", 0)), facts.get(("headcount", year))
    return classify(
        sizes,
        None if industry is None else str(industry.value),
        None if headcount is None else int(str(headcount.value)),
        money("revenue_yuan"),
        money("total_assets_yuan"),
    )


def verdicts(pack: Pack, subjects: list[Subject]) -> Counter[str]:
    return Counter(str(evaluate(pack, each, application_date=TODAY).verdict.value) for each in subjects)


def test_of_the_sample_12_to_20_in_a_hundred_are_eligible_as_innovative(subjects: list[Subject]) -> None:
    found = verdicts(load_pack(policy("miit-63-2022-innovative"), dictionary()), subjects)
    assert sum(found.values()) == 2000
    assert 0.12 <= found["eligible"] / 2000 <= 0.20, found
    assert found["unknown"] >= 400
    assert found["manual_review"] >= 20
    assert found["not_eligible"] >= 600


def test_of_the_sample_3_to_8_in_a_hundred_are_eligible_as_specialized(subjects: list[Subject]) -> None:
    found = verdicts(load_pack(policy("miit-2-2026-specialized"), dictionary()), subjects)
    assert sum(found.values()) == 2000
    assert 0.03 <= found["eligible"] / 2000 <= 0.08, found
    assert found["unknown"] >= 30
    assert found["manual_review"] >= 15


def test_sizes_are_mixed_and_a_few_have_outgrown_the_rules(subjects: list[Subject]) -> None:
    found = Counter(each.size.size for each in subjects if each.size)
    assert set(found) == {"micro", "small", "medium", "large", "unknown"}
    assert found["large"] >= 10
    assert found["small"] > found["large"]


def test_every_area_has_eligible_enterprises(sample: Sample, subjects: list[Subject]) -> None:
    pack = load_pack(policy("miit-63-2022-innovative"), dictionary())
    eligible = Counter(
        enterprise.district_code[:4]
        for enterprise, subject in zip(sample.enterprises, subjects, strict=True)
        if evaluate(pack, subject, application_date=TODAY).verdict.value == "eligible"
    )
    assert set(eligible) == {"5001", "3413", "3211", "6301"}
    assert min(eligible.values()) >= 30
