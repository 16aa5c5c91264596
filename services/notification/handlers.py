"""What notification does when something happened elsewhere: keep enterprises covered, tell whoever looks after them."""

from __future__ import annotations

import uuid

from chassis.db import Transaction
from contracts.events.eligibility import AssessmentChanged, FindingRequested
from contracts.events.finance import WhitelistChanged
from contracts.events.registry import (
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    TitleCard,
    TitleExpiring,
    TitleRecorded,
    TitleRenewed,
)
from services.notification.domain.kinds import (
    ELIGIBLE,
    FINDING_REQUESTED,
    TITLE_EXPIRING,
    TITLE_RECORDED,
    WHITELISTED,
)
from services.notification.use_cases.learn_enterprise import learn_enterprise
from services.notification.use_cases.post_message import post_message


def cover_enterprise(
    tx: Transaction, event: EnterpriseRegistered | EnterpriseUpdated | TitleRecorded | TitleRenewed | TitleExpiring
) -> None:
    """Keep the enterprise's name and district, and make sure that a commissioner who serves the district has it."""
    learn_enterprise(tx, event.enterprise, event.version)


def let_go_of_merged(tx: Transaction, event: EnterpriseMerged) -> None:
    """The enterprise ended by merger: nobody looks after it any more; its successor has a commissioner of its own."""
    learn_enterprise(tx, event.enterprise, event.version, ended=True)


def let_go_of_divided(tx: Transaction, event: EnterpriseSplit) -> None:
    """The enterprise was divided: unless it continues, nobody looks after it any more."""
    learn_enterprise(tx, event.enterprise, event.version, ended=not event.continues)


def tell_eligible(tx: Transaction, event: AssessmentChanged) -> None:
    """Tell the commissioner when a title has come within reach; any other verdict makes no message.

    For a title already held (review) eligible is how it should be, and no news.
    """
    if event.kind != "new" or event.verdict != "eligible" or event.previous == "eligible":
        return
    payload = {
        "title": event.title,
        "title_label": event.title_label,
        "application": event.kind,
        "route": event.route,
        "pack": event.pack,
        "reasons": list(event.reasons),
        "assessment_id": event.assessment_id,
        "assessed_on": event.assessed_on.isoformat(),
    }
    post_message(tx, event.uscc, ELIGIBLE, payload, source=_source(tx))


def tell_finding_requested(tx: Transaction, event: FindingRequested) -> None:
    """Tell the commissioner that an official's finding is the last thing the enterprise lacks for a title."""
    payload = {
        "finding_id": event.finding,
        "finding": event.finding_label,
        "title_codes": list(event.titles),
        "titles": "、".join(event.title_labels),
        "document": event.document,
        "quotation": event.quotation,
        "evidence": "、".join(event.evidence),
        "request_id": event.request_id,
        "opening": event.opening,
        "requested_on": event.requested_on.isoformat(),
    }
    post_message(tx, event.uscc, FINDING_REQUESTED, payload, source=_source(tx))


def tell_title_recorded(tx: Transaction, event: TitleRecorded | TitleRenewed) -> None:
    """Tell the commissioner which title was recorded or renewed, with its batch and document."""
    post_message(tx, event.uscc, TITLE_RECORDED, _of_record(event.record), source=_source(tx))


def tell_title_expiring(tx: Transaction, event: TitleExpiring) -> None:
    """Tell the commissioner that a title's validity ends soon, and what the documents ask for until then."""
    payload = {
        **_of_record(event.record),
        "days_left": event.days_left,
        "step": event.step,
        "renewal": event.renewal,
        "next_update_due": event.next_update_due.isoformat() if event.next_update_due else None,
    }
    post_message(tx, event.uscc, TITLE_EXPIRING, payload, source=_source(tx))


def _of_record(record: TitleCard) -> dict[str, str | None]:
    return {
        "title": record.title,
        "title_label": record.title_label,
        "title_id": record.title_id,
        "state": record.state,
        "batch": record.batch,
        "document": record.document_number,
        "issuer": record.issued_by,
        "announced_on": record.announced_on.isoformat() if record.announced_on else None,
        "valid_from": record.valid_from.isoformat() if record.valid_from else None,
        "valid_to": record.valid_to.isoformat() if record.valid_to else None,
    }


def tell_whitelisted(tx: Transaction, event: WhitelistChanged) -> None:
    """Tell the commissioner when the enterprise has entered the whitelist; other changes make no message."""
    if event.change != "entered":
        return
    payload = {
        "title": event.title,
        "title_label": event.title_label,
        "title_id": event.title_id,
        "reason": event.reason,
        "effective_on": event.effective_on.isoformat(),
        "seq": event.seq,
    }
    post_message(tx, event.uscc, WHITELISTED, payload, source=_source(tx))


def _source(tx: Transaction) -> uuid.UUID:
    """The event in hand: it is what makes a message unique."""
    if tx.context.event_id is None:
        raise RuntimeError("a handler runs for an event: its context must carry the event's id")
    return tx.context.event_id
