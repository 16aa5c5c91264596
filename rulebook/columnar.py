"""The columnar evaluator: one pack, a whole population, one application date.

It means what the traced evaluator means, and gives of it what fits into arrays: the verdict, the route taken, the
status of every condition, the points of every indicator and what is missing. The sentences are the traced
evaluator's: `ColumnarResult.explain` renders one row on demand. Rows that no column holds exactly are traced at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rulebook.assessment import Assessment, Missing
from rulebook.columnar_codes import (
    CODE_OF,
    CODE_OF_VERDICT,
    MANUAL_REVIEW,
    MET,
    NOT_APPLICABLE,
    NOT_JUDGED,
    STATUSES,
    UNMET,
    VERDICTS,
    Codes,
    Flags,
    all_of,
    any_of,
    as_and,
    as_or,
    flags,
)
from rulebook.columnar_frame import ROWS, Frame, Judge, Key, Manner
from rulebook.columnar_judge import compile_test, leaves, undefined_rows
from rulebook.columnar_population import Population
from rulebook.columnar_read import Reads, keys_read, reads_of
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
from rulebook.pack import Condition, Line, Pack, Route, Test
from rulebook.scene import FactUnreadable
from rulebook.status import Status, Verdict
from rulebook.subject import Subject

_POSITION = re.compile(r"（第 \d+ 条的")


class RowsNotHeld(LookupError):
    """Some rows have to be traced, and the population cannot give them."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"有 {rows} 户须逐户测算，但批量数据没有附带逐户资料，请提供 Population.subject")
        self.rows = rows


@dataclass(frozen=True, slots=True)
class ColumnarResult:
    """What a population comes to: arrays with one element per row, or one line of them per condition.

    Statuses and verdicts are codes (`columnar_codes`). Points are whole parts, `parts` to a point. Of `missing`, bit
    i % 8 of line i // 8 belongs to `keys[i]`.
    """

    pack: Pack
    application_date: date
    kind: str
    verdict: Codes
    route: NDArray[np.int8]
    """Position in `pack.routes` of the first that is met, −1 for none."""
    lines: tuple[str, ...]
    status: Codes
    indicators: tuple[str, ...]
    points_low: Parts
    points_high: Parts
    total_low: Parts
    total_high: Parts
    parts: int
    keys: tuple[Key, ...]
    missing: Codes
    traced: int
    """How many rows the traced evaluator judged."""
    unreadable: dict[int, FactUnreadable]
    subject: Callable[[int], Subject] | None = field(repr=False, default=None)

    def __len__(self) -> int:
        return len(self.verdict)

    def verdict_of(self, row: int) -> Verdict:
        return VERDICTS[int(self.verdict[row])]

    def route_of(self, row: int) -> str | None:
        position = int(self.route[row])
        return None if position < 0 else self.pack.routes[position].id

    def status_of(self, row: int, line_id: str) -> Status:
        return STATUSES[int(self.status[self.lines.index(line_id), row])]

    def points_of(self, row: int, line_id: str) -> tuple[Decimal, Decimal]:
        position = self.indicators.index(line_id)
        low, high = int(self.points_low[position, row]), int(self.points_high[position, row])
        return Decimal(low) / self.parts, Decimal(high) / self.parts

    def missing_of(self, row: int) -> tuple[Missing, ...]:
        """What is missing in this row; which conditions ask for it, and of which entry, `explain` says."""
        bits = np.unpackbits(self.missing[:, row], bitorder="little")
        return tuple(
            Missing(fact_id, label, year, kind)
            for (fact_id, year, label, kind), bit in zip(self.keys, bits, strict=False)
            if bit
        )

    def is_missing(self, position: int) -> Flags:
        """The rows that lack `keys[position]`."""
        found: Flags = (self.missing[position // 8] & (1 << position % 8)) != 0
        return found

    def explain(self, row: int) -> Assessment:
        """The whole explanation of one row, by the traced evaluator."""
        if self.subject is None:
            raise RowsNotHeld(1)
        return evaluate(self.pack, self.subject(row), application_date=self.application_date, kind=self.kind)


@dataclass(frozen=True, slots=True)
class _Line:
    """A gate or requirement, compiled for one kind; no judge: not applicable."""

    condition: Condition
    judge: Judge | None


@dataclass(frozen=True, slots=True)
class _Rules:
    """A pack compiled for one kind of application."""

    gates: tuple[_Line, ...]
    requirements: tuple[_Line, ...]
    reads: tuple[Reads, ...]


@dataclass(frozen=True, slots=True)
class ColumnarPack:
    """A pack compiled for populations. `compile_pack` makes one; it can be kept and shared between threads."""

    pack: Pack
    scale: PointScale
    rules: dict[str, _Rules]
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


def compile_pack(pack: Pack) -> ColumnarPack:
    """Compile a pack for populations."""
    scale = PointScale.of(pack.indicators)
    return ColumnarPack(
        pack=pack,
        scale=scale,
        rules={kind: _rules(pack, kind) for kind in pack.kinds},
        scorers=tuple(compile_indicator(each, scale) for each in pack.indicators),
    )


def _rules(pack: Pack, kind: str) -> _Rules:
    conditions = (*pack.gates, *pack.conditions)
    reads = [each for condition in conditions if kind in condition.tests for each in _condition_reads(condition, kind)]
    for indicator in pack.indicators:
        for test in (*indicator.each, *(choice.test for choice in indicator.choices)):
            reads += [] if test is None else _test_reads(test)
        for measure in (indicator.measure, *(scale.measure for scale in indicator.better_of)):
            reads += [] if measure is None else reads_of(measure)
        if indicator.expert is not None:
            reads.append(Reads(indicator.expert.fact, indicator.expert.offset, conditional=True, expert=True))
    return _Rules(
        gates=tuple(_Line(each, _condition(each, kind)) for each in pack.gates),
        requirements=tuple(_Line(each, _condition(each, kind)) for each in pack.conditions),
        reads=tuple(dict.fromkeys(reads)),
    )


def _test_reads(test: Test) -> list[Reads]:
    return [each for leaf in leaves(test) for each in reads_of(leaf)]


def _condition_reads(condition: Condition, kind: str) -> list[Reads]:
    found = _test_reads(condition.tests[kind])
    if condition.term is not None:  # on other days nobody reads it
        found = [replace(each, term=condition.term) for each in found]
    if condition.applies_if is not None:
        found = [replace(each, conditional=True) for each in found]
        found += [replace(each, term=condition.term) for each in _test_reads(condition.applies_if)]
    if condition.undefined_review_if is not None:
        found += [replace(each, silent=True) for each in _test_reads(condition.undefined_review_if)]
    return found


def _condition(condition: Condition, kind: str) -> Judge | None:
    test = condition.tests.get(kind)
    if test is None:
        return None
    manner = Manner(only_sources=condition.only_sources)
    judge = _within_term(condition, _where_it_applies(condition, test, manner))
    if condition.undefined_review_if is None:
        return judge
    asked = [undefined_rows(test, manner)]
    if condition.applies_if is not None:
        asked.append(undefined_rows(condition.applies_if, Manner()))
    for_people = Manner(only_sources=condition.only_sources, undefined=MANUAL_REVIEW, silent=True)
    again = _within_term(condition, _where_it_applies(condition, test, for_people))
    review = compile_test(condition.undefined_review_if, Manner(silent=True))

    def judge_twice(frame: Frame) -> Codes:
        codes = judge(frame)
        undefined = [rows for each in asked if (rows := each(frame)) is not None]
        if not undefined:
            return codes
        twice = np.logical_or.reduce(undefined) & (review(frame) == MET)
        return flags(~twice) * codes | flags(twice) * again(frame)

    return judge_twice


def _within_term(condition: Condition, judge: Judge) -> Judge:
    term = condition.term
    if term is None:
        return judge

    def judge_in_time(frame: Frame) -> Codes:
        return judge(frame) if term.covers(frame.day) else np.full(frame.size, NOT_APPLICABLE, np.uint8)

    return judge_in_time


def _where_it_applies(condition: Condition, test: Test, manner: Manner) -> Judge:
    """Not applicable where `applies_if` is unmet; where that is open, met only if the test holds in any case."""
    judge = compile_test(test, manner)
    if condition.applies_if is None:
        return judge
    applies_to = compile_test(condition.applies_if, replace(manner, only_sources=frozenset()))
    named = [] if manner.silent else [each for each in _test_reads(test) if not each.dynamic]

    def judge_some(frame: Frame) -> Codes:
        applies = applies_to(frame)
        frame.active = applies != UNMET
        codes = judge(frame)
        for read in named:
            (key,) = keys_read(read, frame.day)
            assert read.fact is not None  # what is not dynamic is a fact
            lacking = frame.missing(read.fact, read.year(frame.day))
            if lacking is not None:
                frame.miss(key, lacking != 0)
        as_asked = (applies == MET) | (codes == MET)
        found = flags(as_asked) * codes | flags(~as_asked) * applies
        found[~frame.active] = NOT_APPLICABLE
        frame.active = None
        return found

    return judge_some


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
    rules: _Rules
    keys: tuple[Key, ...]
    static: tuple[tuple[Reads, int], ...]
    """What is missing because a fact is: read off the columns, whatever the tests say."""
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
        keys: dict[Key, int] = {}
        static = []
        for read in rules.reads:
            for key in keys_read(read, day):
                position = keys.setdefault(key, len(keys))
                if read.fact is not None and not read.dynamic:
                    static.append((read, position))
        lines = len(pack.gates) + len(pack.conditions) + len(pack.indicators)
        dtype = compiled.scale.dtype
        return _Writer(
            compiled=compiled,
            population=population,
            day=day,
            kind=kind,
            rules=rules,
            keys=tuple(keys),
            static=tuple(static),
            verdict=np.empty(size, np.uint8),
            route=np.empty(size, np.int8),
            status=np.empty((lines, size), np.uint8),
            points_low=np.empty((len(pack.indicators), size), dtype),
            points_high=np.empty((len(pack.indicators), size), dtype),
            total_low=np.empty(size, dtype),
            total_high=np.empty(size, dtype),
            missing=np.zeros(((len(keys) + 7) // 8, size), np.uint8),
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

    def _judge(self, line: _Line, position: int, frame: Frame) -> Codes | None:
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
        for read, position in self.static:
            assert read.fact is not None  # as `sized` chose them
            gap = frame.missing(read.fact, read.year(self.day))
            if gap is not None:
                self._miss(position, gap, frame)
        positions = {key: position for position, key in enumerate(self.keys)}
        for key, rows in frame.missed.items():
            self._miss(positions[key], flags(rows), frame)

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
        positions = {key[:3]: position for position, key in enumerate(self.keys)}
        for missing in found.missing:
            position = positions[(missing.fact_id, missing.fiscal_year, _POSITION.sub("（", missing.label))]
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
            keys=self.keys,
            missing=self.missing,
            traced=self.traced,
            unreadable=self.unreadable,
            subject=self.population.subject,
        )
