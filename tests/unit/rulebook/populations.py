"""Rows made to be awkward for one pack: on its thresholds and one unit beside them, missing, negative, huge, stale."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rulebook.assessment import Assessment
from rulebook.columnar_measures import refs_of
from rulebook.columnar_population import LARGEST, scale_of
from rulebook.columnar_result import ColumnarResult
from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Dictionary, Fact, Shape
from rulebook.pack import (
    TITLES,
    CompareTotal,
    DaysSince,
    Entries,
    Equals,
    FieldTest,
    Growth,
    Holds,
    Measure,
    NoBan,
    Pack,
    Ref,
    Share,
    Window,
)

DAYS = (
    *(date(2026, 6, 30), date(2026, 1, 1), date(2026, 12, 31), date(2028, 2, 28), date(2028, 2, 29), date(2025, 3, 1)),
    *(date(2025, 2, 28), date(2027, 2, 28)),
)
INDUSTRIES = ("C3911", "C3911", "C", "3911", "I6510", "G5430", "F5179", "K7010", "L7211", "J6620", "Z99", "H", "T97")
Row = dict[str, Any]


def nodes(value: object) -> Iterator[Any]:
    """Every model object inside a pack, whatever holds it: new kinds of nodes are found too."""
    if isinstance(value, dict):
        for each in value.values():
            yield from nodes(each)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from nodes(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type | Fact):
        yield value
        for each in dataclasses.fields(value):
            yield from nodes(getattr(value, each.name))


class Awkward:
    """Makes rows for one pack and day; the same random numbers make the same rows."""

    def __init__(self, pack: Pack, dictionary: Dictionary, day: date, chance: random.Random) -> None:
        self.dictionary, self.day, self.chance = dictionary, day, chance
        self.nodes = list(nodes(pack))
        self.refs = {ref for node in self.nodes if isinstance(node, Measure) for ref in refs_of(node)}
        self.refs |= {node.ref for node in self.nodes if isinstance(node, Equals)}
        self.refs |= {node.expert for node in self.nodes if getattr(node, "expert", None) is not None}
        self.facts = {node.fact.id: node.fact for node in self.nodes if hasattr(node, "fact")}
        self.generous = False
        self.wanted = {node.ref.fact.id: node.value for node in self.nodes if isinstance(node, Equals)}
        self.forbidden = {node.fact.id for node in self.nodes if isinstance(node, Entries) and node.forbidden}
        self.edges = list(_edges(self.nodes))
        self.windows = [node for node in self.nodes if isinstance(node, Window)]
        self.totals = [node for node in self.nodes if isinstance(node, CompareTotal)]
        self.titles = {title for node in self.nodes if isinstance(node, Holds | NoBan) for title in node.titles}

    def row(self) -> Row:
        gaps = self.chance.choice((0.0, 0.0, 0.02, 0.1, 0.5, 1.0))
        self.generous = self.chance.random() < 0.5  # else hardly any row would pass every gate
        facts: dict[str, dict[str, Any]] = {}
        wanted = {(ref.fact.id, self._year(ref)): ref.fact for ref in self.refs}
        wanted |= {(fact.id, 0): fact for fact in self.facts.values() if not fact.yearly}
        for fact_id in ("headcount", "revenue_yuan", "total_assets_yuan"):
            wanted[(fact_id, self.day.year - 1)] = self.dictionary[fact_id]
        for (_, year), fact in sorted(wanted.items(), key=lambda each: each[0]):
            if self.chance.random() >= gaps:
                self._put(facts, fact, year, self._value(fact))
        for _ in range(self.chance.choice((0, 1, 3, 6))):
            self._on_an_edge(facts)
        return {
            "industry_code": "C3911" if self.generous else self.chance.choice((*INDUSTRIES, None)),
            "facts": facts,
            "titles": [self._title() for _ in range(self.chance.choice((0, 0, 1, 1, 2, 4)))],
            "titles_known": self.chance.random() < 0.7,
        }

    def _year(self, ref: Ref) -> int:
        if ref.offset is None:
            return 0
        return self.day.year - (0 if ref.fact.year_of == "calendar" else 1) + ref.offset

    def _put(self, facts: Row, fact: Fact, year: int, value: object) -> None:
        likely = ("official_platform", "official_finding", *fact.sources)
        source = self.chance.choice((*likely, *likely, *SOURCE_KINDS))
        facts.setdefault(fact.id, {})[str(year)] = {"value": value, "source": source}

    def _value(self, fact: Fact) -> object:
        chance = self.chance
        if fact.type in NUMERIC:
            return self._number(fact)
        if fact.type == "boolean":
            return self.wanted[fact.id] if self.generous and fact.id in self.wanted else chance.random() < 0.5
        if fact.type == "code":
            return chance.choice(fact.allowed).code
        if fact.type == "date":
            back = timedelta(chance.choice((364, 365, 366, 1, 0, -1, 4000)))
            return chance.choice((self._date(), self.day - back)).isoformat()
        if fact.type == "records":
            if self.generous and fact.id in self.forbidden:
                return []
            return [self._entry(fact) for _ in range(chance.choice((0, 0, 1, 2, 3)))]
        if fact.type == "finding":
            until = chance.choice((None, self.day, self.day - timedelta(1), self.day + timedelta(1)))
            decision = chance.choice(("met", "met", "unmet"))
            return {
                "decision": decision,
                "reason": "核定",
                "evidence": None,
                "valid_until": until and until.isoformat(),
            }
        return "文字"

    def _number(self, shape: Shape) -> object:
        """Zero, one unit, a threshold of the pack, huge, finer than a column holds, or just some number."""
        chance, scale = self.chance, scale_of(shape)
        known = [limit for each in self._own_edges(shape) for limit in (each - 1, each, each + 1)]
        figure = chance.choice(
            [0, 1, scale, chance.randint(0, 100) * scale, chance.randint(0, 10**13)]
            + ([chance.choice(known)] * 4 if known else [])
            + ([LARGEST, LARGEST + 1, 10**20] if chance.random() < 0.05 else [])
        )
        if shape.minimum is None and chance.random() < 0.15:
            figure = -figure
        value = Decimal(figure) / scale
        if shape.type != "money" and shape.type != "integer" and chance.random() < 0.03:
            value += Decimal("0.0000000001")
        return self._written(shape, value)

    def _written(self, shape: Shape, value: Decimal) -> object:
        if shape.minimum is not None:
            value = max(value, shape.minimum)
        if shape.maximum is not None:
            value = min(value, shape.maximum)
        if shape.type == "integer":
            return int(value)
        return f"{value:.2f}" if shape.type == "money" else f"{value:f}"

    def _own_edges(self, shape: Shape) -> list[int]:
        scale = scale_of(shape)
        return [int(edge * scale) for measure, edge in self.edges if isinstance(measure, Ref) and measure.fact is shape]

    def _entry(self, fact: Fact) -> dict[str, object]:
        entry: dict[str, object] = {}
        for each in fact.fields:
            if self.chance.random() < (0.05 if each.required else 0.4):
                continue
            if each.type == "date":
                entry[each.name] = self._date().isoformat()
            elif each.type == "boolean":
                entry[each.name] = self.chance.random() < 0.8
            elif each.type == "code":
                entry[each.name] = self.chance.choice(each.allowed).code
            elif each.type in NUMERIC:
                entry[each.name] = self._field(each)
        return entry

    def _field(self, shape: Shape) -> object:
        limits = [
            node.limit.value
            for node in self.nodes
            if isinstance(node, FieldTest) and node.field is shape and node.limit is not None
        ]
        limits += [node.limit.value for node in self.totals if node.total.amount is shape]
        if not limits or self.chance.random() < 0.2:
            return self._number(shape)
        unit = Decimal(1) / scale_of(shape)
        share = self.chance.choice((Decimal(1), Decimal(1), Decimal("0.5")))
        return self._written(shape, self.chance.choice(limits) * share + unit * self.chance.choice((-1, 0, 0, 1)))

    def _date(self) -> date:
        year = self.day.year
        ends = [date(year, 1, 1), date(year - 1, 1, 1), date(year - 2, 1, 1), date(year - 3, 1, 1), self.day]
        ends += [self.day - timedelta(window.rolling_days) for window in self.windows if window.rolling_days]
        ends += [date(year - 1 - window.fiscal_years, 12, 31) for window in self.windows if window.fiscal_years]
        return self.chance.choice(ends) + timedelta(self.chance.choice((-400, -1, 0, 0, 1)))

    def _title(self) -> dict[str, object]:
        """Expiring on the day, the day before, after; cancelled to the day so many years ago, on 29 February too."""
        chance, day = self.chance, self.day
        around = [day, day - timedelta(1), day + timedelta(1), day + timedelta(500), day - timedelta(500)]
        before = [date(day.year - years, 2, 28) for years in (1, 3, 5)] + [date(2024, 2, 29), date(2020, 2, 29)]
        before += [day - timedelta(days) for days in (3 * 365, 3 * 365 + 1, 3 * 365 + 2, 1, 0, -1)]

        def some(days: list[date]) -> str | None:
            return chance.choice(days).isoformat() if chance.random() < 0.8 else None

        return {
            "code": chance.choice((*sorted(self.titles), *sorted(self.titles), *TITLES)),
            "state": chance.choice(("valid", "valid", "publicized", "under_review", "expired", "cancelled")),
            "valid_from": some(around + before),
            "valid_to": some(around),
            "cancelled_on": some(around + before),
            "ban": chance.choice((None, True, True, False)),
        }

    # -- thresholds ---------------------------------------------------------------------------------------------------

    def _on_an_edge(self, facts: Row) -> None:
        """Give the measure of some threshold that value, or one unit of its first figure beside it."""
        if not self.edges:
            return
        measure, edge = self.chance.choice(self.edges)
        refs = refs_of(measure)
        base = edge.denominator**2 * self.chance.choice((1, 7, 10**4, 123_456))
        figures = self._figures(measure, edge, base)
        if not figures:
            return
        figures[0] += self.chance.choice((-1, 0, 0, 1))
        for ref, figure in zip(refs, figures, strict=False):
            if ref.fact.type in NUMERIC:
                value = Decimal(figure) / scale_of(ref.fact)
                self._put(facts, ref.fact, self._year(ref), self._written(ref.fact, value))

    def _figures(self, measure: Measure, edge: Fraction, base: int) -> list[int]:
        match measure:
            case Share():
                parts, wholes = len(refs_of(measure.part)), len(refs_of(measure.whole))
                return [int(edge * base) * wholes, *[0] * (parts - 1), *[base] * wholes]
            case DaysSince():
                return []
            case Growth(manner="yearly"):
                return [int((1 + edge) * base), base]
            case Growth():
                return [int((1 + edge) ** 2 * base), int((1 + edge) * base), base]
            case _:
                refs = refs_of(measure)
                return [int(edge * scale_of(refs[0].fact))] * len(refs)


def _edges(found: list[Any]) -> Iterator[tuple[Measure, Fraction]]:
    """Every threshold with what is measured against it."""
    for node in found:
        measure = getattr(node, "measure", None)
        if not isinstance(measure, Measure):
            continue
        limit = getattr(node, "limit", None)
        if limit is not None:
            yield measure, Fraction(limit.value)
        for band in getattr(node, "bands", ()):
            for edge in (band.low, band.high):
                if edge is not None:
                    yield measure, Fraction(edge)


def differences(result: ColumnarResult, row: int, traced: Assessment) -> list[str]:
    """What the columns say of a row otherwise than the traced evaluator."""
    said: dict[str, tuple[object, object]] = {
        "verdict": (result.verdict_of(row), traced.verdict),
        "route": (result.route_of(row), traced.route),
        "missing": (_missing(result.missing_of(row)), _missing(traced.missing)),
    }
    for each in traced.conditions:
        said[f"{each.id} status"] = (result.status_of(row, each.id), each.status)
        if each.points is not None:
            said[f"{each.id} points"] = (result.points_of(row, each.id), (each.points.low, each.points.high))
    if traced.score is not None:
        low, high = int(result.total_low[row]), int(result.total_high[row])
        total = (Decimal(low) / result.parts, Decimal(high) / result.parts)
        said["total"] = (total, (traced.score.points.low, traced.score.points.high))
    return [f"{name}: 列 {columns}，逐户 {one}" for name, (columns, one) in said.items() if columns != one]


def _missing(found: Any) -> set[tuple[str, int, str, str]]:
    """Which entry of a list lacks a field is for the explanation; columns name the field."""
    return {(each.fact_id, each.fiscal_year, _without_position(each.label), each.kind) for each in found}


def _without_position(label: str) -> str:
    head, mark, rest = label.partition("（第 ")
    return f"{head}（{rest.partition('条的')[2]}" if mark else label
