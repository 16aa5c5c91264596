"""Compiles the text of a programme, or says with file and line why it cannot."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field, replace

from rulebook.source import Block, Reader, Scalar, SourceInvalid, plain
from services.registry.domain.programmes.header import areas_of, paper_of, period_of, quotation_of, unit_of
from services.registry.domain.programmes.keys import (
    ALSO_KEYS,
    CONFLICT_KEYS,
    DEADLINE_KEYS,
    ORDER_KEYS,
    PROGRAMME_KEYS,
    QUOTATION_KEYS,
    READING_KEYS,
    TARGET_KEYS,
    TASK_KEYS,
    THRESHOLD_KEYS,
)
from services.registry.domain.programmes.model import (
    DEADLINES,
    GRADES,
    KINDS,
    LEVELLED,
    MEMBERS,
    ORDERS,
    PARTS,
    Conflict,
    Deadline,
    Metric,
    Order,
    Period,
    Programme,
    Quotation,
    Reading,
    Target,
    Task,
    Threshold,
    Vocabulary,
)
from services.registry.domain.programmes.values import date_of, month_day_of, number_of, part_of, year_of
from services.registry.domain.titles import TITLES

MOST_LINES = 500
"""Targets, tasks and conflicts of one programme; the longest plan has sixty."""
EVERY_YEAR = ("yearly", "yearly_average", "each")
"""Kinds that hold for every year, or without a year: they have no `by`."""

_ID = re.compile(r"[a-z][a-z0-9-]{2,59}")
_LINE_ID = re.compile(r"[A-Z]{1,3}-[A-Za-z0-9-]{1,30}")


class ProgrammeInvalid(SourceInvalid):
    """A programme cannot be used; every problem has file, line, what was found, what is expected, how to mend it."""


def load_programme(text: str, vocabulary: Vocabulary, file: str = "programme.yaml") -> Programme:
    """Compile one programme. Raises ProgrammeInvalid with every problem found."""
    reader = Reader(file)
    try:
        root = reader.parse(text)
        programme = _Compiler(reader, vocabulary).programme(root)
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise ProgrammeInvalid(list(invalid.problems)) from None
    return programme


def _hash(root: Block) -> str:
    canonical = json.dumps(plain(root), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(slots=True)
class _Compiler:
    reader: Reader
    vocabulary: Vocabulary
    units: frozenset[str] = frozenset()
    also: tuple[str, ...] = ()
    also_parts: tuple[str, ...] = ()
    seen: dict[str, int] = field(default_factory=dict)
    """Line id → where it was first."""

    def programme(self, root: Block) -> Programme:
        reader = self.reader
        reader.only(root, PROGRAMME_KEYS)
        units = tuple(unit_of(reader, each) for each in reader.blocks(root, "units"))
        self.units = frozenset(each.name for each in units)
        self._also(root)
        period = period_of(reader, root)
        tasks = tuple(map(self._task, reader.blocks(root, "tasks")))
        targets = tuple(self._target(block, tasks, period) for block in reader.blocks(root, "targets"))
        known = frozenset(self.seen)
        conflicts = tuple(self._conflict(block, known) for block in reader.blocks(root, "conflicts", required=False))
        if len(tasks) + len(targets) + len(conflicts) > MOST_LINES:
            reader.problem(1, f"{len(self.seen)} 行", f"至多 {MOST_LINES} 行", "请核对是否误粘贴。", "too-long")
        return Programme(
            id=self._id(root),
            sha256=_hash(root),
            label=reader.text(root, "label"),
            paper=paper_of(reader, root),
            areas=areas_of(reader, root),
            area_note=reader.text(root, "area_note", required=False),
            members=self._named(root, "members", MEMBERS),
            period=period,
            orders=tuple(map(self._order, reader.blocks(root, "orders", required=False))),
            units=units,
            targets=targets,
            tasks=tasks,
            conflicts=conflicts,
        )

    def _id(self, root: Block) -> str:
        text = self.reader.text(root, "programme")
        if text and not _ID.fullmatch(text):
            line = self.reader.line_of(root, "programme")
            self.reader.problem(line, text, "小写字母、数字和连字符", "请改成如 suzhou-2018-2020。", "programme-id")
        return text

    def _line_id(self, block: Block) -> str:
        text = self.reader.text(block, "id")
        line = self.reader.line_of(block, "id")
        if text and not _LINE_ID.fullmatch(text):
            self.reader.problem(line, text, "如 T-S0-1 的编号", "请改用大写字母开头的编号。", "line-id")
        if text in self.seen:
            first = f"第 {self.seen[text]} 行已用过这个编号"
            self.reader.problem(line, text, "不重复的编号", f"{first}，请另取一个。", "repeated-id")
        elif text:
            self.seen[text] = line
        return text

    def _named(self, block: Block, key: str, allowed: dict[str, str]) -> str:
        text = self.reader.text(block, key)
        if text and text not in allowed:
            expected = "、".join(f"{code}（{label}）" for code, label in allowed.items()) + "之一"
            self.reader.problem(self.reader.line_of(block, key), text, expected, "请改用代码。", f"unknown-{key}")
        return text

    def _order(self, block: Block) -> Order:
        self.reader.only(block, ORDER_KEYS)
        kind = self._named(block, "kind", ORDERS)
        return Order(kind, self.reader.text(block, "label"), quotation_of(self.reader, block, "quote"))

    def _also(self, root: Block) -> None:
        node = root.entries.get("also_responsible")
        if node is None:
            return
        block = self.reader.block(node, "also_responsible")
        self.reader.only(block, ALSO_KEYS)
        self.also = self._unit_names(block, "units")
        self.also_parts = self.reader.texts(block, "parts", required=True)
        quotation_of(self.reader, block, "quote")

    def _unit_names(self, block: Block, key: str) -> tuple[str, ...]:
        found = self.reader.texts(block, key)
        for name in found:
            if name not in self.units:
                line = self.reader.line_of(block, key)
                self.reader.problem(
                    line, name, "units 中列出的单位", "请先在 units 中登记，或改正名称。", "unknown-unit"
                )
        return found

    # -- targets ------------------------------------------------------------------------------------------------------

    def _target(self, block: Block, tasks: tuple[Task, ...], period: Period) -> Target:
        reader = self.reader
        reader.only(block, TARGET_KEYS)
        target_id = self._line_id(block)
        kind = self._named(block, "kind", KINDS)
        metric = self._metric(block)
        threshold = self._threshold(block, milestone=kind == "milestone")
        quotation = quotation_of(self.reader, block, "quote")
        self._words_stand_there(block, threshold, quotation)
        stretch = self._stretch(block, quotation, threshold)
        unit = reader.text(block, "unit", required=kind != "milestone")
        if metric is not None and unit and unit not in metric.units:
            line = reader.line_of(block, "unit")
            reader.problem(line, unit, "、".join(metric.units), f"“{metric.label}”用这些单位。", "wrong-unit")
        by = year_of(reader, block, "by")
        self._check_year(block, kind, by, period)
        if metric is not None:
            metric = self._of_each(block, metric, kind, threshold)
        known = {each.id for each in tasks}
        carried_by = reader.texts(block, "tasks")
        for name in carried_by:
            if name not in known:
                line = reader.line_of(block, "tasks")
                reader.problem(line, name, "tasks 中的编号", "请改正编号或补写任务。", "unknown-task")
        annex = block.entries.get("annex")
        return Target(
            id=target_id,
            label=reader.text(block, "label"),
            metric=metric or _NO_METRIC,
            kind=kind,
            threshold=threshold,
            stretch=stretch,
            tolerance=part_of(reader, block, "tolerance", self.vocabulary.tolerance),
            unit=unit,
            by=by,
            quotation=quotation,
            annex=None if annex is None else self._second(reader.block(annex, "annex")),
            tasks=carried_by,
            decisions=reader.texts(block, "decisions"),
            note=reader.text(block, "note", required=False),
        )

    def _metric(self, block: Block) -> Metric | None:
        text = self.reader.text(block, "metric")
        found = self.vocabulary.metrics.get(text)
        if text and found is None:
            line = self.reader.line_of(block, "metric")
            expected = "词表中的指标"
            remedy = "请从 reference/programme_vocabulary.yaml 选用，或先在词表中登记。"
            self.reader.problem(line, text, expected, remedy, "unknown-metric")
        among = self.reader.text(block, "among", required=False)
        if among and (among not in TITLES or (found is not None and found.counts != "titles")):
            expected = "称号代码：" + "、".join(TITLES)
            remedy = "“其中”只用于按称号计数的目标。"
            self.reader.problem(self.reader.line_of(block, "among"), among, expected, remedy, "unknown-among")
        if found is None:
            return None
        return self._narrowed(block, replace(found, among=among or None))

    def _narrowed(self, block: Block, metric: Metric) -> Metric:
        """With what the document says of the certified items that count: their level, and whose they are."""
        reader = self.reader
        levels, holders = reader.texts(block, "levels"), reader.texts(block, "holders")
        for key, found in (("levels", levels), ("holders", holders)):
            if found and (metric.counts not in LEVELLED or metric.each is not None):
                remedy = "只用于按认定事项登记计数的目标。"
                reader.problem(reader.line_of(block, key), "、".join(found), "不写", remedy, f"{key}-not-counted")
        if levels and metric.levels:
            expected = f"指标已定的级别：{'、'.join(metric.levels)}"
            reader.problem(reader.line_of(block, "levels"), "、".join(levels), expected, "请删去。", "levels-twice")
        for level in levels:
            if level not in self.vocabulary.levels:
                expected = "级别代码：" + "、".join(self.vocabulary.levels)
                reader.problem(reader.line_of(block, "levels"), level, expected, "请改用其中之一。", "unknown-level")
        for title in holders:
            if title not in TITLES:
                expected = "称号代码：" + "、".join(TITLES)
                reader.problem(reader.line_of(block, "holders"), title, expected, "请改用其中之一。", "unknown-holder")
        return replace(metric, levels=levels or metric.levels, holders=holders)

    def _of_each(self, block: Block, metric: Metric, kind: str, threshold: Threshold) -> Metric:
        """With how many each carrier has to have, where the metric asks every one of a kind."""
        least = threshold.value
        if (kind == "each") != (metric.each is not None):
            line, expected = (
                self.reader.line_of(block, "metric"),
                "kind 为 each 的目标用词表中写了 each 的指标，其他不用",
            )
            self.reader.problem(line, metric.id, expected, "请改正 kind 或 metric。", "not-of-each")
        if metric.each is None:
            return metric
        if least is not None and (least != least.to_integral_value() or least < 1):
            line = self.reader.line_of(block, "value")
            self.reader.problem(line, str(least), "不小于 1 的整数", "请改正每个主体应有的数量。", "value")
            return metric
        return replace(metric, least=1 if least is None else int(least))

    def _threshold(self, block: Block, *, milestone: bool) -> Threshold:
        reader = self.reader
        words = reader.texts(block, "operator")
        for word in words:
            if not self.vocabulary.knows(word):
                line = reader.line_of(block, "operator")
                reader.problem(line, word, "词表中的用语", "请照抄文件用语，或先在词表中登记。", "unknown-operator")
        value = number_of(reader, block, "value", required=not milestone)
        if milestone and value is not None:
            reader.problem(reader.line_of(block, "value"), str(value), "不写数", "完成事项没有数值。", "value")
        return Threshold(words, "done" if milestone else self.vocabulary.comparison(words), value)

    def _words_stand_there(self, block: Block, threshold: Threshold, quotation: Quotation) -> None:
        for word in threshold.operator:
            if quotation.text and word not in quotation.text:
                line = self.reader.line_of(block, "operator")
                self.reader.problem(line, word, "引文中的用语", "用语要照抄引文。", "operator-not-quoted")

    def _stretch(self, block: Block, quotation: Quotation, floor: Threshold) -> Threshold | None:
        node = block.entries.get("stretch")
        if node is None:
            return None
        inner = self.reader.block(node, "stretch")
        self.reader.only(inner, THRESHOLD_KEYS)
        found = self._threshold(inner, milestone=False)
        self._words_stand_there(inner, found, quotation)
        if not any(self.vocabulary.senses.get(word) == "floor" for word in floor.operator):
            expected = "与“确保”并列的“力争”"
            remedy = "单独的“力争”就是目标（A-20），请写在 value。"
            self.reader.problem(inner.line, "stretch", expected, remedy, "stretch-without-floor")
        if found.value is not None and floor.value is not None and found.value < floor.value:
            self.reader.problem(
                inner.line, str(found.value), f"不少于 {floor.value}", "请核对。", "stretch-below-floor"
            )
        return found

    def _check_year(self, block: Block, kind: str, by: int | None, period: Period) -> None:
        line = self.reader.line_of(block, "by")
        if kind in EVERY_YEAR and by is not None:
            self.reader.problem(line, str(by), "不写年份", "每年、年均的目标适用于计划期各年。", "year-of-yearly")
        elif kind not in EVERY_YEAR and by is None and "by" not in block.entries:
            self.reader.problem(block.line, "（没有填写）", "目标年 by", "请补写目标年。", "missing-by")
        elif by is not None and by not in period.years:
            years = f"{period.start.year}—{period.end.year}"
            self.reader.problem(line, str(by), f"计划期内的年份（{years}）", "请核对年份。", "year-outside-period")

    def _second(self, block: Block) -> Quotation:
        self.reader.only(block, QUOTATION_KEYS)
        return quotation_of(self.reader, block, "quote")

    # -- tasks --------------------------------------------------------------------------------------------------------

    def _task(self, block: Block) -> Task:
        reader = self.reader
        reader.only(block, TASK_KEYS)
        part = self._named(block, "part", PARTS)
        lead, cooperating, responsible = (
            self._unit_names(block, key) for key in ("lead", "cooperating", "responsible")
        )
        units_quote = reader.text(block, "units_quote", required=bool(lead or cooperating or responsible))
        named = (*lead, *responsible, *cooperating)
        for name in sorted({name for name in named if named.count(name) > 1}):
            reader.problem(block.line, name, "每个单位只有一种角色", "请只留原文写明的角色。", "unit-twice")
        also = tuple(name for name in self.also if name not in named) if part in self.also_parts else ()
        return Task(
            id=self._line_id(block),
            item=reader.text(block, "item"),
            part=part,
            section=reader.text(block, "section", required=False),
            label=reader.text(block, "label"),
            wording=quotation_of(self.reader, block, "text"),
            units_quote=units_quote,
            lead=lead,
            cooperating=cooperating,
            responsible=responsible,
            also=also,
            deadline=self._deadline(block),
            note=reader.text(block, "note", required=False),
        )

    def _deadline(self, task: Block) -> Deadline:
        node = task.entries.get("deadline")
        if node is None or (isinstance(node, Scalar) and not node.text):
            return Deadline("none")
        reader = self.reader
        block = reader.block(node, "deadline")
        reader.only(block, DEADLINE_KEYS)
        kind = self._named(block, "kind", DEADLINES)
        quote, event = reader.text(block, "quote"), reader.text(block, "event", required=kind == "event")
        on = date_of(reader, block, "on") if kind == "dated" else None
        return Deadline(kind, on, month_day_of(reader, block, "on") if kind == "yearly" else None, quote, event)

    # -- conflicts ----------------------------------------------------------------------------------------------------

    def _conflict(self, block: Block, known: frozenset[str]) -> Conflict:
        reader = self.reader
        reader.only(block, CONFLICT_KEYS)
        about = reader.texts(block, "about")
        for name in about:
            if name not in known:
                line = reader.line_of(block, "about")
                reader.problem(line, name, "目标或任务的编号", "请改正编号。", "unknown-line")
        readings = tuple(map(self._reading, reader.blocks(block, "readings")))
        if len(readings) < 2:
            reader.problem(block.line, f"{len(readings)} 种", "至少两种读法", "有分歧的两处都要保留。", "one-reading")
        used = reader.text(block, "used")
        if used and used not in {each.source for each in readings}:
            line = reader.line_of(block, "used")
            expected = "、".join(each.source for each in readings)
            reader.problem(line, used, expected, "请写采用的一种的 source。", "unknown-reading")
        return Conflict(
            self._line_id(block),
            reader.text(block, "decision"),
            about,
            reader.text(block, "question"),
            readings,
            used,
            reader.text(block, "because"),
        )

    def _reading(self, block: Block) -> Reading:
        reader = self.reader
        reader.only(block, READING_KEYS)
        gist = reader.text(block, "gist", required=False)
        quotation = None if gist else quotation_of(self.reader, block, "quote")
        grade = reader.text(block, "evidence", required=False) or "V"
        if grade not in GRADES:
            reader.problem(block.line, grade, "、".join(GRADES), "请改用证据等级。", "unknown-evidence")
        return Reading(reader.text(block, "source"), quotation, gist, grade, reader.text(block, "says"))


_NO_METRIC = Metric("", "figure", "", ())
