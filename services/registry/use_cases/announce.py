"""Tells the others what changed: each event goes to the bus and, as an entry, onto the change feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.db import Transaction
from contracts.events.registry import EnterpriseCard, EnterpriseEvent, TitleCard
from services.registry.domain.enterprises import Identity
from services.registry.domain.standing import UNKNOWN
from services.registry.domain.titles import TITLES
from services.registry.store.announced import ANNOUNCED
from services.registry.store.reference import Reference
from services.registry.store.tables import ChangeRow, TitleRecordRow

CHANGES_CHANNEL = "changes"
_COLUMNS = ("type", "occurred_at", "subject", "changed", "data", "district_code", "former_district_code")


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event, what it changed, and the district whose officers may read of it in the feed."""

    event: EnterpriseEvent
    changed: tuple[str, ...]
    district_code: str | None
    former_district_code: str | None = None


def announce(tx: Transaction, *announcements: Announcement) -> None:
    """Announce single changes, in the order given."""
    for each in announcements:
        tx.emit(each.event)
        tx.session.add(
            ChangeRow(
                type=each.event.type,
                occurred_at=clock.now(),
                subject=each.event.key,
                changed=list(each.changed),
                data=each.event.model_dump(mode="json"),
                district_code=each.district_code,
                former_district_code=each.former_district_code,
            )
        )
    tx.notify(CHANGES_CHANNEL)


def announce_all(tx: Transaction, announcements: Sequence[Announcement]) -> None:
    """Announce many changes at once, in the order given, by COPY."""
    if not announcements:
        return
    moment = clock.now()
    payloads = [each.event.model_dump_json() for each in announcements]
    tx.emit_all((each.event for each in announcements), payloads)
    rows = (
        (
            each.event.type,
            moment,
            each.event.key,
            list(each.changed),
            payload,
            each.district_code,
            each.former_district_code,
        )
        for each, payload in zip(announcements, payloads, strict=True)
    )
    tx.copy("changes", _COLUMNS, rows)
    tx.notify(CHANGES_CHANNEL)


def announce_from(tx: Transaction, event: type[EnterpriseEvent]) -> None:
    """Announce one `event` for each enterprise that a statement has left in `announced`, and empty that."""
    if tx.emit_from(event, ANNOUNCED):
        tx.session.execute(
            text(
                f"""
                INSERT INTO changes (type, occurred_at, subject, changed, data, district_code)
                SELECT :type, :moment, subject, changed, payload, district_code FROM {ANNOUNCED} ORDER BY subject
                """  # noqa: S608 - a name of our own
            ),
            {"type": event.type, "moment": clock.now()},
        )
        tx.notify(CHANGES_CHANNEL)
    tx.session.execute(text(f"TRUNCATE {ANNOUNCED}"))


def card_of(uscc: str, identity: Identity, size_class: str | None, known: Reference) -> EnterpriseCard:
    """The public identity of an enterprise, as events and answers carry it."""
    industry = known.industries.by_code.get(identity.industry_code or "")
    return EnterpriseCard(
        uscc=uscc,
        name=identity.name,
        district_code=identity.district_code,
        district_name=known.places.name_of(identity.district_code),
        industry_code=identity.industry_code,
        industry_name=industry.name if industry else None,
        size_class=size_class,
        status=identity.status or UNKNOWN,
        established_on=identity.established_on,
        listing_status=identity.listing_status,
        risk_flags=identity.risk_flags,
        synthetic=identity.synthetic,
    )


def title_card_of(record: TitleRecordRow | Any) -> TitleCard:
    """One row of the ledger as events carry it; a decision's reference stands where no document number is."""
    return TitleCard(
        title_id=str(record.id),
        title=record.title,
        title_label=TITLES[record.title],
        batch=record.batch,
        document_number=record.document_number or record.decision_reference,
        issued_by=record.issued_by,
        announced_on=record.announced_on,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        state=record.state,
        cancelled_on=record.cancelled_on,
        reapply_ban=record.reapply_ban,
        banned_until=record.banned_until,
        review_outcome=record.review_outcome,
    )
