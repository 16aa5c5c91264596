"""Enters and ends contacts of an enterprise."""

from __future__ import annotations

import uuid

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.file_errors import ContactInvalid
from services.registry.store.people import Contacts
from services.registry.store.people_tables import ContactRow
from services.registry.store.repositories import Enterprises


def add_contact(
    tx: Transaction,
    uscc: str,
    *,
    role: str,
    name: str,
    phone: str | None,
    email: str | None,
    position: str | None,
    may: Admission,
) -> ContactRow:
    """Enter a person to speak to. The audit log tells the role, never the person."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    if phone is None and email is None:
        message = "联系电话和电子邮箱至少填写一项"
        raise ContactInvalid(message, problems=[FieldProblem("phone", message, "contact-empty", None, "电话或邮箱")])
    added = Contacts(tx).add(
        ContactRow(
            id=ids.new_id(),
            uscc=uscc,
            role=role,
            name=name,
            phone=phone,
            email=email,
            position=position,
            recorded_by=tx.context.actor,
            recorded_at=clock.now(),
        )
    )
    tx.audit("contact-added", uscc, {"contact_id": str(added.id), "role": role})
    return added


def end_contact(tx: Transaction, uscc: str, contact_id: uuid.UUID, *, may: Admission) -> ContactRow:
    """A person who is not to be spoken to any more; the record stays."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    contact = Contacts(tx).get(uscc, contact_id)
    contact.ended_by, contact.ended_at = tx.context.actor, clock.now()
    tx.audit("contact-ended", uscc, {"contact_id": str(contact_id), "role": contact.role})
    return contact
