"""What finance does about events of the registry."""

from __future__ import annotations

from chassis.db import Transaction
from contracts.events.registry import (
    EnterpriseCard,
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    TitleCancelled,
    TitleCard,
    TitleRecorded,
    TitleRenewed,
)
from services.finance.domain.titles import CANCELLED, Enterprise, Title
from services.finance.use_cases.follow_enterprise import follow_enterprise
from services.finance.use_cases.follow_title import follow_title


def keep_enterprise(
    tx: Transaction, event: EnterpriseRegistered | EnterpriseUpdated | EnterpriseMerged | EnterpriseSplit
) -> None:
    """Keep the enterprise's public identity; rows of the whitelist follow a new name, place, flag or status."""
    follow_enterprise(tx, _enterprise(event.enterprise), event.version)


def list_title(tx: Transaction, event: TitleRecorded | TitleRenewed) -> None:
    """Keep the title; it enters the whitelist, changes there or leaves it by what the document says."""
    follow_title(tx, _enterprise(event.enterprise), _title(event.record, event.record.state), event.version)


def delist_title(tx: Transaction, event: TitleCancelled) -> None:
    """Take the title off the whitelist for good, even if its recording has not arrived yet."""
    follow_title(tx, _enterprise(event.enterprise), _title(event.record, CANCELLED), event.version)


def _enterprise(card: EnterpriseCard) -> Enterprise:
    return Enterprise(
        uscc=card.uscc,
        name=card.name,
        status=card.status,
        district_code=card.district_code,
        district_name=card.district_name,
        size_class=card.size_class,
        industry_code=card.industry_code,
        industry_name=card.industry_name,
        listing_status=card.listing_status,
        risk_flags=card.risk_flags,
        synthetic=card.synthetic,
    )


def _title(card: TitleCard, state: str) -> Title:
    return Title(
        title_id=card.title_id,
        title=card.title,
        title_label=card.title_label,
        state=state,
        batch=card.batch,
        document_number=card.document_number,
        issued_by=card.issued_by,
        announced_on=card.announced_on,
        valid_from=card.valid_from,
        valid_to=card.valid_to,
    )
