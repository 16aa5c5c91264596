"""Records and corrects figures of issuing units; keeps the list of a programme's enterprises."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.programmes.errors import (
    FigureAlreadyCorrected,
    FigureAlreadyRecorded,
    FigureNotTaken,
    FigureRefused,
    MembersNotListed,
)
from services.registry.domain.programmes.model import COUNTS, Programme, Target
from services.registry.store.programme_figures import Figures, Members
from services.registry.store.programme_tables import FigureRow
from services.registry.store.repositories import Enterprises

TAKEN = ("figure", "milestone")
"""What no register counts: the issuing unit's word, with its document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A figure as its issuing unit states it; in the unit of the target. A milestone is 1 when done, else 0."""

    period_start: dt.date
    period_end: dt.date
    value: Decimal
    scope: str
    issued_by: str
    document: str


def record_figure(tx: Transaction, programme: Programme, target: Target, stated: Stated) -> FigureRow:
    """Record a figure of a period that has none yet."""
    _require_sound(target, stated)
    figures = Figures(tx)
    figures.lock(programme.id, target.id)
    if figures.find_standing(programme.id, target.id, stated.period_start, stated.period_end) is not None:
        period = f"{stated.period_start} 至 {stated.period_end}"
        raise FigureAlreadyRecorded(f"{period} 的数据已登记；如有误，请用更正，原数据会保留")
    row = _row(tx, programme, target, stated)
    figures.add(row)
    tx.audit("figure-recorded", programme.id, {"target": target.id, "value": str(stated.value)})
    return row


def correct_figure(
    tx: Transaction, programme: Programme, target: Target, figure_id: uuid.UUID, stated: Stated, reason: str
) -> FigureRow:
    """Put a corrected figure in the place of one; the one corrected stays in the history."""
    _require_sound(target, stated)
    figures = Figures(tx)
    figures.lock(programme.id, target.id)
    earlier = figures.get_for_update(programme.id, target.id, figure_id)
    if earlier.superseded_at is not None:
        raise FigureAlreadyCorrected("这条数据已被更正过，请更正最新的一条")
    earlier.superseded_at = clock.now()
    tx.flush()
    other = figures.find_standing(programme.id, target.id, stated.period_start, stated.period_end)
    if other is not None:
        raise FigureAlreadyRecorded("更正后的期间已有另一条数据，请核对期间")
    row = _row(tx, programme, target, stated)
    row.corrects, row.correction_reason = earlier.id, reason
    figures.add(row)
    details = {"target": target.id, "from": str(earlier.value), "to": str(stated.value), "reason": reason}
    tx.audit("figure-corrected", programme.id, details)
    return row


def put_member(
    tx: Transaction, programme: Programme, uscc: str, since: dt.date | None, until: dt.date | None, document: str
) -> None:
    """Put an enterprise on the programme's list, or change the days for which it is on it."""
    if programme.members != "listed":
        raise MembersNotListed("该计划按登记地区划确定企业，不设企业名单")
    if since is not None and until is not None and until < since:
        problem = FieldProblem("until", "止早于起，请核对", "period-reversed", until.isoformat(), f"不早于 {since}")
        raise FigureRefused("名单的起止日期有误", problems=[problem])
    Enterprises(tx).get(uscc)
    Members(tx).put(programme.id, uscc, since, until, document)
    tx.audit("programme-member-put", programme.id, {"uscc": uscc, "document": document})


def _require_sound(target: Target, stated: Stated) -> None:
    counts = target.metric.counts
    if counts not in TAKEN:
        where = COUNTS[counts]
        raise FigureNotTaken(f"“{target.label}”由{where}逐项计数，每一家都要能查到，不接受填报的总数")
    problems: list[FieldProblem] = []
    if stated.period_end < stated.period_start:
        found, expected = stated.period_end.isoformat(), f"不早于 {stated.period_start}"
        problems.append(FieldProblem("period_end", "期间止早于期间起，请核对", "period-reversed", found, expected))
    if stated.period_end > clock.today():
        found, expected = stated.period_end.isoformat(), f"不晚于 {clock.today()}"
        problems.append(FieldProblem("period_end", "期间还没有结束，请核对", "period-in-future", found, expected))
    if counts == "milestone" and stated.value not in (0, 1):
        problems.append(FieldProblem("value", "完成填 1，未完成填 0", "not-done-or-open", str(stated.value), "0 或 1"))
    if target.unit == "%" and stated.value > 100:
        problems.append(
            FieldProblem("value", "百分数超过 100，请核对", "beyond-hundred", str(stated.value), "0 到 100")
        )
    if problems:
        raise FigureRefused("数据有误，请按 errors 中的说明修改后重试", problems=problems)


def _row(tx: Transaction, programme: Programme, target: Target, stated: Stated) -> FigureRow:
    return FigureRow(
        id=ids.new_id(),
        programme_id=programme.id,
        target_id=target.id,
        period_start=stated.period_start,
        period_end=stated.period_end,
        value=stated.value,
        scope=stated.scope,
        issued_by=stated.issued_by,
        document=stated.document,
        recorded_at=clock.now(),
        recorded_by=tx.context.actor,
    )
