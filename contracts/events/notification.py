"""What notification tells the others: which commissioner looks after which enterprise."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.events.base import Event


class AssignmentChanged(Event):
    """An enterprise has another commissioner, its first one or none. Ids only: those allowed to fetch the names."""

    topic: ClassVar[str] = "notification.assignments"
    type: ClassVar[str] = "notification.assignment-changed.v1"

    uscc: str
    commissioner_id: str | None = Field(description="null when nobody serves the enterprise's district any more")
    previous_commissioner_id: str | None = None
    reason: str = Field(description="registered | moved | absence | departure | rebalanced | by_hand | ended")
