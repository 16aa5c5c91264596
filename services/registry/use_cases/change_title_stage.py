"""Takes a title from one stage of its life to the next, by an official document."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.errors import TitleAlreadyRecorded
from services.registry.domain.ledger import StatedAct, of_record, require_possible, require_sound_act
from services.registry.domain.life_cycle import STAGES, LifeCycles, outcome_after
from services.registry.domain.titles import TITLES, act_key, state_on
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.repositories import Enterprises, Titles
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.record_title import announce_title


def change_title_stage(
    tx: Transaction, uscc: str, title_id: uuid.UUID, stated: StatedAct, *, life_cycles: LifeCycles, may: Admission
) -> tuple[EnterpriseRow, TitleRecordRow]:
    """Recognise what was publicized, open a review, or say how it ended. Emits TitleRecorded, or TitleRenewed.

    A title under review stays held (复核中). A passed review moves the end of the same record on; a failed one ends it
    on the day of the decision, or on an earlier last day of validity.
    """
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    record = Titles(tx).get(uscc, title_id)
    cycle, today = life_cycles.of(record.title), clock.today()
    stage = life_cycles.stage(record.title, record.state, record.review_outcome, record.cancelled_kind)
    target = require_possible(cycle, stage, stated.act)
    require_sound_act(stated, today=today, begins=record.valid_from, ends=record.valid_to, cycle=cycle)
    before = of_record(record)
    record.review_outcome = outcome_after(stated.act, record.review_outcome)
    if stated.act == "recognise":
        _recognise(tx, record, stated)
    elif stated.act == "pass_review":
        record.valid_to = stated.valid_to
    elif stated.act == "fail_review":
        known = [day for day in (record.valid_to, stated.on) if day is not None]
        record.valid_to = stated.valid_to or min(known)
    record.state = state_on(STAGES[target][1], record.valid_to, today)
    TitleActs(tx).note(
        NotedAct(
            record=record,
            before=before,
            act=stated.act,
            acted_on=stated.on,
            document_number=stated.document_number,
            decision_reference=stated.decision_reference,
            reason=stated.reason,
        )
    )
    announce_title(tx, row, record, before=before)
    return row, record


def _recognise(tx: Transaction, record: TitleRecordRow, stated: StatedAct) -> None:
    """The document of the recognition takes the place of that of the publication, and with it the act's key."""
    key = act_key(record.batch, stated.document_number or stated.decision_reference or "")
    begins = stated.valid_from or record.valid_from
    for other in Titles(tx).list_of(record.uscc):
        if other is not record and (other.title, other.act_key, other.valid_from) == (record.title, key, begins):
            message = f"称号台账中已有按该文件登记的“{TITLES[record.title]}”，请核对，或把本条公示记录作为登记有误撤回"
            raise TitleAlreadyRecorded(message, title_id=str(other.id))
    record.act_key, record.announced_on, record.valid_from = key, stated.on, begins
    record.document_number, record.decision_reference = stated.document_number, stated.decision_reference
    record.valid_to = stated.valid_to or record.valid_to
