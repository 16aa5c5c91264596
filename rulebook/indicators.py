"""Compiles the scored lines of a pack: bands and steps without gap or overlap, choices in falling order."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from decimal import Decimal

from rulebook.dictionary import Shape
from rulebook.expressions import limit_text
from rulebook.pack import Band, Choice, Grade, Indicator, Line, Ref, Scale, Test
from rulebook.predicates import Predicates
from rulebook.source import Block, Reader
from rulebook.units import decimal_of

_FORMS = ("bands", "steps", "better_of", "choices", "each", "grades", "slot")
INDICATOR_KEYS = ("group", "max", "measure", *_FORMS, "expert", "only_sources", "effort")
_MOST_STEPS = 50
_RANGE = re.compile(r"^(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Indicators:
    """Compiles the indicators of one file."""

    reader: Reader
    predicates: Predicates

    def indicator(self, block: Block, line: Line, only_sources: frozenset[str], effort: str) -> Indicator:
        maximum = self.number(block, "max")
        scale: Scale | None = None
        better_of: tuple[Scale, ...] = ()
        choices: tuple[Choice, ...] = ()
        each: tuple[Test, ...] = ()
        grades: tuple[Grade, ...] = ()
        each_points = Decimal(0)
        forms = [key for key in _FORMS if key in block.entries]
        if len(forms) != 1:
            expected = "、".join(_FORMS) + "之一"
            self.reader.problem(block.line, "、".join(forms) or line.id, expected, "请补写或删去。")
        elif forms[0] in ("bands", "steps"):
            scale = self._scale(block, maximum)
        elif forms == ["better_of"]:
            better_of = self._better_of(block)
        elif forms == ["choices"]:
            choices = self._choices(block)
        elif forms == ["each"]:
            each, each_points = self._each(block, maximum)
        elif forms == ["grades"]:
            grades = self._grades(block)
        scales = (scale, *better_of) if scale else better_of
        points = [band.points_high for one in scales for band in one.bands]
        points += [one.points_high for one in choices] + [one.points_high for one in grades]
        if points and max(points) != maximum:
            found = f"最高档 {max(points)} 分，满分 {maximum} 分"
            remedy = "请核对各档分值或满分。"
            self.reader.problem(self.reader.line_of(block, "max"), found, "最高档等于满分", remedy, "unreachable")
        return Indicator(
            line=line,
            group=self.reader.text(block, "group"),
            maximum=maximum,
            measure=scale.measure if scale else None,
            bands=scale.bands if scale else (),
            choices=choices,
            only_sources=only_sources,
            effort=effort,
            better_of=better_of,
            each=each,
            each_points=each_points,
            grades=grades,
            expert=self._expert(block, maximum, needed=bool(grades)),
        )

    def _expert(self, block: Block, maximum: Decimal, *, needed: bool) -> Ref | None:
        """The fact with the experts' points: whole points of this indicator, and nothing that enterprises fill in."""
        if "expert" not in block.entries:
            if needed:
                remedy = "请补写 expert，指明存放专家打分的事实。"
                self.reader.problem(block.line, "grades", "按档打分的 expert", remedy, "missing-expert")
            return None
        line, text = self.reader.line_of(block, "expert"), self.reader.text(block, "expert")
        ref = self.predicates.expressions.ref(text, line)
        if ref is None:
            return None
        fact = ref.fact
        spans = fact.minimum == 0 and fact.maximum == maximum
        if fact.type != "integer" or fact.unit != "分" or not spans or fact.sources != ("official_finding",):
            expected = f"0 至 {maximum} 分的整数、来源只有 official_finding 的事实"
            self.reader.problem(line, text, expected, "请在 contracts/facts 中按此登记。", "unit")
            return None
        return ref

    def _grades(self, block: Block) -> tuple[Grade, ...]:
        grades: list[Grade] = []
        for each in self.reader.blocks(block, "grades"):
            self.reader.only(each, ("label", "points"))
            low, high = self._points(each)
            if grades and high >= grades[-1].points_low:
                found = f"{grades[-1].points_low} 分之后是 {high} 分"
                self.reader.problem(each.line, found, "分值从高到低、互不重叠", "请改正各档分值。", "band-overlap")
            grades.append(Grade(low, high, self.reader.text(each, "label")))
        return tuple(grades)

    def _scale(self, block: Block, maximum: Decimal) -> Scale | None:
        """`measure` with `bands`, or with `steps` up to the maximum."""
        at = self.reader.line_of(block, "measure")
        measure = self.predicates.expressions.measure(self.reader.text(block, "measure"), at)
        if measure is None:
            return None
        shape = self.predicates.expressions.shape(measure)
        bands = self._steps(block, shape, maximum) if "steps" in block.entries else self._bands(block, shape)
        return Scale(measure, bands) if bands else None

    def _better_of(self, block: Block) -> tuple[Scale, ...]:
        blocks = list(self.reader.blocks(block, "better_of"))
        if len(blocks) < 2:
            self.reader.problem(
                self.reader.line_of(block, "better_of"),
                f"{len(blocks)} 项",
                "至少两项 measure 和 bands",
                "请补写，或改用 bands。",
            )
        scales = []
        for each in blocks:
            self.reader.only(each, ("measure", "bands"))
            scales.append(self._scale(each, Decimal(0)))
        return tuple(scale for scale in scales if scale is not None)

    def _steps(self, block: Block, shape: Shape, maximum: Decimal) -> tuple[Band, ...]:
        """So many points for every full step (每满…得…分): the bands that say the same."""
        inner = self.reader.block(block.entries["steps"], "steps")
        self.reader.only(inner, ("every", "points"))
        step, points = self._edge(inner, "every", shape), self.number(inner, "points")
        if step is None or points == 0:
            return ()
        count, rest = divmod(maximum, points)
        if step <= 0 or rest or not 0 < count <= _MOST_STEPS:
            found = f"每 {limit_text(step, shape)} 得 {points} 分，满分 {maximum} 分"
            expected = f"大于 0 的步长，满分为每步分值的 1 至 {_MOST_STEPS} 倍"
            self.reader.problem(inner.line, found, expected, "请核对步长、分值和满分。", "unreachable")
            return ()
        edges = [step * number for number in range(1, int(count) + 1)]
        bands = [Band(None, step, Decimal(0), Decimal(0), _band_text(None, step, shape))]
        for number, low in enumerate(edges, start=1):
            high = edges[number] if number < len(edges) else None
            bands.append(Band(low, high, points * number, points * number, _band_text(low, high, shape)))
        return tuple(bands)

    def _each(self, block: Block, maximum: Decimal) -> tuple[tuple[Test, ...], Decimal]:
        """So many points for each test that holds, up to the maximum (每满足一项加…分，最高不超过…分)."""
        inner = self.reader.block(block.entries["each"], "each")
        self.reader.only(inner, ("points", "of"))
        points = self.number(inner, "points")
        tests = [self.predicates.test(node, inner.line) for node in self.reader.nodes(inner, "of")]
        known = tuple(test for test in tests if test is not None)
        if len(known) == len(tests) and points * len(known) < maximum:
            found = f"{len(known)} 项各 {points} 分，满分 {maximum} 分"
            self.reader.problem(inner.line, found, "各项之和不低于满分", "请核对分值或补写各项。", "unreachable")
        return known, points

    def _bands(self, block: Block, shape: Shape) -> tuple[Band, ...]:
        found = [(self._band(each, shape), each.line) for each in self.reader.blocks(block, "bands")]
        known = [(band, line) for band, line in found if band is not None]
        if len(known) < len(found) or not known:
            return ()
        self._check_bands(known, shape)
        return tuple(band for band, _ in known)

    def _band(self, block: Block, shape: Shape) -> Band | None:
        self.reader.only(block, ("from", "above", "to", "points"))
        before = len(self.reader.problems)
        above = "above" in block.entries
        if above and "from" in block.entries:
            self.reader.problem(
                block.line, "from、above", "两者之一", "“以上”写 from，“大于”写 above。", "band-overlap"
            )
        low, high = self._edge(block, "above" if above else "from", shape), self._edge(block, "to", shape)
        points_low, points_high = self._points(block)
        if low is None and high is None:
            self.reader.problem(block.line, "（没有边界）", "from 或 to 至少一个", "请补写，如 from: 3%。", "band-gap")
        if len(self.reader.problems) > before:
            return None
        return Band(low, high, points_low, points_high, _band_text(low, high, shape, above), above)

    def _edge(self, block: Block, key: str, shape: Shape) -> Decimal | None:
        if key not in block.entries:
            return None
        line = self.reader.line_of(block, key)
        return self.predicates.expressions.literal(self.reader.text(block, key), shape, line)

    def _check_bands(self, bands: list[tuple[Band, int]], shape: Shape) -> None:
        ordered = sorted(bands, key=lambda each: (each[0].low is not None, each[0].low or Decimal(0)))
        (first, at), (last, last_at) = ordered[0], ordered[-1]
        if first.low is not None and first.low != shape.minimum:
            self._uncovered(at, f"低于 {limit_text(first.low, shape)} 的没有分档")
        if last.high is not None and last.high != shape.maximum:
            self._uncovered(last_at, f"高于 {limit_text(last.high, shape)} 的没有分档")
        for band, line in ordered:
            if shape.maximum is not None and band.low is not None and band.low > shape.maximum:
                found = f"{band.text}，而“{shape.label}”最多为 {limit_text(shape.maximum, shape)}"
                self.reader.problem(
                    line, found, "取得到的分档", "这一档永远达不到，请核对单位和小数点。", "unreachable"
                )
        for (lower, _), (upper, line) in itertools.pairwise(ordered):
            if lower.low is not None and lower.high is not None and lower.high <= lower.low:
                self._overlap(line, lower.text)
            elif lower.high is None or upper.low is None or lower.high > upper.low:
                self._overlap(line, f"{lower.text} 与 {upper.text}")
            elif lower.high < upper.low:
                self._uncovered(line, f"{limit_text(lower.high, shape)} 与 {limit_text(upper.low, shape)} 之间没有分档")
        if last.low is not None and last.high is not None and last.high <= last.low:
            self._overlap(last_at, last.text)

    def _uncovered(self, line: int, found: str) -> None:
        self.reader.problem(
            line, found, "首尾相接、覆盖全部取值的分档", "请让上一档的 to 等于下一档的 from。", "band-gap"
        )

    def _overlap(self, line: int, found: str) -> None:
        self.reader.problem(line, found, "互不重叠的分档", "请让上一档的 to 等于下一档的 from。", "band-overlap")

    def _choices(self, block: Block) -> tuple[Choice, ...]:
        choices: list[Choice] = []
        blocks = list(self.reader.blocks(block, "choices"))
        for position, each in enumerate(blocks):
            self.reader.only(each, ("when", "otherwise", "points"))
            points_low, points_high = self._points(each)
            last = position == len(blocks) - 1
            if ("otherwise" in each.entries) != last:
                expected = "以 otherwise 结尾，且只在最后" if last else "otherwise 只在最后一项"
                self.reader.problem(each.line, "otherwise", expected, "其后的选项永远取不到。", "unreachable")
                continue
            if choices and points_high >= choices[-1].points_high:
                found = f"{choices[-1].points_high} 分之后是 {points_high} 分"
                remedy = "先满足者先得分，请从高到低排列。"
                self.reader.problem(each.line, found, "分值从高到低", remedy, "unreachable")
            if last:
                choices.append(Choice(None, points_low, points_high, self.reader.text(each, "otherwise")))
                continue
            test = self.predicates.test(each.entries.get("when"), each.line)
            if test is not None:
                choices.append(Choice(test, points_low, points_high, ""))
        return tuple(choices)

    def _points(self, block: Block) -> tuple[Decimal, Decimal]:
        text = self.reader.text(block, "points")
        match = _RANGE.match(text)
        if match:
            low, high = Decimal(match.group(1)), Decimal(match.group(2))
            if low > high:
                self.reader.problem(
                    self.reader.line_of(block, "points"), text, "从小到大的分值范围", "如 7-8。", "number"
                )
            return low, high
        points = self.number(block, "points", text)
        return points, points

    def number(self, block: Block, key: str, text: str | None = None) -> Decimal:
        text = self.reader.text(block, key) if text is None else text
        value = decimal_of(text) if text else None
        if value is None or value < 0:
            if text:
                self.reader.problem(self.reader.line_of(block, key), text, "不小于 0 的数", "请改正分值。", "number")
            return Decimal(0)
        return value


def _band_text(low: Decimal | None, high: Decimal | None, shape: Shape, above: bool = False) -> str:
    if low is None:
        return f"{limit_text(high, shape)}以下" if high is not None else ""
    if high is None:
        return f"{'>' if above else '≥'}{limit_text(low, shape)}"
    return f"{'超过 ' if above else ''}{limit_text(low, shape)}～{limit_text(high, shape)}"
