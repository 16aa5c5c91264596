"""A sheet of figures on its way into the register: what is on file already stays here, the rest is handed out and,
once it is decided, written set by set."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.store.announced import ANNOUNCED, make_room
from services.registry.store.bulk import move_versions
from services.registry.store.staging import StagedRow

PORTION = 2000
"""Enterprises looked at together: their figures fit into memory, should all of them be new."""

_COLUMNS = ("position", "sheet", "row", "uscc", "name_key", "fiscal_year", "facts", "stated")

Staged = tuple[int, str | None, int, str, str | None, int | None, str | None, str]
"""Position, sheet, row, code, key of the name if there is one; of a row that states plain values of one period, that
period and its facts; what the row says. The last two are JSON."""


@dataclass(frozen=True, slots=True)
class Portion:
    """So many rows of the file from the credit code `first` to `last`, and those that say what is not on file."""

    first: str
    last: str
    rows: int
    others: list[StagedRow]


@dataclass(slots=True)
class Recorded:
    """What a portion changes. Changed facts are JSON; `facts` is the period after it, null where that is the same."""

    periods: list[tuple[str, int, str, str | None]] = field(default_factory=list)
    """(code, fiscal year, changed, facts)"""
    enterprises: list[tuple[str, int, str, str | None]] = field(default_factory=list)
    """(code, version, ids of the changed facts as an array, district)"""
    sizes: list[tuple[str, int, str | None, str]] = field(default_factory=list)
    """(code, version after everything, size class, size reason)"""


def stage(tx: Transaction, rows: Iterable[Staged]) -> int:
    """Take in the sound rows; how many."""
    tx.session.execute(
        text(
            """
            CREATE TEMPORARY TABLE staged (
              position integer NOT NULL, sheet text, row integer NOT NULL, uscc text COLLATE "C" NOT NULL,
              name_key text COLLATE "C", fiscal_year smallint, facts jsonb, stated jsonb NOT NULL
            ) ON COMMIT DROP
            """
        )
    )
    count = tx.copy("staged", _COLUMNS, rows)
    tx.session.execute(text("CREATE INDEX ON staged (uscc, position)"))
    tx.session.execute(text("ANALYZE staged (uscc, position)"))
    tx.session.execute(
        text(
            """
            CREATE TEMPORARY TABLE recorded_periods (
              uscc text COLLATE "C", fiscal_year smallint, changed jsonb, facts jsonb) ON COMMIT DROP;
            CREATE TEMPORARY TABLE recorded_enterprises (
              uscc text COLLATE "C", version integer, changed text[], district_code text COLLATE "C") ON COMMIT DROP
            """
        )
    )
    make_room(tx)
    return count


def portions(tx: Transaction, areas: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Iterator[Portion]:
    """The sheet in rising order of the codes.

    `pairs` are the facts, (part, whole), of which the sheet states at least one: what is on file and cannot be true
    is handed out again, so that its sender is told.
    """
    after = ""
    differing = text(_DIFFERING.format(impossible=_impossible(pairs)))
    while True:
        first, last, rows = tx.session.execute(_NEXT, {"after": after, "most": PORTION - 1}).one()
        if not rows:
            return
        bounds = {"first": first, "last": last}
        given = {**bounds, "everywhere": "*" in areas, "areas": list(areas)}
        others = [StagedRow(*row) for row in tx.session.execute(differing, given)]
        yield Portion(first, last, rows, others)
        after = last


_NEXT = text(
    """
    SELECT min(uscc), max(uscc), count(*) FROM staged
    WHERE uscc > :after AND uscc <= coalesce(
      (SELECT DISTINCT uscc FROM staged WHERE uscc > :after ORDER BY uscc OFFSET :most LIMIT 1),
      (SELECT max(uscc) FROM staged))
    """
)

# On file is what a row says when every value of it is there with its source, and its date if it has one: the values
# are plain, so that containing them is being equal to them. Rows of one period together may contradict one another.
_DIFFERING = """
    WITH looked_at AS (
      SELECT s.uscc,
        bool_and(coalesce(
          e.uscc IS NOT NULL AND e.dissolved_into IS NULL
          AND (:everywhere OR e.district_code ^@ ANY (CAST(:areas AS text[])))
          AND (s.name_key IS NULL OR s.name_key = e.name_key) AND f.facts @> s.facts AND NOT ({impossible}), false))
        AND count(*) = count(DISTINCT s.fiscal_year) AS on_file
      FROM staged s
      LEFT JOIN enterprises e ON e.uscc = s.uscc
      LEFT JOIN facts_current f ON f.uscc = s.uscc AND f.fiscal_year = s.fiscal_year
      WHERE s.uscc BETWEEN :first AND :last GROUP BY s.uscc
    )
    SELECT s.position, s.sheet, s.row, s.uscc, s.stated FROM staged s JOIN looked_at USING (uscc)
    WHERE s.uscc BETWEEN :first AND :last AND NOT on_file ORDER BY s.uscc, s.position
    """


def _impossible(pairs: Sequence[tuple[str, str]]) -> str:
    """Whether a part on file is above its whole, in SQL. Ids of facts are small letters, digits and underscores."""
    value = "CAST(f.facts -> '{}' ->> 'value' AS numeric)"
    return (
        " OR ".join(f"coalesce({value.format(part)} > {value.format(whole)}, false)" for part, whole in pairs)
        or "false"
    )


def write(tx: Transaction, recorded: Recorded, *, by: str, import_id: uuid.UUID, at: dt.datetime) -> None:
    """Append the revisions, put the periods into their place, move the versions of the enterprises, which are locked,
    and leave in `announced` what is to be told: the payload is what FactsRecorded carries."""
    tx.session.execute(text("TRUNCATE recorded_periods, recorded_enterprises"))
    tx.copy("recorded_periods", ("uscc", "fiscal_year", "changed", "facts"), recorded.periods)
    tx.copy("recorded_enterprises", ("uscc", "version", "changed", "district_code"), recorded.enterprises)
    tx.session.execute(
        text(
            """
            INSERT INTO fact_revisions (uscc, fiscal_year, changed, recorded_at, recorded_by, import_id)
            SELECT uscc, fiscal_year, changed, :at, :by, :import_id FROM recorded_periods ORDER BY uscc, fiscal_year
            """
        ),
        {"at": at, "by": by, "import_id": import_id},
    )
    tx.session.execute(
        text(
            """
            INSERT INTO facts_current (uscc, fiscal_year, facts, changed_at)
            SELECT uscc, fiscal_year, coalesce(facts, changed), :at FROM recorded_periods ORDER BY uscc, fiscal_year
            ON CONFLICT (uscc, fiscal_year) DO UPDATE SET facts = excluded.facts, changed_at = excluded.changed_at
            WHERE facts_current.facts IS DISTINCT FROM excluded.facts
            """
        ),
        {"at": at},
    )
    move_versions(tx, recorded.sizes, at)
    tx.session.execute(
        text(
            f"""
            INSERT INTO {ANNOUNCED} (subject, changed, district_code, payload)
            SELECT uscc, e.changed, e.district_code, jsonb_build_object(
              'uscc', uscc, 'version', e.version, 'changed', to_jsonb(e.changed), 'periods', p.periods)
            FROM recorded_enterprises e JOIN (
              SELECT uscc, jsonb_agg(jsonb_build_object('fiscal_year', fiscal_year, 'facts', coalesce(facts, changed))
                                     ORDER BY fiscal_year) AS periods
              FROM recorded_periods GROUP BY uscc) p USING (uscc)
            """  # noqa: S608 - a name of our own
        )
    )
