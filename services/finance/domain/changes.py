"""What the whitelist says of one title, what it should say today, and the change that lies between."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.finance.domain.rows import COLUMNS, canonical, row_of
from services.finance.domain.titles import (
    CANCELLED,
    EXPIRED,
    STATE_LABELS,
    UNDER_REVIEW,
    VALID,
    Enterprise,
    Title,
)

ENTERED, CHANGED, LEFT = "entered", "changed", "left"

TYPE_LABELS = {ENTERED: "进入名单", CHANGED: "内容变更", LEFT: "退出名单"}

REASON_LABELS = {
    "title_recorded": "称号登记",
    "title_renewed": "称号续期",
    "title_corrected": "称号信息更正",
    "title_expired": "称号到期",
    "title_cancelled": "称号取消",
    "cancellation_revoked": "撤销取消决定",
    "title_not_in_force": "称号未生效",
    "under_review": "进入复核",
    "review_passed": "复核通过",
    "struck_off": "企业注销或吊销",
    "reinstated": "企业恢复登记",
    "moved": "企业迁移",
    "renamed": "企业更名",
    "risk_flags_changed": "风险提示变化",
    "listing_changed": "上市状态变化",
    "size_changed": "企业规模变化",
    "industry_changed": "所属行业变化",
    "details_updated": "其他信息更新",
}

_ENTERED_AFTER = {
    "title_expired": "title_renewed",
    "title_cancelled": "cancellation_revoked",
    "struck_off": "reinstated",
}

_TITLE_COLUMNS = frozenset(
    {
        "title",
        "title_label",
        "batch",
        "document_number",
        "issued_by",
        "announced_on",
        "valid_from",
        "valid_to",
    }
)

_ENTERPRISE_REASONS = (
    ("name", "renamed"),
    ("district_code", "moved"),
    ("risk_flags", "risk_flags_changed"),
    ("listing_status", "listing_changed"),
    ("size_class", "size_changed"),
    ("industry_code", "industry_changed"),
)


@dataclass(frozen=True, slots=True)
class Change:
    """One step of the feed. `line` is the whole row afterwards in canonical form, null when the title left."""

    type: str
    reason: str
    effective_on: dt.date
    changed: tuple[str, ...] = ()
    line: str | None = None


def absence(enterprise: Enterprise, title: Title, today: dt.date) -> str | None:
    """Why a title is not on the whitelist on `today` (Asia/Shanghai); null when it is.

    复核中 stays, flagged, even past `valid_to`: the review is held because the term has run out (63号, DM63-1),
    and its outcome arrives as an official act. A plain 有效 ends with the last day of its term.
    """
    if title.state == CANCELLED:
        return "title_cancelled"
    if title.state == EXPIRED:
        return "title_expired"
    if title.state not in STATE_LABELS:
        return "title_not_in_force"
    if enterprise.ended:
        return "struck_off"
    if title.state == VALID and title.valid_to is not None and title.valid_to < today:
        return "title_expired"
    if title.state == VALID and title.valid_from is not None and title.valid_from > today:
        return "title_not_in_force"
    return None


def decide(
    listed: str | None,
    left_because: str | None,
    enterprise: Enterprise,
    title: Title,
    today: dt.date,
) -> Change | None:
    """The change from what was last announced (`listed`, a canonical line) to what holds today; null for none.

    `left_because` is the reason the title last left the list by, null if it never did.
    """
    missing = absence(enterprise, title, today)
    if missing is not None:
        return None if listed is None else Change(LEFT, missing, _left_on(missing, title, today))
    row = row_of(enterprise, title)
    line = canonical(row)
    if listed is None:
        reason = _ENTERED_AFTER.get(left_because or "", "title_recorded")
        return Change(ENTERED, reason, _entered_on(reason, title, today), line=line)
    if listed == line:
        return None
    before = json.loads(listed)
    changed = tuple(column for column in COLUMNS if before.get(column) != row[column])
    return Change(CHANGED, _why_changed(before, row, changed), today, changed, line)


def _left_on(reason: str, title: Title, today: dt.date) -> dt.date:
    ended = reason == "title_expired" and title.valid_to is not None and title.valid_to < today
    return title.valid_to + dt.timedelta(days=1) if ended and title.valid_to else today


def _entered_on(reason: str, title: Title, today: dt.date) -> dt.date:
    if reason in ("title_recorded", "title_renewed"):
        return title.valid_from or title.announced_on or today
    return today


def _why_changed(before: Mapping[str, Any], after: Mapping[str, Any], changed: Iterable[str]) -> str:
    """The one reason that says most; `changed` names every field."""
    fields = frozenset(changed)
    if "state" in fields:
        return "under_review" if after["state"] == UNDER_REVIEW else "review_passed"
    if "valid_to" in fields and (after["valid_to"] or "9999") > (before["valid_to"] or "9999"):
        return "title_renewed"
    if fields & _TITLE_COLUMNS:
        return "title_corrected"
    return next((reason for column, reason in _ENTERPRISE_REASONS if column in fields), "details_updated")
