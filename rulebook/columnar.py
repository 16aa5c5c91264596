"""The columnar evaluator: one pack, a whole population, one application date.

It means what the traced evaluator means, and gives of it what fits into arrays: the verdict, the route taken, the
status of every condition, the points of every indicator and what is missing. The sentences are the traced
evaluator's: `ColumnarResult.explain` renders one row on demand. Rows that no column holds exactly are traced at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rulebook.assessment import Assessment, Missing
from rulebook.columnar_codes import (
    CODE_OF,
    CODE_OF_VERDICT,
    MET,
    NOT_APPLICABLE,
    NOT_JUDGED,
    Codes,
    all_of,
    any_of,
    as_and,
    as_or,
    flags,
)
from rulebook.columnar_conditions import CompiledLine, CompiledRules, compile_rules
from rulebook.columnar_frame import ROWS, Frame, Key
from rulebook.columnar_population import Population
from rulebook.columnar_read import Reads, keys_read
from rulebook.columnar_result import ColumnarResult, RowsNotHeld
from rulebook.columnar_score import (
    Parts,
    PointScale,
    ScoredRows,
    Scorer,
    add_up,
    compile_indicator,
    judge_total,
)
from rulebook.evaluate import KindNotServed, evaluate
from rulebook.pack import Line, Pack, Route
from rulebook.scene import FactUnreadable

_POSITION = re.compile(r"（第 \d+ 条的")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnarPack:
    """A pack compiled for populations. `compile_pack` makes one; it can be kept and shared between threads."""

    pack: Pack
    scale: PointScale
    rules: dict[str, CompiledRules]
    scorers: tuple[Scorer, ...]

    def reads(self) -> Iterator[Reads]:
        """Every fact, record field, ledger or size class that some test of the pack looks at."""
        seen: set[Reads] = set()
        for rules in self.rules.values():
            for each in rules.reads:
                if each not in seen:
                    seen.add(each)
                    yield each

    def evaluate(self, population: Population, application_date: date, kind: str = "new") -> ColumnarResult:
        """Judge every row. Raises KindNotServed as the traced evaluator does."""
        if kind not in self.pack.kinds:
            raise KindNotServed(self.pack, kind)
        writer = _Writer.sized(self, population, application_date, kind)
        for start in range(0, population.size, ROWS):
            frame = Frame(population, start, min(start + ROWS, population.size), application_date, kind)
            writer.write(frame)
        return writer.result()


@dataclass(frozen=True, slots=True)
class Layout:
    """What can be missing on one day of application, and which of it the columns alone tell."""

    keys: tuple[Key, ...]
    static: tuple[tuple[Reads, int], ...]
    """What is missing because a fact is: read off the columns, whatever the tests say."""
    position: dict[Key, int]

    def position_of(self, missing: Missing) -> int:
        """Of what the traced evaluator names: it also says which entry of a list lacks a field."""
        return self.position[(missing.fact_id, missing.fiscal_year, _POSITION.sub("（", missing.label), missing.kind)]


@lru_cache(maxsize=256)
def layout_of(compiled: ColumnarPack, day: date, kind: str) -> Layout:
    """The layout of a day, found once: a run over a population asks for it with every chunk."""
    keys: dict[Key, int] = {}
    static = []
    for read in compiled.rules[kind].reads:
        for key in keys_read(read, day):
            position = keys.setdefault(key, len(keys))
            if read.fact is not None and not read.dynamic:
                static.append((read, position))
    return Layout(tuple(keys), tuple(static), keys)


def compile_pack(pack: Pack) -> ColumnarPack:
    """Compile a pack for populations."""
    scale = PointScale.of(pack.indicators)
    return ColumnarPack(
        pack=pack,
        scale=scale,
        rules={kind: compile_rules(pack, kind) for kind in pack.kinds},
        scorers=tuple(compile_indicator(each, scale) for each in pack.indicators),
    )


def _lines(pack: Pack) -> Iterator[Line]:
    """The lines in the order of `Assessment.conditions`."""
    yield from (each.line for each in (*pack.gates, *pack.conditions))
    yield from (each.line for each in pack.indicators)


@dataclass(slots=True)
class _Writer:
    """The arrays of a result while they are being filled."""

    compiled: ColumnarPack
    population: Population
    day: date
    kind: str
    rules: CompiledRules
    layout: Layout
    verdict: Codes
    route: NDArray[np.int8]
    status: Codes
    points_low: Parts
    points_high: Parts
    total_low: Parts
    total_high: Parts
    missing: Codes
    traced: int = 0
    unreadable: dict[int, FactUnreadable] = field(default_factory=dict)

    @staticmethod
    def sized(compiled: ColumnarPack, population: Population, day: date, kind: str) -> _Writer:
        rules, pack, size = compiled.rules[kind], compiled.pack, population.size
        layout = layout_of(compiled, day, kind)
        lines = len(pack.gates) + len(pack.conditions) + len(pack.indicators)
        dtype = compiled.scale.dtype
        return _Writer(
            compiled=compiled,
            population=population,
            day=day,
            kind=kind,
            rules=rules,
            layout=layout,
            verdict=np.empty(size, np.uint8),
            route=np.empty(size, np.int8),
            status=np.empty((lines, size), np.uint8),
            points_low=np.empty((len(pack.indicators), size), dtype),
            points_high=np.empty((len(pack.indicators), size), dtype),
            total_low=np.empty(size, dtype),
            total_high=np.empty(size, dtype),
            missing=np.zeros(((len(layout.keys) + 7) // 8, size), np.uint8),
        )

    def write(self, frame: Frame) -> None:
        rows = slice(frame.start, frame.stop)
        pack = self.compiled.pack
        gates = [self._judge(each, position, frame) for position, each in enumerate(self.rules.gates)]
        asked = self._judge_requirements(frame)
        scored = self._score(frame)
        groups = self._add_groups(scored, frame)
        routes = [self._judge_route(route, asked, scored, groups, frame) for route in pack.routes]
        decision = any_of(routes, frame.size)
        blocking = [
            as_and(codes)
            for line, codes in zip(self.rules.gates, gates, strict=True)
            if codes is not None and line.condition.modality == "must"
        ]
        self.verdict[rows] = all_of([*blocking, decision], frame.size)
        taken = self.route[rows]
        taken[:] = -1
        for position in reversed(range(len(routes))):
            taken[routes[position] == MET] = position
        self._write_missing(frame)
        if frame.traced is not None and frame.traced.any():
            self._trace(frame.start + np.flatnonzero(frame.traced))

    def _judge(self, line: CompiledLine, position: int, frame: Frame) -> Codes | None:
        written = self.status[position, frame.start : frame.stop]
        if line.judge is None:
            written[:] = NOT_APPLICABLE
            return None
        written[:] = line.judge(frame)
        return written

    def _judge_requirements(self, frame: Frame) -> dict[str, Codes]:
        """Statuses of the requirements that bind, by id."""
        found = {}
        for position, line in enumerate(self.rules.requirements, start=len(self.rules.gates)):
            codes = self._judge(line, position, frame)
            if codes is not None and line.condition.modality == "must":
                found[line.condition.line.id] = codes
        return found

    def _score(self, frame: Frame) -> list[ScoredRows]:
        rows = slice(frame.start, frame.stop)
        first = len(self.rules.gates) + len(self.rules.requirements)
        scored = []
        for position, scorer in enumerate(self.compiled.scorers):
            each = scorer(frame)
            self.points_low[position, rows] = each.low
            self.points_high[position, rows] = each.high
            self.status[first + position, rows] = each.status
            scored.append(each)
        return scored

    def _add_groups(self, scored: list[ScoredRows], frame: Frame) -> dict[str, tuple[list[ScoredRows], Parts, Parts]]:
        """The members and points of each group, held down to its cap, and their sum as the total."""
        pack, scale, size = self.compiled.pack, self.compiled.scale, frame.size
        found = {}
        for group in pack.groups:
            members = [
                each for indicator, each in zip(pack.indicators, scored, strict=True) if indicator.group == group.id
            ]
            low = add_up([each.low for each in members], size, scale, group.maximum)
            high = add_up([each.high for each in members], size, scale, group.maximum)
            found[group.id] = (members, low, high)
        rows = slice(frame.start, frame.stop)
        self.total_low[rows] = add_up([low for _, low, _ in found.values()], size, scale)
        self.total_high[rows] = add_up([high for _, _, high in found.values()], size, scale)
        return found

    def _judge_route(
        self,
        route: Route,
        asked: dict[str, Codes],
        scored: list[ScoredRows],
        groups: dict[str, tuple[list[ScoredRows], Parts, Parts]],
        frame: Frame,
    ) -> Codes:
        size, scale = frame.size, self.compiled.scale
        parts = [as_and(asked[each]) for each in route.all_of if each in asked]
        if route.any_of:
            parts.append(any_of([as_or(asked[each]) for each in route.any_of if each in asked], size))
        if route.score is not None:
            rows = slice(frame.start, frame.stop)
            if route.score.total is not None:
                low, high = self.total_low[rows], self.total_high[rows]
                parts.append(judge_total(scored, low, high, route.score.total, scale))
            for group, limit in route.score.groups:
                parts.append(judge_total(*groups[group], limit, scale))
        return all_of(parts, size)

    def _write_missing(self, frame: Frame) -> None:
        for read, position in self.layout.static:
            assert read.fact is not None  # as `sized` chose them
            gap = frame.missing(read.fact, read.year(self.day))
            if gap is not None:
                self._miss(position, gap, frame)
        for key, rows in frame.missed.items():
            self._miss(self.layout.position[key], flags(rows), frame)

    def _miss(self, position: int, rows: Codes, frame: Frame) -> None:
        written = self.missing[position // 8, frame.start : frame.stop]
        np.bitwise_or(written, rows * np.uint8(1 << position % 8), out=written)

    def _trace(self, rows: NDArray[np.int64]) -> None:
        if self.population.subject is None:
            raise RowsNotHeld(len(rows))
        self.traced += len(rows)
        for row in rows.tolist():
            try:
                found = evaluate(
                    self.compiled.pack, self.population.subject(row), application_date=self.day, kind=self.kind
                )
            except FactUnreadable as refused:
                self.unreadable[row] = refused
                self.verdict[row] = NOT_JUDGED
                self.status[:, row] = NOT_JUDGED
                continue
            self._write_traced(row, found)

    def _write_traced(self, row: int, found: Assessment) -> None:
        pack, scale = self.compiled.pack, self.compiled.scale
        self.verdict[row] = CODE_OF_VERDICT[found.verdict]
        self.route[row] = next((i for i, each in enumerate(pack.routes) if each.id == found.route), -1)
        for position, each in enumerate(found.conditions):
            self.status[position, row] = CODE_OF[each.status]
        scored = [each.points for each in found.conditions if each.points is not None]
        for position, points in enumerate(scored):
            self.points_low[position, row] = scale.of_points(points.low)
            self.points_high[position, row] = scale.of_points(points.high)
        if found.score is not None:
            self.total_low[row] = scale.of_points(found.score.points.low)
            self.total_high[row] = scale.of_points(found.score.points.high)
        self.missing[:, row] = 0
        for missing in found.missing:
            position = self.layout.position_of(missing)
            self.missing[position // 8, row] |= np.uint8(1 << position % 8)

    def result(self) -> ColumnarResult:
        pack = self.compiled.pack
        return ColumnarResult(
            pack=pack,
            application_date=self.day,
            kind=self.kind,
            verdict=self.verdict,
            route=self.route,
            lines=tuple(line.id for line in _lines(pack)),
            status=self.status,
            indicators=tuple(each.line.id for each in pack.indicators),
            points_low=self.points_low,
            points_high=self.points_high,
            total_low=self.total_low,
            total_high=self.total_high,
            parts=self.compiled.scale.parts,
            keys=self.layout.keys,
            missing=self.missing,
            traced=self.traced,
            unreadable=self.unreadable,
            subject=self.population.subject,
        )
