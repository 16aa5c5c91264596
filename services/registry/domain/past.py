"""What the registry said at a past moment: states as they are kept, and titles and facts taken back to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chassis.errors import FieldProblem
from services.registry.domain.enterprises import FIELDS, Identity
from services.registry.domain.facts import Entry
from services.registry.domain.file_errors import MomentAhead, MomentInvalid
from services.registry.domain.ledger import TRACKED

STATED = (*FIELDS, "size_class", "size_reason")
"""What a state of an enterprise tells."""

LABELS = {
    "name": "企业名称",
    "registered_address": "注册地址",
    "actual_address": "实际经营地址",
    "district_code": "所属区县",
    "industry_code": "所属行业",
    "established_on": "成立日期",
    "registered_capital": "注册资本",
    "registered_capital_currency": "注册资本币种",
    "status": "登记状态",
    "risk_flags": "风险提示",
    "listing_status": "上市挂牌情况",
    "synthetic": "合成样例",
    "size_class": "企业规模",
    "size_reason": "划型依据",
}
"""The words for the fields of a state; a new field of Identity needs one."""

PARTS = {"file": "企业档案", "profile": "企业画像", "history": "变更历史", "contacts": "联系人（未脱敏）"}
"""What of a file somebody can be shown, for the log of its readers."""

_DATES = ("announced_on", "valid_from", "valid_to", "cancelled_on", "banned_until")


@dataclass(frozen=True, slots=True)
class PastState:
    """The enterprise itself at a moment. `version` is the one at which that state began; `unknown` is not told."""

    identity: Identity
    size_class: str | None
    size_reason: str | None
    version: int
    since: dt.datetime
    unknown: tuple[str, ...] = ()


def moment_of(stated: str | None, *, now: dt.datetime, today: dt.date, zone: dt.tzinfo) -> dt.datetime | None:
    """The instant that `as_of` means: of a day its last, of the present day now. Raises MomentInvalid, MomentAhead."""
    if stated is None:
        return None
    written = stated.strip()
    try:
        if len(written) == len("2026-01-31"):
            day = dt.date.fromisoformat(written)
            if day > today:
                raise _ahead(written, f"不晚于 {today.isoformat()}")
            return min(dt.datetime.combine(day, dt.time.max, tzinfo=zone), now)
        # The plus sign of a time zone reaches us as a space where the caller did not encode it.
        moment = dt.datetime.fromisoformat(written.replace(" ", "+"))
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
        if moment > now:
            raise _ahead(written, f"不晚于 {now.astimezone(zone).isoformat(timespec='seconds')}")
    except (ValueError, OverflowError) as error:
        message = "时点无法识别：请写日期（如 2026-01-31）或时刻（如 2026-01-31T09:30:00+08:00）"
        problem = FieldProblem("as_of", message, "moment-invalid", written, "YYYY-MM-DD，或 ISO 8601 时刻")
        raise MomentInvalid(message, problems=[problem]) from error
    return moment


def _ahead(found: str, expected: str) -> MomentAhead:
    message = "时点晚于现在，还没有数据；请填写今天或以前的日期"
    return MomentAhead(message, problems=[FieldProblem("as_of", message, "moment-ahead", found, expected)])


def identity_from(state: Mapping[str, Any]) -> Identity:
    """The identity that a kept state tells; what it does not tell is missing."""
    values: dict[str, Any] = {name: state.get(name) for name in FIELDS}
    if values["established_on"] is not None:
        values["established_on"] = dt.date.fromisoformat(values["established_on"])
    if values["registered_capital"] is not None:
        values["registered_capital"] = Decimal(values["registered_capital"])
    values["risk_flags"] = tuple(values["risk_flags"] or ())
    values["synthetic"] = bool(values["synthetic"])
    return Identity(**values)


def shown(value: Any) -> Any:
    """A field's value as kept states and answers hold it: dates and decimals as text, sets as lists."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def fold_facts(revisions: Iterable[tuple[int, Mapping[str, Entry | None]]]) -> dict[int, dict[str, Entry]]:
    """Fiscal year → fact id → entry after these revisions, in their order; what was withdrawn is missing."""
    periods: dict[int, dict[str, Entry]] = {}
    for year, changed in revisions:
        entries = periods.setdefault(year, {})
        for fact_id, entry in changed.items():
            if entry is None:
                entries.pop(fact_id, None)
            else:
                entries[fact_id] = entry
    return {year: dict(sorted(entries.items())) for year, entries in periods.items()}


def taken_back(
    record: Mapping[str, Any], acts: Sequence[tuple[dt.datetime, Mapping[str, Sequence[Any]]]], moment: dt.datetime
) -> dict[str, Any] | None:
    """A record of the ledger as it stood at the moment: what was done since is undone; None before it was recorded.

    `acts` are (recorded at, column → [before, after]) in the order in which they were recorded.
    """
    if record["recorded_at"] > moment:
        return None
    values = dict(record)
    for recorded_at, changed in reversed(acts):
        if recorded_at <= moment:
            break
        for column, (before, _) in changed.items():
            if column in TRACKED:
                values[column] = dt.date.fromisoformat(before) if before and column in _DATES else before
    return values
