"""Cancels a record of the title ledger."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.errors import TitleAlreadyCancelled
from services.registry.domain.ledger import of_record
from services.registry.domain.life_cycle import IN_ERROR, LifeCycles
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.repositories import Enterprises, Titles
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.record_title import announce_title


def cancel_title(
    tx: Transaction,
    uscc: str,
    title_id: uuid.UUID,
    *,
    kind: str,
    reason: str,
    cancelled_on: dt.date,
    reapply_ban: bool | None,
    document_number: str | None = None,
    decision_reference: str | None = None,
    life_cycles: LifeCycles,
    may: Admission,
) -> tuple[EnterpriseRow, TitleRecordRow]:
    """Cancel a title (`kind` cancelled) or take back what was recorded in error. Emits TitleCancelled.

    `cancelled_on` is the day of the decision: years of a ban count from it.
    `reapply_ban` says whether the decision forbids a new application for years (63号 第十六条); null is not known. What
    was recorded in error bans nobody. How long a ban lasts at the least is a provision of the title.
    """
    row = Enterprises(tx).lock(uscc)  # also of an enterprise that was merged: its titles may have stayed with it
    may.to_enterprise(uscc, row.district_code, row.version)
    record = Titles(tx).get(uscc, title_id)
    if record.state == "cancelled":
        raise TitleAlreadyCancelled(f"这条称号记录已于 {record.cancelled_on or '此前'} 取消，无需再次取消")
    before = of_record(record)
    record.state = "cancelled"
    record.reapply_ban = False if kind == IN_ERROR else reapply_ban
    record.banned_until = life_cycles.of(record.title).banned_until(cancelled_on) if record.reapply_ban else None
    record.cancelled_kind, record.cancelled_reason, record.cancelled_on = kind, reason, cancelled_on
    TitleActs(tx).note(
        NotedAct(
            record=record,
            before=before,
            act="take_back" if kind == IN_ERROR else "cancel",
            acted_on=cancelled_on,
            document_number=document_number,
            decision_reference=decision_reference,
            reason=reason,
        )
    )
    announce_title(tx, row, record)
    return row, record
