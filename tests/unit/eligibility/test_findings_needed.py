"""Which findings an assessment waits for, and when one of them alone would decide."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from rulebook.dictionary import Dictionary, parse_dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import load_pack
from rulebook.subject import FactValue, Subject
from services.eligibility.domain.findings import is_answered, needs_of

DAY = dt.date(2026, 6, 30)
FACTS = Path(__file__).parents[3] / "contracts" / "facts"
SECOND = """\
section: 试
facts:
  - {id: second_finding, label: 第二项, label_en: Second, type: finding, period: point, sources: [official_finding]}
"""
PACK = """\
pack: test-pack
edition: "1"
title: innovative_sme
label: 测试包
document: {number: 测试〔2026〕1号, name: 测试办法, issuer: 测试部}
in_force: {from: 2026-01-01}
kinds: [new]
decision: {id: T-A, label: 结论, clause: 一, quote: 同时满足, evidence: V}
gates:
  - {id: G, label: 门槛, clause: 一, quote: 门槛, evidence: V, modality: must, test: legal_person = 是}
conditions:
  - {id: R, label: 收入, clause: 一, quote: 收入, evidence: V, modality: must, test: "revenue_yuan[t] >= 100 万元"}
  - {id: A, label: 甲, clause: 二, quote: 甲, evidence: V, modality: must, test: {finding: market_position_leading}}
  - {id: B, label: 乙, clause: 三, quote: 乙, evidence: V, modality: must, test: {finding: second_finding}}
routes:
  - {id: only, label: 全部, ROUTE}
"""


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    texts = {path.name: path.read_text("utf-8") for path in FACTS.glob("*.yaml")}
    return parse_dictionary({**texts, "z.yaml": SECOND})


def needed(dictionary: Dictionary, route: str, **facts: Any) -> dict[str, bool]:
    """finding → decisive"""
    unused = [name for name in "RAB" if name not in route]
    pack_text = PACK.replace("ROUTE", route)
    lines = [line for line in pack_text.splitlines() if not any(f"id: {name}," in line for name in unused)]
    pack = load_pack("\n".join(lines) + "\n", dictionary)
    keyed = {(name, 2025 if name == "revenue_yuan" else 0): FactValue(value, "official_finding")
             for name, value in facts.items()}  # fmt: skip
    subject = Subject(keyed, ())
    return {
        need.finding: need.decisive for need in needs_of(pack, subject, evaluate(pack, subject, application_date=DAY))
    }


MET = {"decision": "met", "reason": "是", "evidence": None, "valid_until": None}


@pytest.mark.parametrize(
    ("route", "facts", "expected"),
    [
        ("all_of: [A]", {"legal_person": True}, {"market_position_leading": True}),
        ("all_of: [A]", {}, {"market_position_leading": False}),
        ("all_of: [A]", {"legal_person": False}, {}),
        ("all_of: [R, A]", {"legal_person": True}, {"market_position_leading": False}),
        ("all_of: [R, A]", {"legal_person": True, "revenue_yuan": "1000000.00"}, {"market_position_leading": True}),
        ("all_of: [R, A]", {"legal_person": True, "revenue_yuan": "999999.99"}, {}),
        ("any_of: [R, A]", {"legal_person": True}, {"market_position_leading": True}),
        ("any_of: [R, A]", {"legal_person": True, "revenue_yuan": "1000000.00"}, {}),
        ("all_of: [A, B]", {"legal_person": True}, {"market_position_leading": False, "second_finding": False}),
        ("all_of: [A, B]", {"legal_person": True, "second_finding": MET}, {"market_position_leading": True}),
        ("any_of: [A, B]", {"legal_person": True}, {"market_position_leading": True, "second_finding": True}),
    ],
)
def test_a_finding_is_decisive_when_nothing_else_is_missing(
    dictionary: Dictionary, route: str, facts: dict[str, Any], expected: dict[str, bool]
) -> None:
    assert needed(dictionary, route, **facts) == expected


@pytest.mark.parametrize(
    ("until", "holds"), [(None, True), ("2026-06-30", True), ("2026-06-29", False), ("2026-07-01", True)]
)
def test_a_finding_holds_through_its_last_day(until: str | None, holds: bool) -> None:
    assert is_answered({"x": {"value": MET | {"valid_until": until}}}, "x", DAY) is holds
    assert not is_answered({}, "x", DAY)
