"""The task ledger (任务台账): reports with evidence, decisions, deadlines."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, model_validator

from chassis import clock
from chassis.auth import Actor
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.problems import refusals
from chassis.working_days import LONGEST, WorkingDays
from services.registry.api.access import OFFICIALS
from services.registry.api.parameters import Line, Passage
from services.registry.api.programme_access import (
    Compiled,
    ProgrammeReader,
    ProgrammeWriter,
    RequestProgrammeAdmission,
    TaskReporter,
    in_use,
)
from services.registry.api.programme_schemas import LineId, ProgrammeId
from services.registry.api.schemas import Coded, Wanted
from services.registry.api.state import Calendar
from services.registry.domain.programmes.errors import (
    ProgrammeNotFound,
    ProgrammeOutsideJurisdiction,
    TaskNotFound,
    TaskReportNotFound,
    TaskReportRefused,
    TaskStateWrong,
    TaskUnitRefused,
)
from services.registry.domain.programmes.ledger import (
    DECISIONS,
    STATES,
    Due,
    due_of_task,
    due_within,
    periods_of,
    require_period,
)
from services.registry.domain.programmes.model import Programme, Task
from services.registry.store.programme_ledger import Ledger
from services.registry.store.programme_tables import TaskEntryRow, TaskReportRow
from services.registry.use_cases.programmes.tasks import decide_report, report_task, set_deadline, unit_named

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)

Period = Annotated[int, Path(ge=0, le=2100, description="每年的任务填年份，其他填 0")]
StateCode = Literal["open", "reported", "returned", "closed"]


class EntryOut(BaseModel):
    """Where a task stands in one period."""

    task_id: str
    label: str
    period: int = Field(description="the year, or 0 for the whole plan")
    state: Coded
    units: list[str]
    due_on: dt.date | None = Field(description="a calendar day; null where no document and no decision gives one")
    due_basis: str
    overdue: bool
    days_overdue: int | None = Field(description="calendar days")
    working_days_left: int | None = Field(
        default=None, description="from today to the day, today not counted; negative when overdue, null when closed"
    )
    working_days_note: str | None = Field(
        default=None, description="which years were reckoned by weekends, their holidays not being announced"
    )
    escalations: int = Field(description="how often it was announced as overdue")


class ReportOut(BaseModel):
    """What a unit reported, and how it was decided."""

    id: uuid.UUID
    unit: str
    progress: str
    evidence: list[str]
    completes: bool
    reported_at: dt.datetime
    reported_by: str
    decision: Coded | None
    decision_reason: str | None
    decided_at: dt.datetime | None
    decided_by: str | None


class EntryDetail(EntryOut):
    """An entry with its reports, the earliest first."""

    reports: list[ReportOut]


class ReportNew(Wanted):
    """Progress of a task; with `completes` the unit says that it is done, and evidence is needed."""

    unit: Line = Field(description="as the plan names it, or as it is called today")
    progress: Passage
    evidence: list[Line] = Field(default=[], max_length=50, description="names and numbers of documents")
    completes: bool = False


class DecisionNew(Wanted):
    """Accepted, or returned with the reason."""

    decision: Literal["accepted", "returned"]
    reason: Passage | None = None


class DeadlineNew(Wanted):
    """A day set by a decision, or so many working days (工作日) from a day."""

    due_on: dt.date | None = None
    working_days: int | None = Field(
        default=None, ge=1, le=LONGEST, description="in the place of due_on; holidays are not counted"
    )
    counted_from: dt.date | None = Field(
        default=None,
        ge=dt.date(2000, 1, 1),
        le=dt.date(2100, 1, 1),
        description="not counted itself; today when absent",
    )
    basis: Line = Field(description="文件或决定")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.due_on is None) == (self.working_days is None):
            raise ValueError("请填写日期（due_on）或工作日数（working_days）其中一项，只填一项")
        if self.due_on is not None and self.counted_from is not None:
            raise ValueError("起算日（counted_from）只和工作日数（working_days）一起填写")
        return self


def task_of(programme: Programme, task_id: str) -> Task:
    task = programme.task(task_id)
    if task is None:
        raise TaskNotFound(f"计划中没有编号为 {task_id} 的任务，请在任务清单中核对")
    return task


@router.get("/ledger", response_model=list[EntryOut], responses=refusals(ProgrammeNotFound))
def get_ledger(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    days: Calendar,
    programme_id: ProgrammeId,
    state: Annotated[StateCode | None, Query(description="办理状态")] = None,
    unit: Annotated[str | None, Query(max_length=100, description="责任单位，原名或现名")] = None,
    overdue: Annotated[bool | None, Query(description="是否逾期")] = None,
) -> list[EntryOut]:
    """Where every task stands, each year of a yearly task by itself (任务台账)."""
    programme = in_use(tx, catalog, actor, programme_id)
    names = {each.name for each in programme.units if unit in (each.name, each.now, each.written)}
    known = Ledger(tx).entries(programme.id)
    found = [
        _entry(task, period, known.get((task.id, period)), days)
        for task in programme.tasks
        for period in periods_of(task, programme)
        if unit is None or names.intersection(task.units)
    ]
    return [
        each
        for each in found
        if (state is None or each.state.code == state) and (overdue is None or each.overdue == overdue)
    ]


@router.get(
    "/tasks/{task_id}/periods/{period}",
    response_model=EntryDetail,
    responses=refusals(ProgrammeNotFound, TaskNotFound),
)
def get_ledger_entry(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    days: Calendar,
    programme_id: ProgrammeId,
    task_id: LineId,
    period: Period,
) -> EntryDetail:
    """One task in one period with its reports (任务办理情况)."""
    programme = in_use(tx, catalog, actor, programme_id)
    task = task_of(programme, task_id)
    require_period(task, programme, period)
    ledger = Ledger(tx)
    row = ledger.entries(programme.id).get((task.id, period))
    reports = ledger.reports(row.id) if row is not None else ()
    return EntryDetail(**_entry(task, period, row, days).model_dump(), reports=[_report(each) for each in reports])


@router.put(
    "/tasks/{task_id}/periods/{period}",
    response_model=EntryOut,
    responses=refusals(ProgrammeNotFound, TaskNotFound, TaskStateWrong, ProgrammeOutsideJurisdiction),
)
def put_task_deadline(
    actor: ProgrammeWriter,
    tx: Tx,
    catalog: Compiled,
    days: Calendar,
    programme_id: ProgrammeId,
    task_id: LineId,
    period: Period,
    body: DeadlineNew,
) -> EntryOut:
    """Set or move the day by a decision, as a day or as working days; most plans give none (设定时限)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    task = task_of(programme, task_id)
    due_on, basis = _due(body, days)
    return _entry(task, period, set_deadline(tx, programme, task, period, due_on, basis), days)


@router.post(
    "/tasks/{task_id}/periods/{period}/reports",
    status_code=201,
    response_model=ReportOut,
    responses=refusals(ProgrammeNotFound, TaskNotFound, TaskStateWrong, TaskUnitRefused, TaskReportRefused),
)
def post_task_report(
    actor: TaskReporter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    catalog: Compiled,
    programme_id: ProgrammeId,
    task_id: LineId,
    period: Period,
    body: ReportNew,
) -> ReportOut:
    """Report progress with evidence, as a unit that the plan names for the task (报送进展)."""
    programme = in_use(tx, catalog, actor, programme_id)
    task = task_of(programme, task_id)
    unit = unit_named(programme, task, body.unit)
    _require_own_unit(actor, programme, task, unit)
    _entry_row, row = report_task(
        tx,
        programme,
        task,
        period,
        unit=unit,
        progress=body.progress,
        evidence=body.evidence,
        completes=body.completes,
    )
    return _report(row)


@router.post(
    "/tasks/{task_id}/periods/{period}/reports/{report_id}/decision",
    response_model=EntryDetail,
    responses=refusals(
        ProgrammeNotFound,
        TaskNotFound,
        TaskReportNotFound,
        TaskStateWrong,
        TaskReportRefused,
        ProgrammeOutsideJurisdiction,
    ),
)
def post_report_decision(
    actor: ProgrammeWriter,
    tx: Tx,
    catalog: Compiled,
    days: Calendar,
    programme_id: ProgrammeId,
    task_id: LineId,
    period: Period,
    report_id: uuid.UUID,
    body: DecisionNew,
) -> EntryDetail:
    """Accept a report, which closes the task if it completes it, or return it with the reason (审核、销号、退回)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    task = task_of(programme, task_id)
    row, _report_row = decide_report(tx, programme, task, period, report_id, decision=body.decision, reason=body.reason)
    reports = [_report(each) for each in Ledger(tx).reports(row.id)]
    return EntryDetail(**_entry(task, period, row, days).model_dump(), reports=reports)


def _due(body: DeadlineNew, days: WorkingDays) -> tuple[dt.date, str]:
    if body.working_days is not None:
        return due_within(days, body.counted_from or clock.today(), body.working_days, body.basis)
    assert body.due_on is not None  # one of the two is there: see DeadlineNew
    return body.due_on, body.basis


def _require_own_unit(actor: Actor, programme: Programme, task: Task, unit: str) -> None:
    """A department reports for itself; officials may enter what a unit has sent on paper."""
    if actor.roles.intersection(OFFICIALS):
        return
    if actor.department is None or unit_named(programme, task, actor.department) != unit:
        raise TaskUnitRefused(f"您只能以本单位（{actor.department or '未登记'}）的名义报送，不能替“{unit}”报送")


def _entry(task: Task, period: int, row: TaskEntryRow | None, days: WorkingDays) -> EntryOut:
    due = due_of_task(task, period) if row is None else Due(row.due_on, row.due_basis)
    state = "open" if row is None else row.state
    open_until = due.on if state != "closed" else None
    late = 0 if open_until is None else (clock.today() - open_until).days
    left = None if open_until is None else days.between(clock.today(), open_until)
    return EntryOut(
        task_id=task.id,
        label=task.label,
        period=period,
        state=Coded(code=state, label=STATES[state]),
        units=list(task.units),
        due_on=due.on,
        due_basis=due.basis,
        overdue=late > 0,
        days_overdue=late if late > 0 else None,
        working_days_left=None if left is None else left.number,
        working_days_note=None if left is None else left.note or None,
        escalations=0 if row is None else row.escalations,
    )


def _report(row: TaskReportRow) -> ReportOut:
    return ReportOut(
        id=row.id,
        unit=row.unit,
        progress=row.progress,
        evidence=list(row.evidence),
        completes=row.completes,
        reported_at=row.reported_at,
        reported_by=row.reported_by,
        decision=None if row.decision is None else Coded(code=row.decision, label=DECISIONS[row.decision]),
        decision_reason=row.decision_reason,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
