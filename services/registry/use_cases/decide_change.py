"""Approves, rejects or withdraws a change request."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.admission import Party
from services.registry.domain.change_requests import Moved, moved_since
from services.registry.domain.change_rules import HOLDING, MERGE, SIDES, SPLIT, STATES, ChangeRules, decided_by_another
from services.registry.domain.file_errors import (
    ChangeRequestConflict,
    ChangeRequestDecided,
    ChangeRequestNotFound,
    NotTheAsker,
    OtherSideDecides,
    SecondPersonNeeded,
)
from services.registry.domain.past import LABELS
from services.registry.store.change_requests import ELSEWHERE, ChangeRequests
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.apply_change import Tools, apply_change


def approve_change(
    tx: Transaction,
    request_id: uuid.UUID,
    *,
    reason: str | None,
    confirmed: Sequence[str],
    rules: ChangeRules,
    tools: Tools,
    party: Party,
) -> ChangeRequestRow:
    """Agree for the sides that the official answers for; with the last of them the change is made.

    `confirmed` are the fields whose newer values the official knows and replaces: exactly those that conflict.
    """
    request, row = _open(tx, request_id, party)
    _ask_again(request, row)
    act = request.kind if request.kind in (MERGE, SPLIT) else None
    if decided_by_another(rules.of(request.fields, act)) and party.subject == request.requested_by:
        raise SecondPersonNeeded("这项变更须由提出人以外的工作人员审批，请转交同事办理")
    _require_known(moved_since(request.base, request.wanted, identity_of(row)), confirmed)
    given = {side for side, places in request.sides.items() if party.answers_for_all(places)}
    if not given - set(request.consents):
        waiting = "、".join(SIDES[side] for side in request.sides if side not in request.consents)
        raise OtherSideDecides(f"这项变更还须由{waiting}的工作人员同意，您不管辖该地")
    stamp = {"by": party.subject, "at": clock.now().isoformat()}
    request.consents = {**dict.fromkeys(given, stamp), **request.consents}
    request.confirmed = sorted(confirmed)
    if set(request.consents) == set(request.sides):
        apply_change(tx, request, tools, by=party.subject, reason=reason)
    else:
        sides = {"request_id": str(request.id), "sides": sorted(given), "reason": reason}
        tx.audit("change-agreed", request.uscc, sides)
    return request


def reject_change(tx: Transaction, request_id: uuid.UUID, *, reason: str, party: Party) -> ChangeRequestRow:
    """Turn a request down, with the reason that the asker reads."""
    request, _ = _open(tx, request_id, party)
    _end(tx, request, "rejected", party, reason)
    return request


def withdraw_change(tx: Transaction, request_id: uuid.UUID, *, reason: str | None, party: Party) -> ChangeRequestRow:
    """Take a request back: who asked may, and for an enterprise's request the enterprise itself."""
    request, _ = _open(tx, request_id, party)
    if party.official and party.subject != request.requested_by:
        raise NotTheAsker("只有提出人可以撤回变更申请；如不同意，请驳回")
    _end(tx, request, "withdrawn", party, reason)
    return request


def sees(request: ChangeRequestRow, row: EnterpriseRow, party: Party) -> bool:
    """Whether the request is any of the party's business: where the enterprise is, or where it goes."""
    if not party.official:
        return party.uscc == request.uscc
    return party.answers_for(row.district_code) or any(party.answers_for(place) for place in request.receiving)


def _open(tx: Transaction, request_id: uuid.UUID, party: Party) -> tuple[ChangeRequestRow, EnterpriseRow]:
    """The request with its enterprise locked, so that both stay as they are looked at."""
    requests = ChangeRequests(tx)
    request = requests.get(request_id)
    # Whoever carries it on too, in the order of codes, as every other lock; who they are never changes.
    locked = {
        code: Enterprises(tx).lock(code) for code in sorted({request.uscc, *(request.act or {}).get("successors", ())})
    }
    row = locked[request.uscc]
    tx.session.refresh(request)
    if not sees(request, row, party):
        raise ChangeRequestNotFound(ELSEWHERE)
    if request.state != "open":
        when = request.decided_at.astimezone(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M") if request.decided_at else ""
        message = f"这项变更申请{STATES[request.state]}（{when}），不能再办理"
        raise ChangeRequestDecided(message, state=request.state)
    return request, row


def _ask_again(request: ChangeRequestRow, row: EnterpriseRow) -> None:
    """Where the enterprise came under another area since (by a list), it is that area's officials who agree."""
    now = [row.district_code]
    if request.sides.get(HOLDING, now) != now:
        request.sides = {**request.sides, HOLDING: now}
        request.consents = {side: given for side, given in request.consents.items() if side != HOLDING}


def _require_known(moved: Sequence[Moved], confirmed: Sequence[str]) -> None:
    unknown = [each for each in moved if each.field not in confirmed]
    if not unknown and {each.field for each in moved} == set(confirmed):
        return
    if not unknown:
        known = {each.field for each in moved}
        message = "、".join(LABELS.get(each, each) for each in confirmed if each not in known)
        raise ChangeRequestConflict(f"“{message}”没有冲突，无需确认；请去掉 confirm 中的这些字段", conflicts=[])
    told = "；".join(
        f"“{LABELS[each.field]}”申请时为 {_said(each.base)}，现为 {_said(each.present)}，申请改为 {_said(each.wanted)}"
        for each in unknown
    )
    conflicts = [
        {"field": each.field, "base": each.base, "present": each.present, "wanted": each.wanted} for each in unknown
    ]
    message = f"申请提出后档案已有变化：{told}。请核对；仍要按申请修改的，在 confirm 中写明这些字段，否则请驳回"
    raise ChangeRequestConflict(message, conflicts=conflicts)


def _said(value: object) -> str:
    return "空" if value in (None, []) else f"“{value}”"


def _end(tx: Transaction, request: ChangeRequestRow, state: str, party: Party, reason: str | None) -> None:
    request.state, request.decided_by, request.decided_at = state, party.subject, clock.now()
    request.decision_reason = reason
    tx.audit(f"change-{state}", request.uscc, {"request_id": str(request.id), "reason": reason})
