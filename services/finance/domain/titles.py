"""What the whitelist needs to know: an enterprise's public identity and one row of the title ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

VALID = "valid"
UNDER_REVIEW = "under_review"
EXPIRED = "expired"
CANCELLED = "cancelled"

STATE_LABELS = {VALID: "有效", UNDER_REVIEW: "复核中"}
"""The states that stand on the whitelist, with the words officials use."""

ENDED_STATUSES = frozenset({"deregistered", "revoked", "annulled"})
"""注销, 吊销, 撤销: an enterprise that may no longer do business. 停业 and 迁出 do not end it."""


@dataclass(frozen=True, slots=True)
class Enterprise:
    """The public identity of an enterprise, as the registry last said."""

    uscc: str
    name: str
    status: str
    district_code: str | None = None
    district_name: str | None = None
    size_class: str | None = None
    industry_code: str | None = None
    industry_name: str | None = None
    listing_status: str | None = None
    risk_flags: tuple[str, ...] = ()
    synthetic: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ENDED_STATUSES


@dataclass(frozen=True, slots=True)
class Title:
    """One row of the title ledger, entered by official act only; dates are those of the document."""

    title_id: str
    title: str
    title_label: str
    state: str
    batch: str | None = None
    document_number: str | None = None
    issued_by: str | None = None
    announced_on: dt.date | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
