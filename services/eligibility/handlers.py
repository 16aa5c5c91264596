"""What eligibility does when something happened elsewhere: keep its copy, and mark who must be assessed again."""

from __future__ import annotations

from chassis.db import Transaction
from contracts.events.registry import (
    EnterpriseCard,
    EnterpriseRegistered,
    EnterpriseUpdated,
    FactsRecorded,
    TitleCancelled,
    TitleRecorded,
)
from services.eligibility.store.repositories import Enterprises, Pending


def remember_enterprise(tx: Transaction, event: EnterpriseRegistered | EnterpriseUpdated) -> None:
    """An enterprise's identity changed: keep the copy and assess it again."""
    if _save(tx, event.enterprise, event.version):
        Pending(tx).add([event.uscc])


def remember_facts(tx: Transaction, event: FactsRecorded) -> None:
    """Facts or findings changed: keep the periods and assess the enterprise again."""
    enterprises = Enterprises(tx)
    written = [
        enterprises.save_facts(event.uscc, event.version, period.fiscal_year, period.facts) for period in event.periods
    ]
    if any(written):
        Pending(tx).add([event.uscc])


def remember_title(tx: Transaction, event: TitleRecorded | TitleCancelled) -> None:
    """A title was recorded or cancelled: it opens or closes the way to others, so assess the enterprise again."""
    _save(tx, event.enterprise, event.version)
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
    if written:
        Pending(tx).add([event.uscc])


def _save(tx: Transaction, card: EnterpriseCard, version: int) -> bool:
    return Enterprises(tx).save(
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
