"""A population of 创新型 applicants in columns, for the evaluation rates: 3 % of the figures missing, few entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rulebook.columnar_codes import MET
from rulebook.columnar_population import (
    BAN_UNKNOWN,
    SOURCES,
    TITLE_STATES,
    Column,
    EntryField,
    Population,
    Records,
    SizeClasses,
    Titles,
    scale_of,
)
from rulebook.columnar_result import ColumnarResult
from rulebook.columnar_standing import TITLE_CODES
from rulebook.dictionary import NUMERIC, Dictionary, Fact
from rulebook.pack import SIZES, Condition, Equals, Pack, Ref
from rulebook.size import SizeResult
from rulebook.subject import FactValue, Subject, Title
from rulebook.units import money_text, plain_decimal

DAY = date(2026, 6, 30)
T = DAY.year - 1
FLAGS = ("registered_in_prc", "legal_person", "abnormal_list", "dishonest_list", "prohibited_product")
COUNTS = ("ip_class1_high_value_count", "ip_class1_own_count", "ip_class1_count", "ip_class2_count")
MONEY = (
    ("revenue_yuan", T),
    ("rd_expense_yuan", T),
    ("main_revenue_yuan", T),
    ("main_revenue_yuan", T - 1),
    ("total_liabilities_yuan", T),
    ("total_assets_yuan", T),
)
MISSING = 0.03


@dataclass(frozen=True)
class People:
    """The same rows twice: as our columns, and as the plain arrays that a numpy program would start from."""

    population: Population
    plain: dict[str, NDArray[Any]]
    """Money and counts as doubles with NaN where missing, flags as −1, 0, 1."""
    dictionary: Dictionary


def people(size: int, dictionary: Dictionary, seed: int = 1) -> People:
    chance = np.random.default_rng(seed)
    plain: dict[str, NDArray[Any]] = {}
    fen = np.exp(chance.normal(17.2, 1.2, size)) * 100  # revenue around 3000 万元
    plain["revenue_yuan"] = fen
    plain["main_revenue_yuan"] = fen * chance.uniform(0.4, 1, size)
    plain["main_revenue_yuan before"] = plain["main_revenue_yuan"] / chance.normal(1.1, 0.15, size).clip(0.5, 2)
    plain["rd_expense_yuan"] = fen * chance.gamma(2, 0.02, size)
    plain["total_assets_yuan"] = fen * chance.uniform(0.5, 2, size)
    plain["total_liabilities_yuan"] = plain["total_assets_yuan"] * chance.uniform(0.1, 1, size)
    for name in plain:
        plain[name] = _with_gaps(np.round(plain[name]), chance)
    for name, rate in zip(COUNTS, (0.1, 0.5, 0.8, 3), strict=True):
        plain[name] = _with_gaps(chance.poisson(rate, size).astype(np.float64), chance)
    for name in (*FLAGS, "lead_product_in_sei"):
        yes = {"registered_in_prc": 0.99, "legal_person": 0.99, "lead_product_in_sei": 0.4}.get(name, 0.02)
        flag = (chance.random(size) < yes).astype(np.int8)
        flag[chance.random(size) < MISSING] = -1
        plain[name] = flag
    columns = {}
    for name, year in MONEY:
        column = plain[name + (" before" if year < T else "")]
        columns[(name, year)] = _column(np.nan_to_num(column), np.isnan(column), size)
    for name in COUNTS:
        columns[(name, 0)] = _column(np.nan_to_num(plain[name]), np.isnan(plain[name]), size)
    for name in (*FLAGS, "lead_product_in_sei"):
        columns[(name, 0)] = _column(plain[name].clip(0).astype(np.uint8), plain[name] < 0, size)
    facts = ("accidents", "science_awards", "honors", "rd_institutions", "equity_financing")
    population = Population(
        size=size,
        columns=columns,
        records={name: _records(dictionary[name], size, chance) for name in facts},
        titles=_titles(size, chance),
        sizes=_sizes(size, chance),
    )
    found = People(population, plain, dictionary)
    return People(
        Population(
            size, columns, population.records, population.titles, population.sizes, lambda row: subject(found, row)
        ),
        plain,
        dictionary,
    )


def _with_gaps(values: NDArray[Any], chance: np.random.Generator) -> NDArray[Any]:
    values[chance.random(len(values)) < MISSING] = np.nan
    return values


def _column(values: NDArray[Any], missing: NDArray[Any], size: int) -> Column:
    return Column(values, missing.astype(np.uint8), np.full(size, SOURCES["import"], np.uint8))


def _records(fact: Fact, size: int, chance: np.random.Generator) -> Records:
    """One row in twenty has an entry or two."""
    counts = np.where(chance.random(size) < 0.05, chance.integers(1, 3, size), 0)
    total = int(counts.sum())
    fields = {}
    for each in fact.fields:
        missing = chance.random(total) < (0.01 if each.required else 0.3)
        if each.type == "date":
            values = chance.integers(DAY.year - 6, DAY.year + 1, total) * 10_000 + 101
            values = (values + chance.integers(0, 12, total) * 100 + chance.integers(0, 28, total)).astype(np.int32)
        elif each.type == "boolean":
            values = (chance.random(total) < 0.8).astype(np.uint8)
        elif each.type == "code":
            values = chance.integers(0, len(each.allowed), total).astype(np.uint8)
        elif each.type == "ratio":
            values = (chance.uniform(0, 0.5, total) * scale_of(each)).astype(np.int64)
        elif each.type == "integer":
            values = chance.integers(1, 10, total)
        elif each.type in NUMERIC:
            values = chance.integers(100_000_000, 2_000_000_000, total)
        else:
            values = np.zeros(total, np.uint8)
        fields[each.name] = EntryField(values, missing)
    gap = (chance.random(size) < MISSING) & (counts == 0)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return Records(offsets, gap.astype(np.uint8), np.full(size, SOURCES["import"], np.uint8), fields)


def _titles(size: int, chance: np.random.Generator) -> Titles:
    counts = (chance.random(size) < 0.2).astype(np.int64)
    total = int(counts.sum())
    ends = chance.integers(DAY.year - 1, DAY.year + 3, total) * 10_000 + 630
    return Titles(
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        code=chance.integers(0, len(TITLE_CODES), total).astype(np.uint8),
        state=np.where(chance.random(total) < 0.95, 0, TITLE_STATES.index("cancelled")).astype(np.uint8),
        valid_from=(ends - 30_000).astype(np.int32),
        valid_to=ends.astype(np.int32),
        cancelled_on=np.full(total, DAY.year * 10_000 + 101, np.int32),
        ban=np.full(total, BAN_UNKNOWN, np.uint8),
        unseen=np.zeros(size, np.bool_),
        complete=np.zeros(size, np.bool_),
    )


def _sizes(size: int, chance: np.random.Generator) -> SizeClasses:
    possible = (1 << chance.choice(4, size, p=[0.05, 0.25, 0.4, 0.3])).astype(np.uint8)
    unknown = chance.random(size) < MISSING
    possible[unknown] = 0b1111
    return SizeClasses(possible, (unknown * 0b0010).astype(np.uint8))


# -- what peers can judge -----------------------------------------------------------------------------------------

DECIDED = {
    "small": "G63-02",
    "no_accident": "G63-05",
    "not_barred": "DM63-4",
    "award": "CX-D1",
    "honor": "CX-D2",
    "institution": "CX-D3",
    "equity": "CX-D4",
}
"""Lines on entries, titles and the size class, which other engines are only told the outcome of."""


def decided_pack(pack: Pack) -> Pack:
    """The pack with these lines asking for a flag, and without the one that only reports."""
    names = {line: name for name, line in DECIDED.items()}

    def flagged(condition: Condition) -> Condition:
        name = names.get(condition.line.id)
        if name is None:
            return condition
        fact = Fact(id=name, label=condition.line.label, label_en=name, type="boolean", period="point")
        return replace(condition, tests=dict.fromkeys(pack.kinds, Equals(Ref(fact, None), True, "是")))

    gates = tuple(flagged(each) for each in pack.gates if each.modality == "must")
    return replace(pack, gates=gates, conditions=tuple(flagged(each) for each in pack.conditions))


def decided_people(found: People, outcome: ColumnarResult) -> People:
    """The same rows with the flags beside their figures, and nothing missing: what peers are given."""
    columns = {
        key: Column(column.values, np.zeros_like(column.gap), column.source)
        for key, column in found.population.columns.items()
    }
    plain = {}
    for name, each in found.plain.items():
        plain[name] = np.nan_to_num(each, nan=1.0) if each.dtype == np.float64 else each.clip(0)
    for (name, year), column in columns.items():
        values = plain[name + (" before" if name == "main_revenue_yuan" and year < T else "")]
        columns[(name, year)] = Column(values.astype(column.values.dtype), column.gap, column.source)
    for name, line in DECIDED.items():
        plain[name] = outcome.status[outcome.lines.index(line)] == MET
        columns[(name, 0)] = _column(plain[name].astype(np.uint8), np.zeros(len(outcome), np.bool_), len(outcome))
    return People(Population(found.population.size, columns), plain, found.dictionary)


def decided_subject(found: People, row: int) -> Subject:
    facts = {}
    for (fact_id, year), column in found.population.columns.items():
        value = column.values[row]
        known = bool(value) if fact_id in DECIDED else _value(found.dictionary[fact_id], value)
        facts[(fact_id, year)] = FactValue(known, "import")
    return Subject(facts)


# -- one row for the traced evaluator -----------------------------------------------------------------------------


def subject(found: People, row: int) -> Subject:
    """The row as the service would give it."""
    held, dictionary = found.population, found.dictionary
    facts: dict[tuple[str, int], FactValue] = {}
    for (fact_id, year), column in held.columns.items():
        if not column.gap[row]:
            facts[(fact_id, year)] = FactValue(_value(dictionary[fact_id], column.values[row]), "import")
    for fact_id, records in held.records.items():
        if not records.gap[row]:
            entries = range(int(records.offsets[row]), int(records.offsets[row + 1]))
            facts[(fact_id, 0)] = FactValue([_entry(dictionary[fact_id], records, each) for each in entries], "import")
    assert held.titles is not None  # as built above
    assert held.sizes is not None
    ledger = held.titles
    titles = tuple(_title(ledger, each) for each in range(int(ledger.offsets[row]), int(ledger.offsets[row + 1])))
    possible = frozenset(size for bit, size in enumerate(SIZES) if int(held.sizes.possible[row]) & (1 << bit))
    missing = ("headcount",) if held.sizes.missing[row] else ()
    size = SizeResult("unknown" if len(possible) > 1 else next(iter(possible)), possible, "", missing)
    return Subject(facts, titles, size, ledger_complete=False)


def _value(shape: Any, value: Any) -> object:
    if shape.type == "boolean":
        return bool(value)
    if shape.type == "code":
        return shape.allowed[int(value)].code
    if shape.type == "integer":
        return int(value)
    number = Decimal(int(value)) / scale_of(shape)
    return money_text(number) if shape.type == "money" else plain_decimal(number)


def _entry(fact: Fact, records: Records, position: int) -> dict[str, object]:
    entry: dict[str, object] = {}
    for each in fact.fields:
        column = records.fields[each.name]
        if not column.missing[position]:
            value = column.values[position]
            entry[each.name] = _iso(int(value)) if each.type == "date" else _value(each, value)
    return entry


def _iso(number: int) -> str:
    return f"{number // 10_000:04d}-{number // 100 % 100:02d}-{number % 100:02d}"


def _title(ledger: Titles, position: int) -> Title:
    def day(values: NDArray[Any]) -> date:
        return date.fromisoformat(_iso(int(values[position])))

    return Title(
        code=list(TITLE_CODES)[int(ledger.code[position])],
        state=TITLE_STATES[int(ledger.state[position])],
        valid_from=day(ledger.valid_from),
        valid_to=day(ledger.valid_to),
        cancelled_on=day(ledger.cancelled_on),
    )
