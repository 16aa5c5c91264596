"""Entries and reports of the task ledger, and the parts of targets that areas and departments answer for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select, text

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.programmes.errors import TaskReportNotFound
from services.registry.domain.programmes.ledger import due_of_task
from services.registry.domain.programmes.model import Programme, Task
from services.registry.store.programme_tables import AssignmentRow, TargetAlertRow, TaskEntryRow, TaskReportRow


class Ledger:
    """Where tasks stand. A task about which nothing was done yet has no row: it is open."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def entries(self, programme_id: str) -> Mapping[tuple[str, int], TaskEntryRow]:
        query = select(TaskEntryRow).where(TaskEntryRow.programme_id == programme_id)
        return {(row.task_id, row.period): row for row in self._session.scalars(query)}

    def get_for_update(self, programme: Programme, task: Task, period: int) -> TaskEntryRow:
        """The entry, locked; made when there is none."""
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))")
        self._session.execute(lock, {"name": f"task:{programme.id}:{task.id}:{period}"})
        query = select(TaskEntryRow).where(
            TaskEntryRow.programme_id == programme.id, TaskEntryRow.task_id == task.id, TaskEntryRow.period == period
        )
        row = self._session.scalar(query.with_for_update())
        if row is None:
            due = due_of_task(task, period)
            row = TaskEntryRow(
                id=ids.new_id(),
                programme_id=programme.id,
                task_id=task.id,
                period=period,
                state="open",
                due_on=due.on,
                due_basis=due.basis,
                escalations=0,
                changed_at=clock.now(),
            )
            self._session.add(row)
            self._session.flush()
        return row

    def reports(self, entry_id: uuid.UUID) -> Sequence[TaskReportRow]:
        """In the order in which they were made."""
        query = select(TaskReportRow).where(TaskReportRow.entry_id == entry_id).order_by(TaskReportRow.id)
        return self._session.scalars(query).all()

    def report(self, entry_id: uuid.UUID, report_id: uuid.UUID) -> TaskReportRow:
        row = self._session.get(TaskReportRow, report_id)
        if row is None or row.entry_id != entry_id:
            raise TaskReportNotFound("这项任务没有这次报送，请核对编号")
        return row

    def add_report(self, row: TaskReportRow) -> None:
        self._session.add(row)
        self._session.flush()


class Assignments:
    """Parts of targets; what was assigned before stays as history."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def lock(self, programme_id: str, target_id: str) -> None:
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))")
        self._session.execute(lock, {"name": f"assignments:{programme_id}:{target_id}"})

    def standing(
        self,
        programme_id: str,
        *,
        target_id: str | None = None,
        year: int | None = None,
        kind: str | None = None,
        assignee: str | None = None,
    ) -> Sequence[AssignmentRow]:
        query = select(AssignmentRow).where(
            AssignmentRow.programme_id == programme_id, AssignmentRow.withdrawn_at.is_(None)
        )
        for column, wanted in (
            (AssignmentRow.target_id, target_id),
            (AssignmentRow.year, year),
            (AssignmentRow.kind, kind),
            (AssignmentRow.assignee, assignee),
        ):
            if wanted is not None:
                query = query.where(column == wanted)
        order = (AssignmentRow.year, AssignmentRow.target_id, AssignmentRow.kind, AssignmentRow.assignee)
        return self._session.scalars(query.order_by(*order)).all()

    def add(self, row: AssignmentRow) -> None:
        self._session.add(row)


class Alerts:
    """Targets announced as at risk."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def of(self, programme_id: str) -> Mapping[str, TargetAlertRow]:
        query = select(TargetAlertRow).where(TargetAlertRow.programme_id == programme_id)
        return {row.target_id: row for row in self._session.scalars(query)}

    def add(self, programme_id: str, target_id: str) -> None:
        self._session.add(TargetAlertRow(programme_id=programme_id, target_id=target_id, announced_at=clock.now()))

    def remove(self, row: TargetAlertRow) -> None:
        self._session.delete(row)
