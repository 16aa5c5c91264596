"""Parts of a target for areas or departments: the list of one year as a whole, and how its sum stands to the target."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.programmes.attainment import evaluate, silent
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.errors import AssignmentRefused
from services.registry.domain.programmes.model import Programme, Target
from services.registry.store.programme_ledger import Assignments
from services.registry.store.programme_registers import RegisterOfMetric
from services.registry.store.programme_tables import AssignmentRow
from services.registry.store.queries import short_area
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.figures import TAKEN

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
    by_district = _counted(tx, programme, target, year) if kind == "area" and rows else None
    known = reference(tx)
    parts = []
    for row in rows:
        name = known.places.name_of(row.assignee) or row.assignee if kind == "area" else row.assignee
        prefix = short_area(row.assignee)
        attained = (
            None
            if by_district is None
            else sum(number for code, number in by_district.items() if code.startswith(prefix))
        )
        parts.append(Part(row, name, attained))
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


def _counted(tx: Transaction, programme: Programme, target: Target, year: int) -> dict[str, int] | None:
    counts = RegisterOfMetric(tx, programme)
    if target.metric.counts in TAKEN or target.metric.each is not None or counts.missing(target.metric):
        return None
    until = min(clock.today(), dt.date(year, 12, 31))
    if silent(target.metric, counts.first(target.metric), until, final=until < clock.today()):
        return None
    start = {"stock": None, "yearly": dt.date(year, 1, 1)}.get(target.kind, programme.period.start)
    return counts.by_district(target.metric, Window(start, until))


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
