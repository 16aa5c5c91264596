"""Merges an enterprise into another, or divides it: its file is closed, and those who carry on are named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from contracts.events.registry import EnterpriseMerged, EnterpriseSplit, SuccessorCard
from services.registry.domain.change_rules import MERGE
from services.registry.domain.ledger import of_record
from services.registry.domain.life_cycle import TRANSFER_IN, TRANSFER_OUT
from services.registry.domain.pool import PoolRules
from services.registry.domain.successions import DISSOLVED, require_sound_act
from services.registry.domain.titles import TITLES, act_key, state_on
from services.registry.store.change_requests import ChangeRequests
from services.registry.store.change_tables import ChangeRequestRow, SuccessionRow
from services.registry.store.history import Ended, keep_states
from services.registry.store.ledger import NotedAct, TitleActs
from services.registry.store.pool import PoolEntries, PoolProposals
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Titles, identity_of
from services.registry.store.search_index import forget_enterprise
from services.registry.store.successions import registered_among, titles_held_by
from services.registry.store.tables import EnterpriseRow, TitleRecordRow
from services.registry.use_cases.announce import Announcement, announce, card_of
from services.registry.use_cases.keep_pool import Exit, leave_pool
from services.registry.use_cases.lapse_request import lapse
from services.registry.use_cases.record_title import announce_title
from services.registry.use_cases.update_enterprise import announce_update

LEFT_BECAUSE = "struck_off"


def check_act(tx: Transaction, uscc: str, act: str, details: Mapping[str, Any], effective_on: dt.date | None) -> None:
    """Raise ChangeRequestInvalid unless the merger or division can be done as things stand."""
    codes = list(details["successors"])
    require_sound_act(
        act,
        details,
        uscc=uscc,
        known=registered_among(tx, codes),
        titles=Titles(tx).list_of(uscc),
        held_by=titles_held_by(tx, codes),
        effective_on=effective_on,
    )


def succeed(tx: Transaction, request: ChangeRequestRow, *, rules: PoolRules, by: str, document: str) -> EnterpriseRow:
    """Carry out an approved merger or division; all enterprises of it are locked, in the order of their codes.

    Emits TitleRecorded for every title that goes on (it ends here and begins there), PoolLeft, EnterpriseMerged or
    EnterpriseSplit for the one that was merged or divided, EnterpriseUpdated for those who carry on.
    """
    details = request.act or {}
    check_act(tx, request.uscc, request.kind, details, request.effective_on)
    effective_on = request.effective_on or clock.today()
    row = Enterprises(tx).get_for_update(request.uscc)
    successors = {code: Enterprises(tx).get_for_update(code) for code in sorted(details["successors"])}
    for wanted in details["titles"]:
        _transfer(tx, row, successors[wanted["successor"]], wanted, effective_on)
    now = clock.now()
    for code in successors:
        tx.session.add(
            SuccessionRow(
                id=ids.new_id(),
                kind=request.kind,
                predecessor=row.uscc,
                successor=code,
                continues=details["continues"],
                effective_on=effective_on,
                document=document,
                request_id=request.id,
                recorded_by=by,
                recorded_at=now,
            )
        )
    if not details["continues"]:
        _close(tx, row, request, list(successors), rules, by, effective_on)
    _announce(tx, row, request, list(successors.values()), effective_on, document)
    for successor in successors.values():
        announce_update(tx, successor, identity_of(successor), ("predecessors",))
    told = {"kind": request.kind, "successors": list(successors), "continues": details["continues"]}
    tx.audit("enterprise-succeeded", row.uscc, {**told, "document": document})
    return row


def _close(
    tx: Transaction,
    row: EnterpriseRow,
    request: ChangeRequestRow,
    successors: list[str],
    rules: PoolRules,
    by: str,
    effective_on: dt.date,
) -> None:
    """Let it leave every pool, put its open matters aside, and close its file."""
    why = f"企业{'合并' if request.kind == MERGE else '分立'}，由 {'、'.join(successors)} 承继"
    for pool in rules.pools:
        if present := PoolEntries(tx).present(row.uscc, pool):
            on = max(present.entered_on, min(effective_on, clock.today()))
            leave_pool(tx, row, pool, Exit(code=LEFT_BECAUSE, reason=why, on=on), rules)
    PoolProposals(tx).withdraw_all(row.uscc, why)
    for other in ChangeRequests(tx).open_of(row.uscc):
        if other.id != request.id:
            lapse(tx, other, why)
    if row.status != DISSOLVED:
        ended = Ended(row.uscc, row.version + 1, ("status",))
        keep_states(tx, [ended], at=clock.now(), by=by, request_id=request.id)
    row.status, row.dissolved_into = DISSOLVED, successors
    tx.session.flush()
    forget_enterprise(tx, row.uscc)


def _announce(
    tx: Transaction,
    row: EnterpriseRow,
    request: ChangeRequestRow,
    successors: list[EnterpriseRow],
    effective_on: dt.date,
    document: str,
) -> None:
    row.version += 1
    row.changed_at = clock.now()
    card = card_of(row.uscc, identity_of(row), row.size_class, reference(tx))
    carrying = tuple(SuccessorCard(uscc=each.uscc, name=each.name) for each in successors)
    event: EnterpriseMerged | EnterpriseSplit
    if request.kind == MERGE:
        event = EnterpriseMerged(
            uscc=row.uscc,
            version=row.version,
            successor=carrying[0],
            effective_on=effective_on,
            document=document,
            enterprise=card,
        )
    else:
        event = EnterpriseSplit(
            uscc=row.uscc,
            version=row.version,
            successors=carrying,
            continues=(request.act or {})["continues"],
            effective_on=effective_on,
            document=document,
            enterprise=card,
        )
    changed = ("successors",) if row.dissolved_into is None else ("status", "successors")
    announce(tx, Announcement(event, changed, row.district_code))


def _transfer(
    tx: Transaction, row: EnterpriseRow, successor: EnterpriseRow, wanted: Mapping[str, Any], effective_on: dt.date
) -> None:
    """End one title on the day before, and enter it for the successor by the document that says so.

    A record of its own: ids of the ledger belong to one enterprise, and versions of two are not comparable.
    """
    titles, today = Titles(tx), clock.today()
    record = next(each for each in titles.list_of(row.uscc) if str(each.id) == wanted["title_id"])
    documents = {name: wanted.get(name) for name in ("document_number", "decision_reference")}
    ends, state, outcome = record.valid_to, record.state, record.review_outcome
    before = of_record(record)
    last = effective_on - dt.timedelta(days=1)
    record.valid_to, record.state = min(last, ends) if ends else last, "expired"
    out = {**documents, "reason": f"由 {successor.uscc} {successor.name} 承继"}
    TitleActs(tx).note(NotedAct(record=record, before=before, act=TRANSFER_OUT, acted_on=effective_on, **out))
    announce_title(tx, row, record, before=before)
    passed = titles.add(
        TitleRecordRow(
            id=ids.new_id(),
            uscc=successor.uscc,
            title=record.title,
            act_key=act_key(record.batch, documents["document_number"] or documents["decision_reference"] or ""),
            batch=record.batch,
            issued_by=record.issued_by,
            announced_on=effective_on,
            valid_from=effective_on,
            valid_to=ends,
            state=state_on(state, ends, today),
            review_outcome=outcome,
            source="recorded",
            recorded_by=tx.context.actor,
            recorded_at=clock.now(),
            **documents,
        )
    )
    into = {**documents, "reason": f"承继 {row.uscc} {row.name} 的“{TITLES[record.title]}”"}
    TitleActs(tx).note(NotedAct(record=passed, before=None, act=TRANSFER_IN, acted_on=effective_on, **into))
    announce_title(tx, successor, passed)
