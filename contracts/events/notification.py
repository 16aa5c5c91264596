"""What notification tells the others: which commissioner looks after which enterprise."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.events.base import Event


class AssignmentChanged(Event):
    """An enterprise has another commissioner, or its first one. Ids only: names are fetched by those allowed to."""

    topic: ClassVar[str] = "notification.assignments"
    type: ClassVar[str] = "notification.assignment-changed.v1"

    uscc: str
    commissioner_id: str
    previous_commissioner_id: str | None = None
    reason: str = Field(description="registered | moved | absence | departure | rebalanced | by_hand")

    @property
    def key(self) -> str:
        return self.uscc
