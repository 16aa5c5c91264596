"""Change requests and their rules as answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis.db import Transaction
from services.registry.api.change_request_schemas import (
    ChangeGroundOut,
    ChangePreviewOut,
    ChangeRequestFileOut,
    ChangeRequestOut,
    ChangeRuleOut,
    ChangeRulesOut,
    ConsequenceOut,
    SideOut,
    SuccessionAskedOut,
    WantedFieldOut,
)
from services.registry.api.schemas import Coded
from services.registry.domain.admission import Party
from services.registry.domain.change_requests import ACT_LABELS, moved_since, stored
from services.registry.domain.change_rules import (
    ASKERS,
    DECIDERS,
    EVIDENCE,
    KINDS,
    MERGE,
    SIDES,
    SPLIT,
    STATES,
    ChangeRule,
    ChangeRules,
    decided_by_another,
)
from services.registry.domain.past import LABELS
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.store.repositories import identity_of
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.apply_change import Tools
from services.registry.use_cases.preview_change import consequences
from services.registry.use_cases.request_change import Drafted


def preview_out(
    tx: Transaction, row: EnterpriseRow, drafted: Drafted, tools: Tools, party: Party, effective_on: dt.date | None
) -> ChangePreviewOut:
    act = drafted.kind if drafted.kind in (MERGE, SPLIT) else None
    alone = party.official and not decided_by_another(drafted.rules)
    return ChangePreviewOut(
        kind=Coded(code=drafted.kind, label=KINDS[drafted.kind]),
        fields=_fields(drafted.base, drafted.wanted, drafted.base, ()),
        rules=[rule_out(rule) for rule in drafted.rules],
        sides=_sides(drafted.sides, {}),
        at_once=alone and all(party.answers_for_all(places) for places in drafted.sides.values()),
        consequences=_consequences(tx, row, drafted.wanted, tools, act, effective_on),
    )


def request_out(request: ChangeRequestRow, row: EnterpriseRow) -> ChangeRequestOut:
    return ChangeRequestOut(**_request(request, row))


def request_file(tx: Transaction, request: ChangeRequestRow, row: EnterpriseRow, tools: Tools) -> ChangeRequestFileOut:
    act = request.kind if request.kind in (MERGE, SPLIT) else None
    follows = (
        _consequences(tx, row, request.wanted, tools, act, request.effective_on) if request.state == "open" else []
    )
    return ChangeRequestFileOut(**_request(request, row), consequences=follows)


def rules_out(rules: ChangeRules) -> ChangeRulesOut:
    return ChangeRulesOut(
        edition=rules.edition,
        sha256=rules.sha256,
        fields=[rule_out(rule) for rule in rules.fields.values()],
        acts=[rule_out(rule) for rule in rules.acts.values()],
    )


def rule_out(rule: ChangeRule) -> ChangeRuleOut:
    ground = rule.source and ChangeGroundOut(
        number=rule.source.number,
        name=rule.source.name,
        issuer=rule.source.issuer,
        clause=rule.clause,
        quote=rule.quote,
    )
    return ChangeRuleOut(
        code=rule.code,
        label=LABELS.get(rule.code) or ACT_LABELS[rule.code],
        ask=[Coded(code=each, label=ASKERS[each]) for each in rule.ask],
        decide=Coded(code=rule.decide, label=DECIDERS[rule.decide]),
        evidence=Coded(code=rule.evidence, label=EVIDENCE[rule.evidence]),
        sides=[Coded(code=each, label=SIDES[each]) for each in rule.sides],
        why=rule.why,
        grade=rule.grade,
        ground=ground,
    )


def _request(request: ChangeRequestRow, row: EnterpriseRow) -> dict[str, Any]:
    waiting = request.state == "open"
    identity = identity_of(row)
    conflicts = {each.field for each in moved_since(request.base, request.wanted, identity)} if waiting else set()
    present = stored(identity, request.fields) if waiting else {}
    asked_as = request.requested_as
    return {
        "request_id": request.id,
        "uscc": request.uscc,
        "name": row.name,
        "kind": Coded(code=request.kind, label=KINDS[request.kind]),
        "state": Coded(code=request.state, label=STATES[request.state]),
        "fields": _fields(request.base, request.wanted, present, conflicts),
        "succession": request.act and SuccessionAskedOut(**request.act),
        "reason": request.reason,
        "evidence": request.evidence,
        "effective_on": request.effective_on,
        "sides": _sides(request.sides, request.consents),
        "requested_by": request.requested_by,
        "requested_as": Coded(code=asked_as, label=ASKERS[asked_as]),
        "requested_at": request.requested_at,
        "decided_by": request.decided_by,
        "decided_at": request.decided_at,
        "decision_reason": request.decision_reason,
        "confirmed": list(request.confirmed),
        "applied_version": request.applied_version,
    }


def _fields(
    base: Mapping[str, Any], wanted: Mapping[str, Any], present: Mapping[str, Any], conflicts: Iterable[str]
) -> list[WantedFieldOut]:
    moved = set(conflicts)
    return [
        WantedFieldOut(
            field=name,
            label=LABELS[name],
            base=base[name],
            present=present.get(name),
            wanted=wanted[name],
            conflict=name in moved,
        )
        for name in LABELS
        if name in base
    ]


def _sides(sides: Mapping[str, Sequence[str | None]], consents: Mapping[str, Mapping[str, str]]) -> list[SideOut]:
    return [
        SideOut(
            side=Coded(code=side, label=SIDES[side]),
            districts=list(sides[side]),
            agreed_by=consents.get(side, {}).get("by"),
            agreed_at=consents.get(side, {}).get("at"),
        )
        for side in SIDES
        if side in sides
    ]


def _consequences(
    tx: Transaction, row: EnterpriseRow, wanted: Mapping[str, Any], tools: Tools, act: str | None, since: dt.date | None
) -> list[ConsequenceOut]:
    found = consequences(tx, row, wanted, tools, act=act, effective_on=since)
    return [ConsequenceOut(code=each.code, text=each.text) for each in found]
