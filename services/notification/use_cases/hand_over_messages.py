"""Open messages of an enterprise follow whoever looks after it."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from services.notification.domain.words import Subject
from services.notification.store.repositories import Messages
from services.notification.store.tables import EnterpriseRow
from services.notification.store.template_files import shipped


def hand_over_messages(tx: Transaction, enterprise: EnterpriseRow, recipient_id: uuid.UUID | None) -> int:
    """Give every open message of the enterprise to `recipient_id`, or let it wait when that is null; how many.

    The text is made anew, so that a message which waited for the enterprise's name, or outlived it, has the right one.
    """
    templates = shipped()
    subject = Subject(enterprise.uscc, enterprise.name, enterprise.district_name)
    moment = clock.now()
    messages = Messages(tx).list_open_for_update(enterprise.uscc)
    for message in messages:
        if message.recipient_id != recipient_id:
            message.recipient_id = recipient_id
            message.state = "pending" if recipient_id is None else "delivered"
            message.delivered_at = None if recipient_id is None else moment
        template = templates[message.kind]
        chinese, english = template.render(subject, message.payload)
        message.template = template.reference
        message.title, message.body, message.why = chinese.title, chinese.body, chinese.why
        message.title_en, message.body_en, message.why_en = english.title, english.body, english.why
    return len(messages)
