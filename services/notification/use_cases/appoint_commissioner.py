"""The change of an enterprise's commissioner, whoever decided it."""

from __future__ import annotations

from chassis import clock, ids
from chassis.db import Transaction
from contracts.events.notification import AssignmentChanged
from services.notification.store.repositories import Assignments
from services.notification.store.tables import AssignmentRow, CommissionerRow, EnterpriseRow
from services.notification.use_cases.hand_over_messages import hand_over_messages

Active = tuple[AssignmentRow, CommissionerRow]


def appoint_commissioner(
    tx: Transaction,
    enterprise: EnterpriseRow,
    previous: Active | None,
    successor: CommissionerRow | None,
    *,
    reason: str,
    note: str | None = None,
) -> None:
    """End the active assignment, begin the successor's, hand over open messages. The caller holds the assignment lock.

    Emits AssignmentChanged, unless there was and will be nobody.
    """
    if previous is None and successor is None:
        return
    assignments = Assignments(tx)
    moment = clock.now()
    if previous is not None:
        assignments.end(*previous, moment)
    if successor is not None:
        row = AssignmentRow(
            id=ids.new_id(),
            uscc=enterprise.uscc,
            commissioner_id=successor.id,
            reason=reason,
            note=note,
            correlation_id=tx.context.correlation_id,
            started_at=moment,
        )
        assignments.add(row, successor)
    handed_over = hand_over_messages(tx, enterprise, successor.id if successor else None)
    before = previous[1] if previous else None
    details = {
        "commissioner": successor.code if successor else None,
        "previous": before.code if before else None,
        "reason": reason,
        "messages": handed_over,
    }
    tx.audit("assignment.changed", enterprise.uscc, details)
    tx.emit(
        AssignmentChanged(
            uscc=enterprise.uscc,
            commissioner_id=str(successor.id) if successor else None,
            previous_commissioner_id=str(before.id) if before else None,
            reason=reason,
        )
    )
