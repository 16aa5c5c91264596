"""The shipped dictionary and packs, and small packs written for one test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from rulebook.cases import Case, load_cases
from rulebook.dictionary import Dictionary, parse_dictionary
from rulebook.evaluate import evaluate
from rulebook.loader import PackInvalid, load_pack
from rulebook.pack import Pack
from rulebook.plan import plan
from rulebook.plan_model import RoutePlan, Window
from rulebook.size import SizeResult
from rulebook.size_table import SizeTable, load_size_table
from rulebook.subject import FactValue, Subject, Title
from rulebook.values import CellError, parse_cell
from tests.unit.rulebook.planning import DAY

ROOT = Path(__file__).parents[3]
POLICIES = ROOT / "services" / "eligibility" / "policies"

# one line per place where a test may plant something; line numbers are asserted, so keep the shape
PACK = """\
pack: test-pack
edition: "1"
title: innovative_sme
label: 测试包
document: {number: 测试〔2026〕1号, name: 测试办法, issuer: 测试部}
in_force: {from: 2026-01-01}
kinds: [new, review]
decision: {id: T-A, label: 结论, clause: 一, quote: 同时满足, evidence: V}
conditions:
  - id: T-1
    label: 条件一
    clause: 第一条
    quote: 原文一
    evidence: V
    modality: must
    test: revenue_yuan[t] >= 100 万元
routes:
  - {id: only, label: 全部, all_of: [T-1]}
"""

SCORED = """\
pack: test-scored
edition: "1"
title: innovative_sme
label: 测试评分
document: {number: 测试〔2026〕2号, name: 测试办法, issuer: 测试部}
in_force: {from: 2026-01-01}
kinds: [new]
decision: {id: T-A, label: 结论, clause: 一, quote: 得分达到, evidence: V}
groups: [{id: g, label: 分组}]
indicators:
  - id: T-S1
    label: 指标一
    clause: 第一条
    quote: 原文一
    evidence: V
    group: g
    max: 20
    measure: rd_expense_yuan[t] / revenue_yuan[t]
    bands:
      - {from: 5%, points: 20}
      - {from: 3%, to: 5%, points: 10}
      - {to: 3%, points: 0}
routes:
  - id: score
    label: 得分
    score: {total: ">= 15 分"}
"""


@pytest.fixture(scope="session")
def pack_text() -> str:
    """A sound pack with one condition."""
    return PACK


@pytest.fixture(scope="session")
def scored_text() -> str:
    """A sound pack with one scored indicator."""
    return SCORED


@pytest.fixture(scope="session")
def policies() -> Path:
    return POLICIES


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


@cache
def shipped_dictionary() -> Dictionary:
    return parse_dictionary(texts(ROOT / "contracts" / "facts"))


@cache
def shipped_cases(stem: str) -> tuple[str, tuple[Case, ...]]:
    """The pack's id and its cases, read once: most tests take less time than reading them does."""
    path = POLICIES / "cases" / f"{stem}.yaml"
    return load_cases(path.read_text(encoding="utf-8"), shipped_dictionary(), path.name)


@pytest.fixture(scope="session")
def dictionary() -> Dictionary:
    return shipped_dictionary()


@pytest.fixture(scope="session")
def packs(shipped: dict[str, Pack]) -> dict[str, Pack]:
    """The shipped packs of the ministry's own titles by file stem."""
    return {stem: pack for stem, pack in shipped.items() if stem.startswith("miit-")}


@pytest.fixture(scope="session")
def shipped(dictionary: Dictionary) -> dict[str, Pack]:
    """Every shipped pack by file stem, the local ones too."""
    return {
        path.stem: load_pack(path.read_text(encoding="utf-8"), dictionary, path.name)
        for path in sorted(POLICIES.glob("*.yaml"))
        if not path.name.startswith("size-")
    }


@pytest.fixture(scope="session")
def sizes(dictionary: Dictionary) -> SizeTable:
    path = POLICIES / "size-2011-2017.yaml"
    return load_size_table(path.read_text(encoding="utf-8"), dictionary, path.name)


SMALL = SizeResult("small", frozenset(("small",)), "按“工业”划为小型企业")


@pytest.fixture(scope="session")
def subject(dictionary: Dictionary) -> Callable[..., Subject]:
    """A subject from cells: subject({"revenue_yuan": {2025: "100 万元"}, "accidents": "无"})."""

    def build(
        facts: dict[str, object] | None = None,
        *,
        titles: tuple[Title, ...] | None = (),
        size: SizeResult | None = SMALL,
        sources: dict[str, str] | None = None,
        as_of: date | None = None,
        ledger_complete: bool = True,
    ) -> Subject:
        held: dict[tuple[str, int], FactValue] = {}
        for fact_id, cells in (facts or {}).items():
            by_year = cells if isinstance(cells, dict) else {0: cells}
            for year, cell in by_year.items():
                value = parse_cell(dictionary[fact_id], str(cell))
                assert not isinstance(value, CellError), (fact_id, cell, value)
                source = (sources or {}).get(fact_id, dictionary[fact_id].sources[0])
                held[(fact_id, year)] = FactValue(value, source, as_of)
        return Subject(held, titles, size, ledger_complete)

    return build


@pytest.fixture(scope="session")
def judge_test(dictionary: Dictionary) -> Callable[..., object]:
    """The result of one condition whose test is given as YAML (flow style or an expression)."""

    def run(
        test: str, subject: Subject, *, day: date = date(2026, 6, 30), kind: str = "new", extra: str = ""
    ) -> object:
        text = PACK.replace("test: revenue_yuan[t] >= 100 万元", f"test: {test}{extra}")
        return evaluate(load_pack(text, dictionary), subject, application_date=day, kind=kind).condition("T-1")

    return run


def refused(dictionary: Dictionary, text: str) -> list[tuple[int, str]]:
    """Line and code of every problem of a pack; each says what was found, what is expected and what to do."""
    with pytest.raises(PackInvalid) as invalid:
        load_pack(text, dictionary, "p.yaml")
    for problem in invalid.value.problems:
        assert problem.file == "p.yaml"
        assert problem.found
        assert problem.expected
        assert problem.remedy
        assert f"p.yaml 第 {problem.line} 行" in str(problem)
    return [(problem.line, problem.code) for problem in invalid.value.problems]


def condition(test: str, *, effort: str = "") -> str:
    extra = f"\n    effort: {effort}" if effort else ""
    return PACK.replace("test: revenue_yuan[t] >= 100 万元", f"test: {test}{extra}")


@pytest.fixture
def planned(dictionary: Dictionary, subject: Callable[..., Subject]) -> Callable[..., RoutePlan]:
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
