"""The closed loop of a task: reported with evidence → accepted or returned with a reason → closed."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.programmes.errors import TaskReportRefused, TaskStateWrong, TaskUnitRefused
from services.registry.domain.programmes.ledger import require_period, require_reportable
from services.registry.domain.programmes.model import Programme, Task
from services.registry.store.programme_ledger import Ledger
from services.registry.store.programme_tables import TaskEntryRow, TaskReportRow


def unit_named(programme: Programme, task: Task, name: str) -> str:
    """The unit as the plan calls it, by that name or by what it is called today; raises when the task names it not."""
    for unit in programme.units:
        if unit.name in task.units and name in (unit.name, unit.now, unit.written):
            return unit.name
    known = "、".join(task.units) or "没有写明责任单位"
    raise TaskUnitRefused(f"计划没有把任务 {task.id} 交给“{name}”；原文的单位：{known}")


def report_task(
    tx: Transaction,
    programme: Programme,
    task: Task,
    period: int,
    *,
    unit: str,
    progress: str,
    evidence: Sequence[str],
    completes: bool,
) -> tuple[TaskEntryRow, TaskReportRow]:
    """Record what a unit reports; it waits for the decision of whoever answers for the programme."""
    require_period(task, programme, period)
    if completes and not evidence:
        problem = FieldProblem("evidence", "报完成要附佐证材料", "evidence-missing", None, "至少一份文件的名称和编号")
        raise TaskReportRefused("报完成要附佐证材料，请填写文件的名称和编号", problems=[problem])
    ledger = Ledger(tx)
    entry = ledger.get_for_update(programme, task, period)
    require_reportable(entry.state)
    row = TaskReportRow(
        id=ids.new_id(),
        entry_id=entry.id,
        unit=unit,
        progress=progress,
        evidence=list(evidence),
        completes=completes,
        reported_at=clock.now(),
        reported_by=tx.context.actor,
    )
    ledger.add_report(row)
    _move(entry, "reported")
    tx.audit("task-reported", programme.id, {"task": task.id, "period": period, "unit": unit, "completes": completes})
    return entry, row


def decide_report(
    tx: Transaction,
    programme: Programme,
    task: Task,
    period: int,
    report_id: uuid.UUID,
    *,
    decision: str,
    reason: str | None,
) -> tuple[TaskEntryRow, TaskReportRow]:
    """Accept a report (one that completes the task closes it), or return it with a reason."""
    require_period(task, programme, period)
    if decision == "returned" and not reason:
        problem = FieldProblem("reason", "退回要写明原因", "reason-missing", None, "缺什么、改什么")
        raise TaskReportRefused("退回要写明原因，请填写缺什么、改什么", problems=[problem])
    ledger = Ledger(tx)
    entry = ledger.get_for_update(programme, task, period)
    row = ledger.report(entry.id, report_id)
    latest = ledger.reports(entry.id)[-1]
    reopened = entry.state == "closed" and decision == "returned" and row.id == latest.id
    if not reopened and (row.decision is not None or entry.state != "reported"):
        raise TaskStateWrong("这次报送已经审核过；已销号的任务只能退回最后一次报送")
    row.decision, row.decision_reason = decision, reason
    row.decided_at, row.decided_by = clock.now(), tx.context.actor
    if decision == "returned":
        _move(entry, "returned")
    else:
        _move(entry, "closed" if row.completes else "open")
    details = {"task": task.id, "period": period, "decision": decision, "state": entry.state}
    tx.audit("task-report-decided", programme.id, details)
    return entry, row


def set_deadline(
    tx: Transaction, programme: Programme, task: Task, period: int, due_on: dt.date, basis: str
) -> TaskEntryRow:
    """Set the day by a decision, where the document gives none or the day was moved; escalation begins anew."""
    require_period(task, programme, period)
    entry = Ledger(tx).get_for_update(programme, task, period)
    if entry.state == "closed":
        raise TaskStateWrong("这项任务已销号，不再设时限")
    before = entry.due_on
    entry.due_on, entry.due_basis = due_on, basis
    entry.escalations, entry.escalated_on, entry.changed_at = 0, None, clock.now()
    details = {"task": task.id, "period": period, "from": str(before), "to": str(due_on), "basis": basis}
    tx.audit("task-deadline-set", programme.id, details)
    return entry


def _move(entry: TaskEntryRow, state: str) -> None:
    entry.state, entry.changed_at = state, clock.now()
