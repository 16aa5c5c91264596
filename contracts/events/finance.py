"""What finance tells the others: changes of the public whitelist and of an enterprise's consents."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from pydantic import Field

from contracts.events.base import Event


class WhitelistChanged(Event):
    """An enterprise's title entered, changed on or left the whitelist; `seq` is its place in the feed."""

    topic: ClassVar[str] = "finance.whitelist"
    type: ClassVar[str] = "finance.whitelist-changed.v1"

    uscc: str
    name: str
    title: str
    title_label: str
    title_id: str
    change: str = Field(description="entered | changed | left")
    reason: str = Field(description="title_recorded, title_expired, title_cancelled, moved, struck_off, …")
    effective_on: dt.date
    seq: int


class ConsentChanged(Event):
    """An enterprise gave or withdrew its consent that one institution may see its details for a purpose."""

    topic: ClassVar[str] = "finance.consents"
    type: ClassVar[str] = "finance.consent-changed.v1"

    uscc: str
    consent_id: str
    institution: str
    purpose: str
    state: str = Field(description="given | withdrawn | expired")
    expires_on: dt.date | None = None
