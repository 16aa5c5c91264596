"""Once a day: tasks whose day has passed are escalated, targets that have fallen behind are announced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from chassis import clock
from chassis.db import Transaction
from chassis.working_days import WorkingDays
from contracts.events.registry import TargetAtRisk, TaskOverdue
from services.registry.domain.programmes.attainment import Standing
from services.registry.domain.programmes.catalog import Catalog
from services.registry.domain.programmes.ledger import due_of_task, level_of, periods_of
from services.registry.domain.programmes.model import Programme, Task
from services.registry.store.programme_ledger import Alerts, Ledger
from services.registry.store.programmes import Programmes
from services.registry.use_cases.programmes.evaluate import stand_all


def watch_programmes(tx: Transaction, catalog: Catalog, days: WorkingDays) -> int:
    """How many announcements were made. Emits TaskOverdue and TargetAtRisk.

    A plan whose period is over is history (A-17): nobody is reminded of it. Overdue is told on the working days
    after a deadline that the vocabulary names.
    """
    today = clock.today()
    announced = 0
    for row in Programmes(tx).list_active():
        programme = catalog.stored(row.hash, row.body, row.file)
        if programme.over(today):
            continue
        announced += _escalate(tx, programme, today, days, catalog.vocabulary.escalation_days)
        announced += _announce_risks(tx, programme, today)
    return announced


def _escalate(tx: Transaction, programme: Programme, today: dt.date, days: WorkingDays, steps: Sequence[int]) -> int:
    ledger = Ledger(tx)
    known = ledger.entries(programme.id)
    announced = 0
    for task in programme.tasks:
        for period in periods_of(task, programme):
            found = known.get((task.id, period))
            due_on = found.due_on if found is not None else due_of_task(task, period).on
            if due_on is None or due_on >= today or (found is not None and found.state == "closed"):
                continue
            announced += _announce_overdue(tx, ledger, programme, task, period, today, days, steps)
    return announced


def _announce_overdue(
    tx: Transaction,
    ledger: Ledger,
    programme: Programme,
    task: Task,
    period: int,
    today: dt.date,
    days: WorkingDays,
    steps: Sequence[int],
) -> int:
    entry = ledger.get_for_update(programme, task, period)
    if entry.due_on is None or entry.state == "closed":  # changed while we waited for the lock
        return 0
    level = level_of(days.between(entry.due_on, today).number, steps)
    if level <= entry.escalations:
        return 0
    entry.escalations, entry.escalated_on = level, today
    tx.emit(
        TaskOverdue(
            programme_id=programme.id,
            programme_label=programme.label,
            areas=programme.areas,
            task_id=task.id,
            task_label=task.label,
            period=period,
            due_on=entry.due_on,
            due_basis=entry.due_basis,
            level=level,
            lead=task.lead,
            units=task.units,
        )
    )
    tx.audit("task-overdue", programme.id, {"task": task.id, "period": period, "level": level})
    return 1


def _announce_risks(tx: Transaction, programme: Programme, today: dt.date) -> int:
    alerts = Alerts(tx)
    known = alerts.of(programme.id)
    announced = 0
    for standing in stand_all(tx, programme, programme.targets, today):
        alert = known.get(standing.target.id)
        if standing.status != "behind":
            if alert is not None:
                alerts.remove(alert)
            continue
        if alert is None:
            alerts.add(programme.id, standing.target.id)
            tx.emit(_at_risk(programme, standing))
            tx.audit("target-at-risk", programme.id, {"target": standing.target.id})
            announced += 1
    return announced


def _at_risk(programme: Programme, standing: Standing) -> TargetAtRisk:
    target = standing.target
    return TargetAtRisk(
        programme_id=programme.id,
        programme_label=programme.label,
        areas=programme.areas,
        target_id=target.id,
        target_label=target.label,
        as_of=standing.as_of,
        due=standing.due,
        attained=str(standing.attained.value),
        plan_line=str(standing.plan_line.value),
        wanted=str(target.threshold.value),
        unit=target.unit,
    )
