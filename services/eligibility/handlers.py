"""What eligibility does when something happened elsewhere: keep its copy, and mark who must be assessed again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.db import Transaction
from contracts.events.registry import (
    EnterpriseCard,
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    FactsRecorded,
    TitleCancelled,
    TitleRecorded,
    TitleRenewed,
)
from services.eligibility.domain import changes
from services.eligibility.store.pending import Pending
from services.eligibility.store.repositories import Enterprises


def remember_enterprise(
    tx: Transaction, event: EnterpriseRegistered | EnterpriseUpdated | EnterpriseMerged | EnterpriseSplit
) -> None:
    """An enterprise's identity changed: keep the copy, and assess it again where that depends on it."""
    Pending(tx).add([event.uscc], _save(tx, event.enterprise, event.version))


def remember_facts(tx: Transaction, event: FactsRecorded) -> None:
    """Facts or findings changed: keep the periods, and assess the enterprise again for what depends on them."""
    enterprises = Enterprises(tx)
    before = enterprises.facts_of(event.uscc)
    changed: set[str] = set()
    for period in event.periods:
        if enterprises.save_facts(event.uscc, event.version, period.fiscal_year, period.facts):
            # Against what was kept, not by the event's own list: an event that was put aside may be missing in between.
            changed |= _differing(before.get(period.fiscal_year, {}), period.facts)
    Pending(tx).add([event.uscc], changed)


def remember_title(tx: Transaction, event: TitleRecorded | TitleRenewed | TitleCancelled) -> None:
    """A title was recorded, renewed or cancelled: it opens or closes the way to others, so assess again for those."""
    moved = _save(tx, event.enterprise, event.version)
    record = event.record
    written = Enterprises(tx).save_title(
        {
            "title_id": record.title_id,
            "uscc": event.uscc,
            "version": event.version,
            "title": record.title,
            "state": record.state,
            "valid_from": record.valid_from,
            "valid_to": record.valid_to,
            "cancelled_on": record.cancelled_on,
            "ban": record.reapply_ban,
        }
    )
    changed = {changes.of_title(record.title)} if written else set()
    Pending(tx).add([event.uscc], None if moved is None else moved | changed)


def _save(tx: Transaction, card: EnterpriseCard, version: int) -> set[str] | None:
    """Keep the copy when it is newer; what changed in it that an outcome may depend on, None for a new enterprise."""
    enterprises = Enterprises(tx)
    before = enterprises.find(card.uscc)
    told = (before.industry_code, before.district_code) if before else None
    written = enterprises.save(
        {
            "uscc": card.uscc,
            "version": version,
            "name": card.name,
            "district_code": card.district_code,
            "industry_code": card.industry_code,
            "size_class": card.size_class,
            "status": card.status,
            "synthetic": card.synthetic,
        }
    )
    if told is None:
        return None
    if not written:
        return set()
    names, now = (changes.INDUSTRY, changes.DISTRICT), (card.industry_code, card.district_code)
    return {name for name, old, new in zip(names, told, now, strict=True) if old != new}


def _differing(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Facts of a period whose value or provenance is another one."""

    def said(stored: Mapping[str, Any] | None) -> tuple[Any, ...]:
        return () if stored is None else (stored.get("value"), stored.get("source"), stored.get("as_of"))

    return {name for name in {*before, *after} if said(before.get(name)) != said(after.get(name))}
