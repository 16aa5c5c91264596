"""Counts certified items, pool, carriers, projects and cases for programmes, and shows of every entry why it counts
or not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.model import LEVELLED, Metric, Programme
from services.registry.store.parks import JOINED, in_park
from services.registry.store.programme_counts import holding, prefixes

# Every register as the same relation. `unit` is what counts once; `gone_on` the day from which an entry is no more.
_SUBJECT = 'coalesce(i.uscc, CAST(i.carrier_id AS text) COLLATE "C")'
_UNITS = {
    "subject": _SUBJECT,
    # What neither name nor number tells apart is one, for instance the same centre at a higher level.
    "item": _SUBJECT
    + r""" || '/' || i.kind || '/' || CASE
             WHEN i.name IS NOT NULL THEN lower(regexp_replace(normalize(i.name, NFKC), '\s', '', 'g'))
             WHEN i.number IS NOT NULL THEN '#' || i.item_key ELSE '' END""",
}
_ITEMS = """
    SELECT i.id, ({unit}) COLLATE "C" AS unit, i.uscc, i.carrier_id, coalesce(e.name, c.name) AS subject,
           coalesce(e.district_code, c.district_code) AS district_code, i.kind, i.level, i.name AS label, i.number,
           coalesce(i.document_number, i.decision_reference) AS document, i.certified_on AS begins,
           i.valid_from, i.valid_to AS ends, i.revoked_on AS gone_on
    FROM certified_items i LEFT JOIN enterprises e ON e.uscc = i.uscc LEFT JOIN carriers c ON c.id = i.carrier_id
    WHERE i.kind = ANY(:kinds)"""
_POOL = """
    SELECT p.id, p.uscc AS unit, p.uscc, CAST(NULL AS uuid) AS carrier_id, e.name AS subject, e.district_code,
           p.pool AS kind, p.tier AS level, p.reason AS label, NULL AS number, p.document, p.entered_on AS begins,
           CAST(NULL AS date) AS valid_from, CAST(NULL AS date) AS ends, p.left_on AS gone_on
    FROM pool_entries p JOIN enterprises e ON e.uscc = p.uscc WHERE p.pool = ANY(:kinds)"""
_CARRIERS = """
    SELECT c.id, CAST(c.id AS text) COLLATE "C" AS unit, CAST(NULL AS text) AS uscc, c.id AS carrier_id,
           c.name AS subject, c.district_code, c.kind, CAST(NULL AS text) AS level, c.address AS label, NULL AS number,
           NULL AS document, (c.recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS begins,
           CAST(NULL AS date) AS valid_from, CAST(NULL AS date) AS ends, c.closed_on AS gone_on
    FROM carriers c WHERE c.kind = ANY(:kinds)"""
_PROJECTS = """
    SELECT m.id, CAST(m.id AS text) COLLATE "C" AS unit, m.uscc, CAST(NULL AS uuid) AS carrier_id, m.name AS subject,
           m.district_code, m.stage AS kind, m.level, m.name AS label, m.number, m.document_number AS document,
           m.entered_on AS begins, CAST(NULL AS date) AS valid_from, CAST(NULL AS date) AS ends, m.left_on AS gone_on
    FROM major_projects m"""
_CASES = """
    SELECT t.id, CAST(t.id AS text) COLLATE "C" AS unit, t.uscc, t.carrier_id, t.title AS subject, t.district_code,
           t.theme AS kind, t.level, t.published_by AS label, NULL AS number, t.source AS document,
           t.published_on AS begins, CAST(NULL AS date) AS valid_from, CAST(NULL AS date) AS ends,
           CAST(NULL AS date) AS gone_on
    FROM typical_cases t WHERE cardinality(CAST(:kinds AS text[])) = 0 OR t.theme = ANY(:kinds)"""
_SOURCES = {"pool": _POOL, "carriers": _CARRIERS, "projects": _PROJECTS, "cases": _CASES}
_GONE = {"pool": "left", "projects": "left", "carriers": "closed"}
_LASTING = ("pool", "projects")
"""Registers where an entry was an entry, even if it has left since; an item that was revoked counts for nothing."""

_JUDGED = """
WITH entries AS ({source}), found AS (
    SELECT x.*, {fits} AS fits, min(x.begins) FILTER (WHERE {fits}) OVER (PARTITION BY x.unit) AS first_begins
    FROM entries x WHERE {candidates}
), judged AS (
    SELECT x.*,
           CASE
               WHEN NOT x.fits THEN 'other_level'
               WHEN x.begins > :until THEN 'later'
               {window}
               WHEN x.district_code IS NULL THEN 'district_missing'
               WHEN NOT ({within}) THEN 'outside'
               {listed}
               {holders}
           END AS reason
    FROM found x
)
"""
_LISTED = """
               WHEN NOT EXISTS (
                   SELECT 1 FROM programme_members m
                   WHERE m.programme_id = :programme AND m.uscc = x.uscc
                     AND (m.since IS NULL OR m.since <= :until) AND (m.until IS NULL OR m.until >= :until)
               ) THEN 'not_listed'"""
# Of every carrier of a kind: whether it has as many items in force on the day as it has to have.
_EACH = """
WITH judged AS (
    SELECT c.id, CAST(c.id AS text) COLLATE "C" AS unit, CAST(NULL AS text) AS uscc, c.id AS carrier_id,
           c.name AS subject, c.district_code, c.kind, CAST(NULL AS text) AS level, CAST(NULL AS text) AS label,
           CAST(NULL AS text) AS number, CAST(NULL AS text) AS document, CAST(NULL AS date) AS begins,
           CAST(NULL AS date) AS valid_from, CAST(NULL AS date) AS ends, c.closed_on AS gone_on,
           CASE
               WHEN c.closed_on <= :until THEN 'closed'
               WHEN NOT ({within}) THEN 'outside'
               WHEN (
                   SELECT count(DISTINCT x.unit) FROM ({source}) x
                   WHERE x.carrier_id = c.id AND {fits} AND x.begins <= :until
                     AND (x.gone_on IS NULL OR x.gone_on > :until) AND (x.ends IS NULL OR x.ends >= :until)
               ) < :least THEN 'lacks'
           END AS reason
    FROM carriers c WHERE c.kind = :each AND {candidates}
)
"""

# The same for many days at once: from which day to which an entry counts. Held to the judged list by the tests.
_SPANS = """
WITH entries AS ({source}), spans AS (
    SELECT x.unit, x.uscc, greatest(x.begins{since}) AS begins, least(x.ends, x.gone_on - 1{until}) AS ends
    FROM entries x{members} WHERE {candidates} AND {fits}
)
"""
_ON_DAYS = """{spans}
SELECT d.day, count(DISTINCT s.unit) AS number
FROM unnest(CAST(:days AS date[])) AS d(day)
JOIN spans s ON s.begins <= d.day AND (s.ends IS NULL OR s.ends >= d.day)
WHERE {holders}
GROUP BY d.day"""
_COUNT = "{judged} SELECT count(DISTINCT unit) FROM judged WHERE reason IS NULL AND {seen}"
_SUBJECTS = "{judged} SELECT count(*) FROM judged WHERE reason IS NULL OR reason = 'lacks'"
_BY_DISTRICT = (
    "{judged} SELECT district_code, count(DISTINCT unit) AS number FROM judged WHERE reason IS NULL GROUP BY 1"
)
_BY_PARK = """{judged} SELECT s.park_id, count(DISTINCT judged.unit) AS number FROM judged {joined}
WHERE reason IS NULL GROUP BY 1"""
_ENDING = """{spans} SELECT count(*) FROM (
    SELECT unit FROM spans s WHERE begins <= :on AND (ends IS NULL OR ends >= :on) AND {holders}
    GROUP BY unit HAVING bool_and(ends IS NOT NULL AND ends <= :before)
) AS ending"""
_LIST = """{judged}, best AS (
    SELECT DISTINCT ON (unit) * FROM judged ORDER BY unit, (reason IS NULL) DESC, begins DESC, id DESC
)
SELECT * FROM best
WHERE (reason IS NULL) = :counted AND (CAST(:reason AS text) IS NULL OR reason = :reason)
  AND (CAST(:after AS text) IS NULL OR unit > :after) AND {seen}
ORDER BY unit LIMIT :most"""
_FIRST = "SELECT min(x.begins) FROM ({source}) x WHERE {within} AND {fits}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a register that counts, or the latest one of its kind and why it does not.

    `unit` is what counts once. `subject` is the name of the enterprise or the carrier, of a project or a case its own.
    """

    record_id: uuid.UUID
    unit: str
    uscc: str | None
    carrier_id: uuid.UUID | None
    subject: str
    district_code: str | None
    kind: str | None
    level: str | None
    label: str | None
    number: str | None
    document: str | None
    begins: dt.date | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    gone_on: dt.date | None
    reason: str | None
    begins_by: str
    """document | recording: what the beginning is taken from."""


class RegisterCounts:
    """Counts of all registers but the title ledger, in the shape of counting.Counts."""

    def __init__(self, tx: Transaction, programme: Programme) -> None:
        self._session = tx.session
        self._programme = programme

    def count(self, metric: Metric, windows: Sequence[Window], area: str | None = None) -> Mapping[Window, int]:
        days = [window.until for window in windows if window.start is None and metric.each is None]
        found = self._on_days(metric, days, area) if days else {}
        return {
            window: found.get(window.until, 0) if window.until in days else self._count(metric, window, area)
            for window in windows
        }

    def subjects(self, metric: Metric, window: Window) -> int:
        judged, bound = self._judged(metric, window, area=None, whole=False)
        return int(self._session.scalar(text(_SUBJECTS.format(judged=judged)), bound) or 0)

    def first(self, metric: Metric) -> dt.date | None:
        within, bound = prefixes("x.district_code", self._programme.areas, "a")
        fits, narrowed = self._narrowed(metric)
        query = text(_FIRST.format(source=_source(metric), within=within, fits=fits))
        found: dt.date | None = self._session.scalar(query, {**bound, **narrowed})
        return found

    def by_district(self, metric: Metric, window: Window) -> dict[str, int]:
        """GB/T 2260 code of six digits → how many are counted there."""
        judged, bound = self._judged(metric, window, area=None, whole=False)
        rows = self._session.execute(text(_BY_DISTRICT.format(judged=judged)), bound)
        return {row.district_code: row.number for row in rows}

    def by_park(self, metric: Metric, window: Window) -> dict[str, int]:
        """Id of a park → how many are counted of the enterprises that are in it on the last day."""
        judged, bound = self._judged(metric, window, area=None, whole=False)
        rows = self._session.execute(text(_BY_PARK.format(judged=judged, joined=JOINED)), bound)
        return {str(row.park_id): row.number for row in rows}

    def ending(self, metric: Metric, on: dt.date, before: dt.date) -> int:
        spans, bound = self._spans(metric, None)
        holders, held = _holders(metric, "s.uscc", "CAST(:on AS date)")
        query = text(_ENDING.format(spans=spans, holders=holders))
        return int(self._session.scalar(query, {**bound, **held, "on": on, "before": before}) or 0)

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
    ) -> list[Entry]:
        """Up to `limit + 1` entries by `unit`; `seen` are the caller's areas (null: everywhere)."""
        judged, bound = self._judged(metric, window, area=area, whole=not counted)
        within, seen_bound = prefixes("district_code", seen, "s")
        within = f"{within} AND {in_park(park, 'best.uscc', seen_bound)}"
        wanted = {"counted": counted, "reason": reason, "after": after, "most": limit + 1}
        query = text(_LIST.format(judged=judged, seen=within))
        rows = self._session.execute(query, {**bound, **seen_bound, **wanted})
        return [_entry(row, metric) for row in rows]

    def seen(
        self,
        metric: Metric,
        window: Window,
        area: str | None,
        seen: Sequence[str] | None,
        park: uuid.UUID | None = None,
    ) -> int:
        """How many of the counted lie in the caller's areas, and in the park."""
        return self._count(metric, window, area, seen, park)

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

    def _on_days(self, metric: Metric, days: Sequence[dt.date], area: str | None) -> dict[dt.date, int]:
        spans, bound = self._spans(metric, area)
        holders, held = _holders(metric, "s.uscc", "d.day")
        query = text(_ON_DAYS.format(spans=spans, holders=holders))
        rows = self._session.execute(query, {**bound, **held, "days": list(days)})
        return {row.day: row.number for row in rows}

    def _spans(self, metric: Metric, area: str | None) -> tuple[str, dict[str, Any]]:
        within, bound = prefixes("x.district_code", self._programme.areas, "a")
        fits, narrowed = self._narrowed(metric)
        listed = self._programme.members == "listed"
        statement = _SPANS.format(
            source=_source(metric),
            since=", m.since" if listed else "",
            until=", m.until" if listed else "",
            members=" JOIN programme_members m ON m.programme_id = :programme AND m.uscc = x.uscc" if listed else "",
            candidates=_in_part(within, "x", area, bound),
            fits=fits,
        )
        return statement, bound | narrowed | ({"programme": self._programme.id} if listed else {})

    def _judged(self, metric: Metric, window: Window, *, area: str | None, whole: bool) -> tuple[str, dict[str, Any]]:
        """The judging part of a statement; `whole` also looks at what lies outside the programme's areas."""
        place = "x" if metric.each is None else "c"
        within, bound = prefixes(f"{place}.district_code", self._programme.areas, "a")
        candidates = _in_part("true" if whole else within, place, area, bound)
        fits, narrowed = self._narrowed(metric)
        bound |= narrowed | {"until": window.until}
        if metric.each is not None:
            statement = _EACH.format(source=_source(metric), within=within, fits=fits, candidates=candidates)
            return statement, bound | {"each": metric.each, "least": metric.least}
        gone = f"WHEN x.gone_on <= :until THEN '{_GONE.get(metric.counts, 'revoked')}'"
        if window.start is None:
            conditions = f"{gone} WHEN x.ends < :until THEN 'expired'"
        else:
            bound["start"] = window.start
            conditions = "WHEN x.first_begins < :start THEN 'before_window'"
            if metric.counts not in _LASTING:
                conditions = f"{gone} {conditions}"
        holders, held = _holders(metric, "x.uscc", ":until")
        listed = self._programme.members == "listed"
        statement = _JUDGED.format(
            source=_source(metric),
            fits=fits,
            candidates=candidates,
            window=conditions,
            within=within,
            listed=_LISTED if listed else "",
            holders=f"WHEN NOT {holders} THEN 'not_holder'" if metric.holders else "",
        )
        return statement, bound | held | ({"programme": self._programme.id} if listed else {})

    def _narrowed(self, metric: Metric) -> tuple[str, dict[str, Any]]:
        """A condition that an entry is of the levels that count, and the parameters of source and condition."""
        bound: dict[str, Any] = {} if metric.counts == "projects" else {"kinds": list(metric.kinds)}
        if not metric.levels:
            return "true", bound
        return "x.level = ANY(:levels)", bound | {"levels": list(metric.levels)}


def _source(metric: Metric) -> str:
    return _ITEMS.format(unit=_UNITS[metric.once]) if metric.counts in LEVELLED else _SOURCES[metric.counts]


def _in_part(condition: str, place: str, area: str | None, bound: dict[str, Any]) -> str:
    """`condition` narrowed to a part of the programme; its parameter is put into `bound`."""
    if area is None:
        return condition
    bound["part"] = f"{area}%"
    return f"{condition} AND {place}.district_code LIKE :part"


def _holders(metric: Metric, uscc: str, day: str) -> tuple[str, dict[str, Any]]:
    return holding(metric.holders, uscc, day) if metric.holders else ("true", {})


def _entry(row: Any, metric: Metric) -> Entry:
    return Entry(
        record_id=row.id,
        unit=row.unit,
        uscc=row.uscc,
        carrier_id=row.carrier_id,
        subject=row.subject,
        district_code=row.district_code,
        kind=row.kind,
        level=row.level,
        label=row.label,
        number=row.number,
        document=row.document,
        begins=row.begins,
        valid_from=row.valid_from,
        valid_to=row.ends,
        gone_on=row.gone_on,
        reason=row.reason,
        begins_by="recording" if metric.counts == "carriers" else "document",
    )
