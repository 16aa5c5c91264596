"""Ranking by a weighted scorecard (赛马, 综合评价), only where the plan orders it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.programmes.errors import NotOrdered, ScorecardMissing, ScorecardRefused
from services.registry.domain.programmes.ledger import due_of_task, periods_of
from services.registry.domain.programmes.model import ORDERS, Order, Programme
from services.registry.domain.programmes.scoring import TASKS, WHOLE, Card, Mark, Placed, placed
from services.registry.store.programme_bulletins import Scorecards
from services.registry.store.programme_ledger import Assignments, Ledger
from services.registry.store.programme_tables import ScorecardRow
from services.registry.use_cases.programmes.decompose import COUNTED, SUMMABLE, Part, decomposition
from services.registry.use_cases.programmes.evaluate import stand

RANKED = ("ranking", "scorecard")


def require_order(programme: Programme, *kinds: str) -> Order:
    """The plan's own words that order this; raises NotOrdered where there are none."""
    for kind in kinds:
        if (order := programme.order(kind)) is not None:
            return order
    wanted = "、".join(ORDERS[kind] for kind in kinds)
    raise NotOrdered(f"方案没有要求{wanted}，平台不做；如确有依据，请先把依据写入计划的 orders 再启用")


def set_scorecard(tx: Transaction, programme: Programme, weights: Mapping[str, Decimal], document: str) -> ScorecardRow:
    """Set the weights by a document. They add up to 100 and name targets whose parts add up, or `tasks`."""
    require_order(programme, *RANKED)
    countable = {each.id for each in programme.targets if each.kind in SUMMABLE} | {TASKS}
    problems = [
        FieldProblem(f"weights.{line}", "不是可分解的目标", "unknown-line", line, "目标编号，或 tasks（任务办结率）")
        for line in weights
        if line not in countable
    ]
    total = sum(weights.values(), Decimal(0))
    if total != WHOLE:
        problems.append(FieldProblem("weights", "权重合计应为 100", "weights-sum", str(total), "100"))
    if problems:
        raise ScorecardRefused("权重有误，请按 errors 中的说明修改后重试", problems=problems)
    row = ScorecardRow(
        id=ids.new_id(),
        programme_id=programme.id,
        weights={line: str(weight) for line, weight in weights.items()},
        document=document,
        recorded_at=clock.now(),
        recorded_by=tx.context.actor,
    )
    Scorecards(tx).add(row)
    tx.audit("scorecard-set", programme.id, {"weights": row.weights, "document": document})
    return row


def scorecard_of(tx: Transaction, programme: Programme) -> ScorecardRow:
    require_order(programme, *RANKED)
    row = Scorecards(tx).find(programme.id)
    if row is None:
        raise ScorecardMissing("该计划还没有设定计分权重，请先按考核办法设定权重")
    return row


def ranking(tx: Transaction, programme: Programme, year: int, kind: str) -> list[Placed]:
    """Areas or units by their shares of what was assigned to them for `year`, as of its end or today."""
    weights = {line: Decimal(weight) for line, weight in scorecard_of(tx, programme).weights.items()}
    day = min(clock.today(), dt.date(year, 12, 31))
    parts: dict[str, dict[str, Part]] = {}
    names: dict[str, str] = {}
    for line in weights:
        target = programme.target(line)
        if target is None:
            continue
        for part in decomposition(tx, programme, target, year, kind).parts:
            parts.setdefault(part.row.assignee, {})[line] = part
            names[part.row.assignee] = part.name
    tasks = _tasks(tx, programme, day) if kind == "unit" and TASKS in weights else {}
    for unit in tasks:
        names.setdefault(unit, unit)
    cards = [
        Card(
            assignee,
            name,
            tuple(
                _task_mark(weight, tasks.get(assignee))
                if line == TASKS
                else _mark(tx, programme, line, weight, parts.get(assignee, {}).get(line), day, kind)
                for line, weight in weights.items()
            ),
        )
        for assignee, name in names.items()
    ]
    return placed(cards)


def _mark(
    tx: Transaction, programme: Programme, line: str, weight: Decimal, part: Part | None, day: dt.date, kind: str
) -> Mark:
    target = programme.target(line)
    label = target.label if target is not None else line
    if part is None or target is None or part.row.value == 0:
        return Mark(line, label, weight, None, None, applies=False)
    if kind in COUNTED:
        attained = None if part.attained is None else Decimal(part.attained)
        return Mark(
            line, label, weight, part.row.value, attained, applies=True, missing="该指标尚无分地区、分园区的登记"
        )
    others = Assignments(tx).standing(programme.id, target_id=line, year=part.row.year, kind=kind)
    if len(others) > 1:
        missing = "由几个单位分担，登记中分不出各自的数"
        return Mark(line, label, weight, part.row.value, None, applies=True, missing=missing)
    year = part.row.year if target.kind == "yearly" else None
    number = stand(tx, programme, target, day, year).attained
    return Mark(line, label, weight, part.row.value, number.value, applies=True, missing=number.missing)


def _task_mark(weight: Decimal, counted: tuple[int, int] | None) -> Mark:
    if counted is None or counted[0] == 0:
        return Mark(TASKS, "任务办结率", weight, None, None, applies=False)
    return Mark(TASKS, "任务办结率", weight, Decimal(counted[0]), Decimal(counted[1]), applies=True)


def _tasks(tx: Transaction, programme: Programme, day: dt.date) -> dict[str, tuple[int, int]]:
    """Unit → how many of its tasks were due by `day`, and how many of these are closed."""
    entries = Ledger(tx).entries(programme.id)
    found: dict[str, tuple[int, int]] = {}
    for task in programme.tasks:
        for period in periods_of(task, programme):
            entry = entries.get((task.id, period))
            due = entry.due_on if entry is not None else due_of_task(task, period).on
            if due is None or due > day:
                continue
            closed = entry is not None and entry.state == "closed"
            for unit in (*task.lead, *task.responsible):
                wanted, done = found.get(unit, (0, 0))
                found[unit] = wanted + 1, done + closed
    return found
