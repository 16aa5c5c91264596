"""A message to whoever looks after an enterprise; while nobody does, it waits."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from services.notification.domain.kinds import Kind
from services.notification.domain.words import Subject
from services.notification.store.repositories import Assignments, Enterprises, Messages
from services.notification.store.template_files import shipped


def post_message(tx: Transaction, uscc: str, kind: Kind, payload: Mapping[str, Any], *, source: uuid.UUID) -> bool:
    """Write one message of `kind` caused by the event `source`; whether it is new.

    The assignment lock is what keeps a message from being written as pending beside an assignment that has just
    looked for pending ones.
    """
    Assignments(tx).lock()
    enterprise = Enterprises(tx).get_or_add_for_update(uscc)
    active = Assignments(tx).find_active(uscc)
    template = shipped()[kind.code]
    chinese, english = template.render(Subject(uscc, enterprise.name, enterprise.district_name), payload)
    moment = clock.now()
    return Messages(tx).add(
        {
            "id": ids.new_id(),
            "recipient_id": active[1].id if active else None,
            "uscc": uscc,
            "kind": kind.code,
            "template": template.reference,
            "title": chinese.title,
            "body": chinese.body,
            "why": chinese.why,
            "title_en": english.title,
            "body_en": english.body,
            "why_en": english.why,
            "payload": dict(payload),
            "source_event_id": source,
            "correlation_id": tx.context.correlation_id,
            "state": "delivered" if active else "pending",
            "created_at": moment,
            "delivered_at": moment if active else None,
        }
    )
