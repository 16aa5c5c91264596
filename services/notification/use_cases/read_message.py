"""A commissioner has read a message."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from services.notification.store.repositories import Messages
from services.notification.store.tables import MessageRow


def read_message(tx: Transaction, recipient_id: uuid.UUID, message_id: uuid.UUID) -> MessageRow:
    """Mark one message of this inbox as read; reading it again changes nothing."""
    message = Messages(tx).get_of(recipient_id, message_id)
    if message.state == "delivered":
        message.state, message.read_at = "read", clock.now()
        tx.audit("message.read", str(message.id), {"uscc": message.uscc})
        tx.session.flush()
    return message
