"""Enters an official act into the title ledger, or corrects the record of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from contracts.events.registry import TitleCancelled, TitleRecorded, TitleRenewed
from services.registry.domain.acts import Act, columns_of_act
from services.registry.domain.admission import Admission
from services.registry.domain.errors import TitleAlreadyCancelled, TitleAlreadyRecorded
from services.registry.domain.ledger import of_record
from services.registry.domain.life_cycle import IN_ERROR, PASSED
from services.registry.domain.titles import STATES, TITLES, match_act
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Titles, identity_of
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.announce import Announcement, announce, card_of, title_card_of


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
        _note(tx, record, None, "record")
        announce_title(tx, row, record)
        return row, record, True
    if record.state == "cancelled" and record.cancelled_kind != IN_ERROR:
        raise TitleAlreadyCancelled(f"这条“{TITLES[act.title]}”已于 {record.cancelled_on or '此前'} 取消，不能重新登记")
    changed = [name for name, value in values.items() if getattr(record, name) != value]
    if not changed:
        label = f"“{TITLES[act.title]}”（{STATES[record.state]}）"
        raise TitleAlreadyRecorded(f"称号台账中已有这条{label}记录，无需重复登记", title_id=str(record.id))
    before = of_record(record)
    for name in changed:
        setattr(record, name, values[name])
    if record.state != "cancelled":
        record.cancelled_kind = record.cancelled_reason = record.cancelled_on = record.reapply_ban = None
        record.banned_until = None
    _note(tx, record, before, "correct")
    announce_title(tx, row, record, before=before)
    return row, record, False


def _note(tx: Transaction, record: TitleRecordRow, before: Mapping[str, Any] | None, act: str) -> None:
    TitleActs(tx).note(
        NotedAct(
            record=record,
            before=before,
            act=act,
            acted_on=record.announced_on,
            document_number=record.document_number,
            decision_reference=record.decision_reference,
        )
    )


def announce_title(
    tx: Transaction, row: EnterpriseRow, record: TitleRecordRow, *, before: Mapping[str, Any] | None = None
) -> None:
    """Move the enterprise's version on and emit what `title_event` makes of the record; `before`: as it stood."""
    row.version += 1
    row.changed_at = clock.now()
    card = card_of(row.uscc, identity_of(row), row.size_class, reference(tx))
    event = title_event(record, row.version, card, before=before)
    announce(tx, Announcement(event, ("titles",), row.district_code))
    action = "title-cancelled" if isinstance(event, TitleCancelled) else "title-recorded"
    details = {"title": record.title, "title_id": str(record.id), "state": record.state}
    tx.audit(action, row.uscc, {**details, "document": record.document_number or record.decision_reference})


def title_event(
    record: TitleRecordRow | Any, version: int, card: Any, *, before: Mapping[str, Any] | None = None
) -> TitleRecorded | TitleRenewed | TitleCancelled:
    """What the ledger tells of a record as it now stands; `before` tells a passed review from a correction."""
    if record.state == "cancelled":
        reason = record.cancelled_reason or "名单公布取消"
        return TitleCancelled(
            uscc=record.uscc, version=version, record=title_card_of(record), enterprise=card, reason=reason
        )
    told = title_card_of(record)
    passed = record.state == "valid" and record.review_outcome == PASSED
    if before and passed and (before["state"], before["review_outcome"]) != ("valid", PASSED):
        ends = before["valid_to"]
        return TitleRenewed(uscc=record.uscc, version=version, record=told, enterprise=card, previous_valid_to=ends)
    return TitleRecorded(uscc=record.uscc, version=version, record=told, enterprise=card)
