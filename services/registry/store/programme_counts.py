"""Counts titles for programmes, and shows of every enterprise with a record why it is counted or not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.programmes.counting import NO_REGISTER, Window
from services.registry.domain.programmes.model import Metric, Programme
from services.registry.store.parks import JOINED, in_park

# Each record of the title gets the reason why it does not count, or null; an enterprise counts once, by any record
# that does. A title under review counts beyond its term (practice: 复核中 stays). For "new" the enterprise's first act
# decides: a later act of the same title is a renewal. Where the beginning is not stated, the day of recording stands
# for it in stocks (it was held then at the latest); in "new" it cannot be placed.
_JUDGED = """
WITH days AS (
    SELECT r.*, coalesce(r.valid_from, r.announced_on) AS begins,
           (r.recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS known_on,
           {first} AS first_begins
    FROM title_records r JOIN enterprises e ON e.uscc = r.uscc
    WHERE r.title = :title AND {candidates}
), judged AS (
    SELECT e.uscc, e.name, e.district_code, e.status, d.id, d.batch, d.document_number, d.decision_reference,
           d.begins, d.known_on, d.announced_on, d.valid_from, d.valid_to, d.state, d.cancelled_on,
           CASE
               WHEN d.cancelled_kind = 'recorded_in_error' THEN 'recorded_in_error'
               WHEN d.state = 'publicized' THEN 'publicized'
               WHEN {beyond} THEN 'later'
               WHEN d.state = 'cancelled' AND (d.cancelled_on IS NULL OR d.cancelled_on <= :until) THEN 'cancelled'
               {window}
               WHEN e.district_code IS NULL THEN 'district_missing'
               WHEN NOT ({within}) THEN 'outside'
               {listed}
               {among}
           END AS reason
    FROM days d JOIN enterprises e ON e.uscc = d.uscc
)
"""
_FIRST_ACT = """min(coalesce(r.valid_from, r.announced_on)) FILTER (
               WHERE r.state <> 'publicized' AND r.cancelled_kind IS DISTINCT FROM 'recorded_in_error'
           ) OVER (PARTITION BY r.uscc)"""
_STOCK = """
               WHEN d.state = 'expired' AND (d.valid_to IS NULL OR d.valid_to >= :today) THEN 'ended_undated'
               WHEN d.valid_to < :until AND d.state <> 'under_review' THEN 'expired'"""
_NEW = """
               WHEN d.begins IS NULL THEN 'undated'
               WHEN d.first_begins < :start THEN 'before_window'"""
# Whether the enterprise holds one of other titles (其中) on a day too: as in stocks.
_HELD = """EXISTS (
    SELECT 1 FROM title_records o
    WHERE o.uscc = {uscc} AND o.title = ANY(:holding) AND o.state <> 'publicized'
      AND o.cancelled_kind IS DISTINCT FROM 'recorded_in_error'
      AND coalesce(o.valid_from, o.announced_on, (o.recorded_at AT TIME ZONE 'Asia/Shanghai')::date) <= {day}
      AND NOT (o.state = 'cancelled' AND (o.cancelled_on IS NULL OR o.cancelled_on <= {day}))
      AND NOT (o.state = 'expired' AND (o.valid_to IS NULL OR o.valid_to >= :now))
      AND (o.state = 'under_review' OR o.valid_to IS NULL OR o.valid_to >= {day})
)"""
_LISTED = """
               WHEN NOT EXISTS (
                   SELECT 1 FROM programme_members m
                   WHERE m.programme_id = :programme AND m.uscc = e.uscc
                     AND (m.since IS NULL OR m.since <= :until) AND (m.until IS NULL OR m.until >= :until)
               ) THEN 'not_listed'"""

# The same for many days at once: from which day to which a record counts. Held to the judged list by the tests.
_SPANS = """
WITH spans AS (
    SELECT r.uscc,
           greatest(
               coalesce(r.valid_from, r.announced_on, (r.recorded_at AT TIME ZONE 'Asia/Shanghai')::date){since}
           ) AS begins,
           least(
               CASE WHEN r.state = 'under_review' THEN NULL ELSE r.valid_to END,
               CASE WHEN r.state = 'cancelled' THEN r.cancelled_on - 1 END{until}
           ) AS ends
    FROM title_records r JOIN enterprises e ON e.uscc = r.uscc{members}
    WHERE r.title = :title AND {candidates} AND r.state <> 'publicized'
      AND r.cancelled_kind IS DISTINCT FROM 'recorded_in_error'
      AND NOT (r.state = 'cancelled' AND r.cancelled_on IS NULL)
      AND NOT (r.state = 'expired' AND (r.valid_to IS NULL OR r.valid_to >= :today))
)
"""
_ON_DAYS = """{spans}
SELECT d.day, count(DISTINCT s.uscc) AS number
FROM unnest(CAST(:days AS date[])) AS d(day)
JOIN spans s ON s.begins <= d.day AND (s.ends IS NULL OR s.ends >= d.day)
WHERE {among}
GROUP BY d.day"""
_COUNT = "{judged} SELECT count(DISTINCT uscc) FROM judged WHERE reason IS NULL AND {seen}"
_BY_DISTRICT = (
    "{judged} SELECT district_code, count(DISTINCT uscc) AS number FROM judged WHERE reason IS NULL GROUP BY 1"
)
_BY_PARK = """{judged} SELECT s.park_id, count(DISTINCT judged.uscc) AS number FROM judged {joined}
WHERE reason IS NULL GROUP BY 1"""
_ENDING = """{spans} SELECT count(*) FROM (
    SELECT uscc FROM spans WHERE begins <= :on AND (ends IS NULL OR ends >= :on) AND {among}
    GROUP BY uscc HAVING bool_and(ends IS NOT NULL AND ends <= :before)
) AS ending"""
_HOLDERS = """{judged}, best AS (
    SELECT DISTINCT ON (uscc) * FROM judged
    ORDER BY uscc, (reason IS NULL) DESC, coalesce(begins, known_on) DESC, id DESC
)
SELECT * FROM best
WHERE (reason IS NULL) = :counted AND (CAST(:reason AS text) IS NULL OR reason = :reason)
  AND (CAST(:after AS text) IS NULL OR uscc > :after) AND {seen}
ORDER BY uscc LIMIT :most"""
_FIRST = """
SELECT min(coalesce(r.valid_from, r.announced_on)) FROM title_records r JOIN enterprises e ON e.uscc = r.uscc
WHERE r.title = :title AND {within} AND r.cancelled_kind IS DISTINCT FROM 'recorded_in_error'
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """An enterprise with the record that counts, or with the latest one and why it does not."""

    uscc: str
    name: str
    district_code: str | None
    status: str | None
    record_id: uuid.UUID
    document: str | None
    announced_on: dt.date | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    state: str
    reason: str | None
    begins_by: str
    """document | recording: what the beginning is taken from."""


class TitleCounts:
    """Implements services.registry.domain.programmes.counting.Counts on the title ledger."""

    def __init__(self, tx: Transaction, programme: Programme) -> None:
        self._session = tx.session
        self._programme = programme
        self._members: bool | None = None

    def missing(self, metric: Metric) -> str:
        if metric.unavailable or metric.counts in NO_REGISTER:
            return metric.unavailable or NO_REGISTER[metric.counts]
        if self._programme.members == "listed" and not self._has_members():
            return "计划的企业名单（开发区企业）尚未登记"
        return ""

    def subjects(self, metric: Metric, window: Window) -> int:
        raise ValueError(f"{metric.id} counts titles, of which no carrier has to have any")

    def count(self, metric: Metric, windows: Sequence[Window], area: str | None = None) -> Mapping[Window, int]:
        days = [window.until for window in windows if window.start is None]
        found = self._on_days(metric, days, area) if days else {}
        return {
            window: found.get(window.until, 0) if window.start is None else self._count(metric, window, area)
            for window in windows
        }

    def first(self, metric: Metric) -> dt.date | None:
        within, bound = prefixes("e.district_code", self._programme.areas, "a")
        query = text(_FIRST.format(within=within))
        found: dt.date | None = self._session.scalar(query, {"title": metric.title, **bound})
        return found

    def by_district(self, metric: Metric, window: Window) -> dict[str, int]:
        """GB/T 2260 code of six digits → how many are counted there."""
        judged, bound = self._judged(metric, window, area=None, whole=False)
        rows = self._session.execute(text(_BY_DISTRICT.format(judged=judged)), bound)
        return {row.district_code: row.number for row in rows}

    def by_park(self, metric: Metric, window: Window) -> dict[str, int]:
        """Id of a park → how many are counted of those that are in it on the last day."""
        judged, bound = self._judged(metric, window, area=None, whole=False)
        rows = self._session.execute(text(_BY_PARK.format(judged=judged, joined=JOINED)), bound)
        return {str(row.park_id): row.number for row in rows}

    def ending(self, metric: Metric, on: dt.date, before: dt.date) -> int:
        """How many of those counted on a day have a term that ends after it and not later than `before`."""
        spans, bound = self._spans(metric, None)
        among, other = _among(metric, "spans.uscc", "CAST(:on AS date)")
        query = text(_ENDING.format(spans=spans, among=among))
        return int(self._session.scalar(query, {**bound, **other, "on": on, "before": before}) or 0)

    def list_page(
        self,
        metric: Metric,
        window: Window,
        *,
        counted: bool,
        area: str | None,
        reason: str | None,
        seen: Sequence[str] | None,
        after: str | None,
        limit: int,
        park: uuid.UUID | None = None,
    ) -> list[Holder]:
        """Up to `limit + 1` enterprises by credit code; `seen` are the caller's areas (null: everywhere)."""
        judged, bound = self._judged(metric, window, area=area, whole=not counted)
        within, seen_bound = prefixes("district_code", seen, "s")
        within = f"{within} AND {in_park(park, 'best.uscc', seen_bound)}"
        wanted = {"counted": counted, "reason": reason, "after": after, "most": limit + 1}
        query = text(_HOLDERS.format(judged=judged, seen=within))
        return [_holder(row) for row in self._session.execute(query, {**bound, **seen_bound, **wanted})]

    def seen(
        self,
        metric: Metric,
        window: Window,
        area: str | None,
        seen: Sequence[str] | None,
        park: uuid.UUID | None = None,
    ) -> int:
        """How many of the counted lie in the caller's areas, and in the park."""
        if seen is None and park is None:
            return self.count(metric, [window], area)[window]
        return self._count(metric, window, area, seen, park)

    def _on_days(self, metric: Metric, days: Sequence[dt.date], area: str | None) -> dict[dt.date, int]:
        spans, bound = self._spans(metric, area)
        among, other = _among(metric, "s.uscc", "d.day")
        query = text(_ON_DAYS.format(spans=spans, among=among))
        rows = self._session.execute(query, {**bound, **other, "days": list(days)})
        return {row.day: row.number for row in rows}

    def _spans(self, metric: Metric, area: str | None) -> tuple[str, dict[str, Any]]:
        """From which day to which each record counts, for enterprises of the programme."""
        within, bound = prefixes("e.district_code", self._programme.areas, "a")
        candidates = within
        if area is not None:
            bound["part"] = f"{area}%"
            candidates = f"{within} AND e.district_code LIKE :part"
        listed = self._programme.members == "listed"
        if listed:
            bound["programme"] = self._programme.id
        statement = _SPANS.format(
            since=", m.since" if listed else "",
            until=", m.until" if listed else "",
            members=" JOIN programme_members m ON m.programme_id = :programme AND m.uscc = r.uscc" if listed else "",
            candidates=candidates,
        )
        return statement, bound | {"title": metric.title, "today": clock.today()}

    def _count(
        self,
        metric: Metric,
        window: Window,
        area: str | None,
        seen: Sequence[str] | None = None,
        park: uuid.UUID | None = None,
    ) -> int:
        judged, bound = self._judged(metric, window, area=area, whole=False)
        within, seen_bound = prefixes("district_code", seen, "s")
        within = f"{within} AND {in_park(park, 'judged.uscc', seen_bound)}"
        query = text(_COUNT.format(judged=judged, seen=within))
        return int(self._session.scalar(query, {**bound, **seen_bound}) or 0)

    def _has_members(self) -> bool:
        if self._members is None:
            query = text("SELECT EXISTS (SELECT 1 FROM programme_members WHERE programme_id = :programme)")
            self._members = bool(self._session.scalar(query, {"programme": self._programme.id}))
        return self._members

    def _judged(self, metric: Metric, window: Window, *, area: str | None, whole: bool) -> tuple[str, dict[str, Any]]:
        """The judging part of a statement; `whole` also looks at enterprises outside the programme's areas."""
        within, bound = prefixes("e.district_code", self._programme.areas, "a")
        candidates = "true" if whole else within
        if area is not None:
            bound["part"] = f"{area}%"
            candidates = f"{candidates} AND e.district_code LIKE :part"
        stock = window.start is None
        begins = "coalesce(d.begins, d.known_on)" if stock else "d.begins"
        among, other = _among(metric, "e.uscc", ":until")
        statement = _JUDGED.format(
            beyond=f"{begins} > :until",
            first="NULL::date" if stock else _FIRST_ACT,
            window=_STOCK if stock else _NEW,
            within=within,
            listed=_LISTED if self._programme.members == "listed" else "",
            among=f"WHEN NOT {among} THEN 'not_among'" if metric.among else "",
            candidates=candidates,
        )
        bound |= {"title": metric.title, "until": window.until, **other}
        bound |= {"today": clock.today()} if stock else {"start": window.start}
        if self._programme.members == "listed":
            bound["programme"] = self._programme.id
        return statement, bound


def _among(metric: Metric, uscc: str, day: str) -> tuple[str, dict[str, Any]]:
    """A condition that the enterprise holds the metric's other title on `day` (SQL), and its parameters."""
    return ("true", {}) if metric.among is None else holding((metric.among,), uscc, day)


def holding(titles: Sequence[str], uscc: str, day: str) -> tuple[str, dict[str, Any]]:
    """A condition that the enterprise holds one of `titles` on `day`; both are SQL. And its parameters."""
    return _HELD.format(uscc=uscc, day=day), {"holding": list(titles), "now": clock.today()}


def prefixes(column: str, wanted: Sequence[str] | None, name: str) -> tuple[str, dict[str, Any]]:
    """A condition that the code begins with one of the prefixes, and its parameters."""
    if wanted is None:
        return "true", {}
    bound = {f"{name}{number}": f"{prefix}%" for number, prefix in enumerate(wanted)}
    return "(" + (" OR ".join(f"{column} LIKE :{each}" for each in bound) or "false") + ")", dict(bound)


def _holder(row: Any) -> Holder:
    return Holder(
        uscc=row.uscc,
        name=row.name,
        district_code=row.district_code,
        status=row.status,
        record_id=row.id,
        document=row.document_number or row.decision_reference,
        announced_on=row.announced_on,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        state=row.state,
        reason=row.reason,
        begins_by="document" if row.begins is not None else "recording",
    )
