"""A commissioner has seen the whole inbox."""

from __future__ import annotations

import uuid

from chassis import clock
from chassis.db import Transaction
from services.notification.store.repositories import Messages


def read_all_messages(tx: Transaction, recipient_id: uuid.UUID, up_to: uuid.UUID | None = None) -> int:
    """Mark unread messages as read; how many. With `up_to` only those not newer than that message of this inbox."""
    messages = Messages(tx)
    newest = messages.get_of(recipient_id, up_to) if up_to is not None else None
    moment = clock.now()
    count = 0
    for message in messages.list_unread_for_update(recipient_id, newest):
        message.state, message.read_at = "read", moment
        count += 1
    if count:
        tx.audit("message.all_read", str(recipient_id), {"messages": count})
        tx.session.flush()
    return count
