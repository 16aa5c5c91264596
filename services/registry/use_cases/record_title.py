"""Enters an official act into the title ledger, or corrects the record of one."""

from __future__ import annotations

from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from contracts.events.registry import TitleCancelled, TitleRecorded
from services.registry.domain.acts import Act, columns_of_act
from services.registry.domain.admission import Admission
from services.registry.domain.errors import TitleAlreadyCancelled, TitleAlreadyRecorded
from services.registry.domain.titles import STATES, TITLES, match_act
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Titles, identity_of
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.announce import Announcement, announce, card_of, title_card_of

IN_ERROR = "recorded_in_error"


def record_title(tx: Transaction, uscc: str, act: Act, *, may: Admission) -> tuple[EnterpriseRow, TitleRecordRow, bool]:
    """Record an act; the same act stated otherwise corrects its record. True when it is new. Emits TitleRecorded.

    What was cancelled stays so; what was recorded in error may be recorded again.
    """
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    titles = Titles(tx)
    known = ((each.act_key, each.valid_from, each) for each in titles.list_of(uscc) if each.title == act.title)
    record = match_act(known, act.key, act.valid_from)
    values = columns_of_act(act, clock.today())
    if record is None:
        stamp = {"source": "recorded", "recorded_by": tx.context.actor, "recorded_at": clock.now()}
        record = titles.add(TitleRecordRow(id=ids.new_id(), uscc=uscc, **values, **stamp))
        announce_title(tx, row, record)
        return row, record, True
    if record.state == "cancelled" and record.cancelled_kind != IN_ERROR:
        raise TitleAlreadyCancelled(f"这条“{TITLES[act.title]}”已于 {record.cancelled_on or '此前'} 取消，不能重新登记")
    changed = [name for name, value in values.items() if getattr(record, name) != value]
    if not changed:
        label = f"“{TITLES[act.title]}”（{STATES[record.state]}）"
        raise TitleAlreadyRecorded(f"称号台账中已有这条{label}记录，无需重复登记", title_id=str(record.id))
    for name in changed:
        setattr(record, name, values[name])
    if record.state != "cancelled":
        record.cancelled_kind = record.cancelled_reason = record.cancelled_on = record.reapply_ban = None
    announce_title(tx, row, record)
    return row, record, False


def announce_title(tx: Transaction, row: EnterpriseRow, record: TitleRecordRow) -> None:
    """Move the enterprise's version on and emit TitleRecorded, or TitleCancelled for a cancelled record."""
    row.version += 1
    row.changed_at = clock.now()
    card = card_of(row.uscc, identity_of(row), row.size_class, reference(tx))
    event = title_event(record, row.version, card)
    announce(tx, Announcement(event, ("titles",), row.district_code))
    action = "title-cancelled" if isinstance(event, TitleCancelled) else "title-recorded"
    details = {"title": record.title, "title_id": str(record.id), "state": record.state}
    tx.audit(action, row.uscc, {**details, "document": record.document_number or record.decision_reference})


def title_event(record: TitleRecordRow | Any, version: int, card: Any) -> TitleRecorded | TitleCancelled:
    """What the ledger tells the others of a record as it now stands."""
    if record.state == "cancelled":
        reason = record.cancelled_reason or "名单公布取消"
        return TitleCancelled(
            uscc=record.uscc, version=version, record=title_card_of(record), enterprise=card, reason=reason
        )
    return TitleRecorded(uscc=record.uscc, version=version, record=title_card_of(record), enterprise=card)
