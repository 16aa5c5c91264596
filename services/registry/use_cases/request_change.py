"""Files a change request; what an official may decide alone takes effect with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.admission import Admission, Party
from services.registry.domain.change_requests import Asked, require_askable, stored
from services.registry.domain.change_rules import (
    AMEND,
    ENTERPRISE,
    HOLDING,
    KINDS,
    MOVE,
    OFFICIAL,
    RECEIVING,
    ChangeRule,
    ChangeRules,
    decided_by_another,
    sides_of,
)
from services.registry.domain.enterprises import differences
from services.registry.domain.file_errors import ChangeRequestOpen
from services.registry.domain.past import LABELS
from services.registry.store.change_requests import ChangeRequests
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.successions import registered_among
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.apply_change import Tools, apply_change
from services.registry.use_cases.succeed import check_act


@dataclass(frozen=True, slots=True)
class Drafted:
    """A request that could be filed: what would change, by which rules, who has to agree."""

    changed: tuple[str, ...]
    wanted: Mapping[str, Any]
    base: Mapping[str, Any]
    rules: tuple[ChangeRule, ...]
    sides: Mapping[str, Sequence[str | None]]

    @property
    def kind(self) -> str:
        act = next((rule.code for rule in self.rules if rule.code not in LABELS), None)
        return act or (MOVE if "district_code" in self.changed else AMEND)


def draft(tx: Transaction, row: EnterpriseRow, asked: Asked, rules: ChangeRules, party: Party) -> Drafted:
    """What a request would be; raises ChangeRequestInvalid, and ChangeRequestOpen where another one is in its way."""
    old = identity_of(row)
    changed = differences(old, replace(old, **asked.fields))
    bound = rules.of(changed, asked.act)
    require_askable(asked, bound, official=party.official, today=clock.today())
    if asked.act:
        check_act(tx, row.uscc, asked.act, asked.details, asked.effective_on)
    drafted = Drafted(
        changed,
        stored(replace(old, **asked.fields), changed),
        stored(old, changed),
        bound,
        _sides(tx, row, asked, bound, changed),
    )
    for other in ChangeRequests(tx).open_of(row.uscc):
        shared = [each for each in changed if each in other.fields]
        if shared or (asked.act and other.act):
            label = "、".join(LABELS[each] for each in shared) or KINDS[drafted.kind]
            when = f"{other.requested_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}"
            message = f"“{label}”已有一项待审批的变更申请（{when} 提出），请先办结或撤回它"
            raise ChangeRequestOpen(message, request_id=str(other.id))
    return drafted


def request_change(
    tx: Transaction, uscc: str, asked: Asked, *, rules: ChangeRules, tools: Tools, party: Party, may: Admission
) -> ChangeRequestRow:
    """File a request. What the rules let an official decide alone is applied at once and emits what it brings about."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    drafted = draft(tx, row, asked, rules, party)
    now = clock.now()
    request = ChangeRequests(tx).add(
        ChangeRequestRow(
            id=ids.new_id(),
            uscc=uscc,
            kind=drafted.kind,
            state="open",
            fields=list(drafted.changed),
            wanted=dict(drafted.wanted),
            base=dict(drafted.base),
            act=dict(asked.details) if asked.act else None,
            reason=asked.reason,
            evidence=[dict(each) for each in asked.evidence],
            effective_on=asked.effective_on,
            sides={side: list(places) for side, places in drafted.sides.items()},
            receiving=sorted({place for place in drafted.sides.get(RECEIVING, ()) if place}),
            consents={},
            requested_by=party.subject,
            requested_as=OFFICIAL if party.official else ENTERPRISE,
            requested_at=now,
            confirmed=[],
        )
    )
    details = {"request_id": str(request.id), "kind": request.kind, "fields": request.fields}
    tx.audit("change-requested", uscc, details)
    if party.official and not decided_by_another(drafted.rules):
        request.consents = {
            side: {"by": party.subject, "at": now.isoformat()}
            for side, places in drafted.sides.items()
            if party.answers_for_all(places)
        }
        if set(request.consents) == set(request.sides):
            apply_change(tx, request, tools, by=party.subject, reason=None)
    tx.session.flush()
    return request


def _sides(
    tx: Transaction, row: EnterpriseRow, asked: Asked, bound: Sequence[ChangeRule], changed: Sequence[str]
) -> dict[str, list[str | None]]:
    """Whose officials have to agree, with the districts of each side; nobody receives what does not move."""
    places: dict[str, list[str | None]] = {HOLDING: [row.district_code], RECEIVING: []}
    if "district_code" in changed:
        places[RECEIVING].append(asked.fields["district_code"])
    if asked.act:
        carrying = registered_among(tx, list(asked.details["successors"]))
        places[RECEIVING] += [carrying[code].district_code for code in sorted(carrying)]
    return {side: places[side] for side in sides_of(bound) if places[side]}
