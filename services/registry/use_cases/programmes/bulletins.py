"""Bulletins (通报) and published rankings: draft → submitted (审签) → approved → issued (印发)."""

from __future__ import annotations

import uuid
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.programmes.attainment import STATUSES
from services.registry.domain.programmes.errors import BulletinStateWrong
from services.registry.domain.programmes.ledger import due_of_task, periods_of
from services.registry.domain.programmes.model import Programme
from services.registry.domain.programmes.report import Report, Section, Table
from services.registry.domain.programmes.scoring import Placed
from services.registry.store.programme_bulletins import Bulletins
from services.registry.store.programme_ledger import Ledger
from services.registry.store.programme_tables import BulletinRow
from services.registry.use_cases.programmes.evaluate import stand_all
from services.registry.use_cases.programmes.rank import RANKED, ranking, require_order
from services.registry.use_cases.programmes.report import wanted_words

STATES = {"draft": "起草", "submitted": "审签中", "approved": "已审签", "issued": "已印发"}
STEPS = {"submit": ("draft", "submitted"), "approve": ("submitted", "approved"), "return": ("submitted", "draft")}
"""Step → from which state to which."""


def draft_bulletin(
    tx: Transaction, programme: Programme, *, kind: str, subject: str, text: str, year: int, assignees: str
) -> BulletinRow:
    """Draft with the figures of this moment; an issued bulletin never changes with them."""
    require_order(programme, kind)
    row = BulletinRow(
        id=ids.new_id(),
        programme_id=programme.id,
        kind=kind,
        subject=subject,
        text=text,
        content=_content(tx, programme, kind, year, assignees),
        state="draft",
        steps=[_step(tx, "draft")],
        drafted_at=clock.now(),
    )
    Bulletins(tx).add(row)
    tx.audit("bulletin-drafted", programme.id, {"bulletin": str(row.id), "kind": kind})
    return row


def move_bulletin(
    tx: Transaction, programme: Programme, bulletin_id: uuid.UUID, step: str, reason: str | None
) -> BulletinRow:
    """Submit, approve or return. Whoever drafted it does not approve it."""
    row = Bulletins(tx).get_for_update(programme.id, bulletin_id)
    before, after = STEPS[step]
    _require(row, before)
    if step == "return" and not reason:
        raise BulletinStateWrong("退回要写明原因，请填写修改意见")
    if step == "approve" and row.steps[0]["by"] == tx.context.actor:
        raise BulletinStateWrong("审签人不能是起草人，请由另一位负责人审签")
    row.state = after
    row.steps = [*row.steps, _step(tx, step, reason)]
    tx.audit(f"bulletin-{after}", programme.id, {"bulletin": str(row.id)})
    return row


def issue_bulletin(tx: Transaction, programme: Programme, bulletin_id: uuid.UUID, document_number: str) -> BulletinRow:
    """Issue an approved bulletin under its number."""
    row = Bulletins(tx).get_for_update(programme.id, bulletin_id)
    _require(row, "approved")
    row.state, row.document_number = "issued", document_number
    row.steps = [*row.steps, _step(tx, "issue")]
    tx.audit("bulletin-issued", programme.id, {"bulletin": str(row.id), "document": document_number})
    return row


def as_report(programme: Programme, row: BulletinRow) -> Report:
    """The bulletin as sections, from what was kept when it was drafted."""
    content = row.content
    sections = [Section("正文", tuple(row.text.split("\n")))]
    if content["ranking"]:
        rows = tuple(
            (str(each["place"] or "—"), each["name"], each["total"] or each["missing"]) for each in content["ranking"]
        )
        sections.append(Section("排名", (), (Table(("名次", "地区或单位", "得分"), (0.6, 2, 3), rows),)))
    columns = ("编号", "目标", "目标数", "完成数", "状态")
    targets = tuple(
        (each["id"], each["label"], each["wanted"], each["attained"], each["status"]) for each in content["targets"]
    )
    sections.append(Section("目标完成情况", (), (Table(columns, (0.8, 2.4, 1.4, 1, 1), targets),)))
    if content["overdue"]:
        late = tuple((each["item"], each["label"], each["units"], each["due_on"]) for each in content["overdue"])
        sections.append(Section("逾期任务", (), (Table(("序号", "任务", "责任单位", "时限"), (0.8, 2, 2.6, 1), late),)))
    number = row.document_number or f"{STATES[row.state]}稿，未印发"
    return Report(row.subject, programme.label, tuple(sections), f"{number}；数据截至 {content['as_of']}")


def _require(row: BulletinRow, state: str) -> None:
    if row.state != state:
        raise BulletinStateWrong(f"这份通报现为“{STATES[row.state]}”，只有“{STATES[state]}”的可以这样办理")


def _step(tx: Transaction, step: str, reason: str | None = None) -> dict[str, str]:
    return {"step": step, "by": tx.context.actor, "at": clock.now().isoformat(), "reason": reason or ""}


def _content(tx: Transaction, programme: Programme, kind: str, year: int, assignees: str) -> dict[str, Any]:
    today = clock.today()
    order = require_order(programme, kind)
    entries = Ledger(tx).entries(programme.id)
    overdue = []
    for task in programme.tasks:
        for period in periods_of(task, programme):
            entry = entries.get((task.id, period))
            due = entry.due_on if entry is not None else due_of_task(task, period).on
            if due is not None and due < today and (entry is None or entry.state != "closed"):
                said = "、".join(task.units)
                overdue.append({"item": task.item, "label": task.label, "units": said, "due_on": str(due)})
    return {
        "as_of": str(today),
        "order": {"label": order.label, "lines": str(order.quotation.lines), "quote": order.quotation.text},
        "targets": [
            {
                "id": each.target.id,
                "label": each.target.label,
                "wanted": wanted_words(each.target),
                "attained": each.attained.missing if each.attained.value is None else str(each.attained.value),
                "status": STATUSES[each.status],
            }
            for each in stand_all(tx, programme, programme.targets, today)
        ],
        "overdue": overdue,
        "ranking": _ranked(ranking(tx, programme, year, assignees)) if kind in RANKED else [],
    }


def _ranked(found: list[Placed]) -> list[dict[str, Any]]:
    return [
        {
            "place": each.place,
            "assignee": each.card.assignee,
            "name": each.card.name,
            "total": None if each.card.total is None else str(each.card.total),
            "missing": each.card.missing,
        }
        for each in found
    ]
