"""Programmes as answers."""

from __future__ import annotations

import datetime as dt

from services.registry.api.programme_schemas import (
    ConflictOut,
    DeadlineOut,
    DocumentOut,
    OrderOut,
    PeriodOut,
    ProgrammeOut,
    ProgrammeSummary,
    QuotationOut,
    ReadingOut,
    TaskOut,
    UnitOut,
)
from services.registry.api.schemas import Coded
from services.registry.domain.programmes.model import (
    DEADLINES,
    MEMBERS,
    ORDERS,
    PARTS,
    Conflict,
    Deadline,
    Programme,
    Quotation,
    Task,
)
from services.registry.store.programme_tables import ProgrammeRow
from services.registry.store.reference import Reference
from services.registry.use_cases.programmes.keep import STATES

RUNNING, OVER = Coded(code="running", label="执行中"), Coded(code="over", label="已到期，待确认是否延续")
REMARK = "数量目标是本方案自己的承诺；现行国家办法不层层设定培育数量指标，不作为国家办法的要求（A-33）"


def quotation_out(quotation: Quotation) -> QuotationOut:
    return QuotationOut(lines=str(quotation.lines), text=quotation.text)


def summary(programme: Programme, row: ProgrammeRow, known: Reference, today: dt.date) -> ProgrammeSummary:
    return ProgrammeSummary(**_summary(programme, row, known, today))


def programme_out(programme: Programme, row: ProgrammeRow, known: Reference, today: dt.date) -> ProgrammeOut:
    paper, period = programme.paper, programme.period
    return ProgrammeOut(
        **_summary(programme, row, known, today),
        document=DocumentOut(
            name=paper.name,
            number=paper.number,
            issuer=paper.issuer,
            issued_on=paper.issued_on,
            copy_read=paper.copy,
        ),
        area_note=programme.area_note,
        members=Coded(code=programme.members, label=MEMBERS[programme.members]),
        period=PeriodOut(
            start=period.start, end=period.end, quotation=quotation_out(period.quotation), note=period.note
        ),
        orders=[
            OrderOut(
                kind=Coded(code=each.kind, label=ORDERS[each.kind]),
                label=each.label,
                quotation=quotation_out(each.quotation),
            )
            for each in programme.orders
        ],
        units=[
            UnitOut(
                name=each.name,
                written=each.written or None,
                now=each.now or None,
                evidence=each.evidence or None,
            )
            for each in programme.units
        ],
        conflicts=[conflict_out(each) for each in programme.conflicts],
        remark=REMARK,
    )


def conflict_out(conflict: Conflict) -> ConflictOut:
    return ConflictOut(
        id=conflict.id,
        decision=conflict.decision,
        about=list(conflict.about),
        question=conflict.question,
        readings=[
            ReadingOut(
                source=each.source,
                quotation=None if each.quotation is None else quotation_out(each.quotation),
                gist=each.gist or None,
                evidence=each.evidence,
                says=each.says,
            )
            for each in conflict.readings
        ],
        used=conflict.used,
        because=conflict.because,
    )


def task_out(programme: Programme, task: Task) -> TaskOut:
    return TaskOut(
        id=task.id,
        item=task.item,
        part=Coded(code=task.part, label=PARTS[task.part]),
        section=task.section,
        label=task.label,
        wording=quotation_out(task.wording),
        units_quote=task.units_quote or None,
        lead=list(task.lead),
        cooperating=list(task.cooperating),
        responsible=list(task.responsible),
        also_responsible=list(task.also),
        deadline=deadline_out(task.deadline),
        note=task.note,
        targets=[each.id for each in programme.targets if task.id in each.tasks],
        conflicts=[conflict_out(each) for each in programme.conflicts_about(task.id)],
    )


def deadline_out(deadline: Deadline) -> DeadlineOut:
    every = None if deadline.month_day is None else "{:02d}-{:02d}".format(*deadline.month_day)
    return DeadlineOut(
        kind=Coded(code=deadline.kind, label=DEADLINES[deadline.kind]),
        on=deadline.on,
        every=every,
        quote=deadline.quote or None,
        event=deadline.event or None,
    )


def _summary(programme: Programme, row: ProgrammeRow, known: Reference, today: dt.date) -> dict[str, object]:
    return {
        "id": programme.id,
        "sha256": row.hash,
        "label": programme.label,
        "areas": [Coded(code=area, label=known.places.name_of(area.ljust(6, "0")) or area) for area in programme.areas],
        "standing": OVER if programme.over(today) else RUNNING,
        "state": Coded(code=row.state, label=STATES[row.state]),
        "period_start": programme.period.start,
        "period_end": programme.period.end,
        "targets": len(programme.targets),
        "tasks": len(programme.tasks),
        "stored_at": row.stored_at,
        "activated_at": row.activated_at,
    }
