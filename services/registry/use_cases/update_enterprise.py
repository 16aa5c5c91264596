"""Amends the identity of an enterprise."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chassis import clock
from chassis.db import Transaction
from contracts.events.registry import EnterpriseMoved, EnterpriseUpdated
from services.registry.domain.admission import Admission
from services.registry.domain.enterprises import Identity, differences
from services.registry.domain.knowledge import Knowledge
from services.registry.store.history import Ended, keep_states
from services.registry.store.naming import remember_names
from services.registry.store.reference import reference
from services.registry.store.repositories import Enterprises, Facts, columns_of, identity_of
from services.registry.store.search_index import index_enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.announce import Announcement, announce, card_of


@dataclass(frozen=True, slots=True)
class Basis:
    """What a change rests on: the request that was approved, since when it holds in the world, by which document."""

    request_id: uuid.UUID | None = None
    effective_on: dt.date | None = None
    document: str | None = None


def update_enterprise(
    tx: Transaction,
    uscc: str,
    wanted: Mapping[str, Any],
    *,
    knowledge: Knowledge,
    may: Admission,
    basis: Basis = Basis(),
) -> EnterpriseRow:
    """Put `wanted` (fields of Identity) in the place of what is stored. Emits EnterpriseUpdated if anything changed.

    A change of district emits EnterpriseMoved too.
    """
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    old = identity_of(row)
    new = replace(old, **wanted)
    changed = differences(old, new)
    if not changed:
        return row
    if new.district_code != old.district_code:
        may.to_area(new.district_code)
    moment, by = clock.now(), tx.context.actor
    size_class, size_reason = row.size_class, row.size_reason
    if "industry_code" in changed:
        size = knowledge.size(new.industry_code, Facts(tx).periods(uscc))
        size_class, size_reason = size.size_class, size.reason
        changed += ("size_class",) if size_class != row.size_class else ()
    touched = changed + (("size_reason",) if size_reason != row.size_reason else ())
    keep_states(tx, [Ended(uscc, row.version + 1, touched)], at=moment, by=by, request_id=basis.request_id)
    if "name" in changed:
        remember_names(tx, [(uscc, old.name)], moment, by=by, basis=(basis.effective_on, basis.document))
    for name, value in columns_of(new).items():
        setattr(row, name, value)
    row.size_class, row.size_reason = size_class, size_reason
    announce_update(tx, row, old, changed)
    if "district_code" in changed:
        tx.emit(
            EnterpriseMoved(
                uscc=uscc,
                version=row.version,
                from_district=old.district_code,
                to_district=new.district_code,
                effective_on=basis.effective_on,
                document=basis.document,
                enterprise=card_of(uscc, new, row.size_class, reference(tx)),
            )
        )
    index_enterprises(tx, [uscc])
    tx.audit("enterprise-updated", uscc, {name: str(getattr(new, name, row.size_class)) for name in changed})
    return row


def resize(tx: Transaction, row: EnterpriseRow, knowledge: Knowledge) -> tuple[str, ...]:
    """Tell the size class anew after its basis changed; `("size_class",)` when it became another one."""
    size = knowledge.size(row.industry_code, Facts(tx).periods(row.uscc))
    changed = ("size_class",) if row.size_class != size.size_class else ()
    touched = changed + (("size_reason",) if row.size_reason != size.reason else ())
    if touched:
        ended = Ended(row.uscc, row.version + len(changed), touched)
        keep_states(tx, [ended], at=clock.now(), by=tx.context.actor)
    row.size_class, row.size_reason = size.size_class, size.reason
    return changed


def announce_update(tx: Transaction, row: EnterpriseRow, old: Identity, changed: tuple[str, ...]) -> None:
    """Move the version on and emit EnterpriseUpdated for a row whose public identity changed."""
    row.version += 1
    row.changed_at = clock.now()
    identity = identity_of(row)
    card = card_of(row.uscc, identity, row.size_class, reference(tx))
    event = EnterpriseUpdated(uscc=row.uscc, version=row.version, changed=changed, enterprise=card)
    former = old.district_code if old.district_code != identity.district_code else None
    announce(tx, Announcement(event, changed, identity.district_code, former))
