"""The shape of one change in the feed, when an epoch is due, and which epochs keep their content."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from services.finance.domain.changes import REASON_LABELS, TYPE_LABELS
from services.finance.domain.rows import COLUMNS, canonical, csv_line

CHANGE_COLUMNS = (
    "seq",
    "type",
    "type_label",
    "occurred_at",
    "subject",
    "title",
    "title_id",
    "reason",
    "reason_label",
    "effective_on",
    "changed",
    "tombstone",
)
CHANGES_CSV_HEADER = ",".join((*CHANGE_COLUMNS, *(f"data_{column}" for column in COLUMNS)))


@dataclass(frozen=True, slots=True)
class NumberedChange:
    """A change that has its place in the feed; `line` is the row afterwards, null when the title left."""

    seq: int
    type: str
    occurred_at: dt.datetime
    subject: str
    title: str
    title_id: str
    reason: str
    effective_on: dt.date
    changed: Sequence[str]
    line: str | None


def change_item(change: NumberedChange) -> dict[str, Any]:
    """A change as banks see it: `data` is the whole row, or null with `tombstone` true."""
    return {
        "seq": change.seq,
        "type": change.type,
        "type_label": TYPE_LABELS[change.type],
        "occurred_at": instant(change.occurred_at),
        "subject": change.subject,
        "title": change.title,
        "title_id": change.title_id,
        "reason": change.reason,
        "reason_label": REASON_LABELS[change.reason],
        "effective_on": change.effective_on.isoformat(),
        "changed": list(change.changed),
        "data": None if change.line is None else json.loads(change.line),
        "tombstone": change.line is None,
    }


def change_line(change: NumberedChange) -> str:
    """A change as one line of JSON, the same bytes in every answer and every segment."""
    return canonical(change_item(change))


def change_csv(change: NumberedChange) -> str:
    """A change as one line of CSV: its own columns, then the row's (empty when the title left)."""
    item = change_item(change)
    row = item["data"] or {}
    return csv_line([*(item[column] for column in CHANGE_COLUMNS), *(row.get(column) for column in COLUMNS)])


def instant(moment: dt.datetime) -> str:
    """An instant as ISO 8601 in UTC with microseconds."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often the list is cut anew: at once when that is cheap, rarely when it is dear."""

    least_seconds: float = 1.0
    build_factor: float = 20.0

    def due(self, now: dt.datetime, built_at: dt.datetime, build_seconds: float) -> bool:
        """Whether enough time has passed since the last epoch, which took `build_seconds` to build."""
        wait = max(self.least_seconds, self.build_factor * build_seconds)
        return (now - built_at).total_seconds() >= wait


@dataclass(frozen=True, slots=True)
class Retention:
    """Which epochs keep their content: the last ones, the young ones, and the last of each day."""

    last: int = 50
    minutes: int = 10
    days: int = 400

    def expired(self, epochs: Iterable[tuple[int, dt.date, dt.datetime]], now: dt.datetime) -> list[int]:
        """Of (epoch, its date in Asia/Shanghai, its instant), those whose content may go."""
        ordered = sorted(epochs, reverse=True)
        kept = {epoch for epoch, _, _ in ordered[: self.last]}
        seen: set[dt.date] = set()
        for epoch, date, built_at in ordered:
            age = now - built_at
            if age <= dt.timedelta(minutes=self.minutes):
                kept.add(epoch)
            if date not in seen and age <= dt.timedelta(days=self.days):
                kept.add(epoch)
            seen.add(date)
        return sorted(epoch for epoch, _, _ in ordered if epoch not in kept)
