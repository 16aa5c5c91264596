"""Parts of a target for areas, parks or departments: the list of one year, and how its sum stands to the target."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.programmes.attainment import evaluate, silent
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.errors import AssignmentRefused
from services.registry.domain.programmes.model import Programme, Target
from services.registry.store.parks import parks_within
from services.registry.store.programme_ledger import Assignments
from services.registry.store.programme_registers import RegisterOfMetric
from services.registry.store.programme_tables import AssignmentRow
from services.registry.store.queries import short_area
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.figures import TAKEN

COUNTED = ("area", "park")
"""Kinds of assignees whose part can be counted; departments share one number."""
_PARK_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SUMMABLE = ("stock", "flow", "yearly", "yearly_average")
"""Kinds whose parts add up; shares and averages do not."""


@dataclass(frozen=True, slots=True)
class Part:
    """One assignee with its number, and what is counted there; null where nothing can be counted."""

    row: AssignmentRow
    name: str
    attained: int | None


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The parts of one target in one year. `difference` is assigned minus wanted: negative is not yet assigned."""

    target: Target
    year: int
    kind: str
    parts: tuple[Part, ...]
    wanted: Decimal | None
    wanted_how: str
    assigned: Decimal | None
    difference: Decimal | None


def assign(
    tx: Transaction,
    programme: Programme,
    target: Target,
    *,
    year: int,
    kind: str,
    parts: Mapping[str, Decimal],
    document: str,
) -> Decomposition:
    """Put the list of one year in the place of the one that stands; what was assigned before stays as history."""
    _require_sound(tx, programme, target, year, kind, parts)
    assignments = Assignments(tx)
    assignments.lock(programme.id, target.id)
    standing = {
        row.assignee: row for row in assignments.standing(programme.id, target_id=target.id, year=year, kind=kind)
    }
    for assignee, row in standing.items():
        if parts.get(assignee) != row.value or row.document != document:
            row.withdrawn_at, row.withdrawn_by = clock.now(), tx.context.actor
    tx.flush()
    for assignee, value in parts.items():
        earlier = standing.get(assignee)
        if earlier is None or earlier.withdrawn_at is not None:
            assignments.add(_row(tx, programme, target, year, kind, assignee, value, document))
    tx.flush()
    details = {"target": target.id, "year": year, "kind": kind, "parts": {each: str(parts[each]) for each in parts}}
    tx.audit("target-decomposed", programme.id, details)
    return decomposition(tx, programme, target, year, kind)


def decomposition(tx: Transaction, programme: Programme, target: Target, year: int, kind: str) -> Decomposition:
    """What stands, with the sum checked."""
    rows = Assignments(tx).standing(programme.id, target_id=target.id, year=year, kind=kind)
    wanted, how = _wanted(tx, programme, target, year)
    summable = target.kind in SUMMABLE
    assigned = sum((row.value for row in rows), Decimal(0)) if summable and rows else None
    difference = assigned - wanted if assigned is not None and wanted is not None else None
    counted = _counted(tx, programme, target, year, kind) if kind in COUNTED and rows else None
    names = names_of(tx, kind, [row.assignee for row in rows], programme)
    parts = []
    for row in rows:
        attained = None if counted is None else _share(counted, row.assignee, kind)
        parts.append(Part(row, names.get(row.assignee, row.assignee), attained))
    return Decomposition(target, year, kind, tuple(parts), wanted, how, assigned, difference)


def _wanted(tx: Transaction, programme: Programme, target: Target, year: int) -> tuple[Decimal | None, str]:
    value = target.threshold.value
    if target.kind not in SUMMABLE:
        return None, "比率、平均数和完成事项不按各地各部门相加"
    if target.by is None:
        return value, f"每年 {value}" if target.kind == "yearly" else f"年均 {value}"
    if target.by == year:
        return value, f"目标年 {year} 年的目标数"
    counts = RegisterOfMetric(tx, programme)
    line = evaluate(target, programme, dt.date(year, 12, 31), counts, ()).plan_line
    return line.value, line.how or line.missing


def names_of(tx: Transaction, kind: str, assignees: Sequence[str], programme: Programme) -> Mapping[str, str]:
    """What areas and parks are called; a department is called by its name in the plan."""
    if kind == "park":
        return parks_within(tx, assignees, tuple(map(short_area, programme.areas)))
    known = reference(tx).places
    return {each: known.name_of(each) or each for each in assignees} if kind == "area" else {}


def _share(counted: Mapping[str, int], assignee: str, kind: str) -> int:
    if kind == "park":
        return counted.get(assignee, 0)
    prefix = short_area(assignee)
    return sum(number for code, number in counted.items() if code.startswith(prefix))


def _counted(tx: Transaction, programme: Programme, target: Target, year: int, kind: str) -> dict[str, int] | None:
    """What is counted there, by district or by park."""
    counts = RegisterOfMetric(tx, programme)
    if target.metric.counts in TAKEN or target.metric.each is not None or counts.missing(target.metric):
        return None
    until = min(clock.today(), dt.date(year, 12, 31))
    if silent(target.metric, counts.first(target.metric), until, final=until < clock.today()):
        return None
    start = {"stock": None, "yearly": dt.date(year, 1, 1)}.get(target.kind, programme.period.start)
    window = Window(start, until)
    return counts.by_park(target.metric, window) if kind == "park" else counts.by_district(target.metric, window)


def _require_sound(
    tx: Transaction, programme: Programme, target: Target, year: int, kind: str, parts: Mapping[str, Decimal]
) -> None:
    problems: list[FieldProblem] = []
    last = target.by or programme.period.end.year
    if not programme.period.start.year <= year <= last:
        expected = f"{programme.period.start.year} 到 {last}"
        problems.append(FieldProblem("year", "年份不在该目标的年份内", "year-outside-plan", year, expected))
    if kind == "area":
        current = reference(tx).places.divisions.current
        areas = tuple(map(short_area, programme.areas))
        unknown = [each for each in parts if each not in current or not each.startswith(areas)]
        expected = "计划区域内的 6 位区划代码"
    elif kind == "park":
        unknown = _no_parks(tx, parts, programme)
        expected = "计划区域内已登记的园区（载体编号）"
    else:
        units = {each.name for each in programme.units}
        unknown = [each for each in parts if each not in units]
        expected = "计划中列出的单位名称"
    problems += [
        FieldProblem(f"parts.{each}", f"“{each}”不是{expected}，请核对", f"unknown-{kind}", each, expected)
        for each in unknown
    ]
    if problems:
        raise AssignmentRefused("分解有误，请按 errors 中的说明修改后重试", problems=problems)


def _no_parks(tx: Transaction, parts: Iterable[str], programme: Programme) -> list[str]:
    ids = [each for each in parts if _PARK_ID.fullmatch(each)]
    known = parks_within(tx, ids, tuple(map(short_area, programme.areas)))
    return [each for each in parts if each not in known]


def _row(
    tx: Transaction,
    programme: Programme,
    target: Target,
    year: int,
    kind: str,
    assignee: str,
    value: Decimal,
    document: str,
) -> AssignmentRow:
    return AssignmentRow(
        id=ids.new_id(),
        programme_id=programme.id,
        target_id=target.id,
        year=year,
        kind=kind,
        assignee=assignee,
        value=value,
        document=document,
        recorded_at=clock.now(),
        recorded_by=tx.context.actor,
    )
