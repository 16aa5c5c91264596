"""A list of enterprises on its way into the register: staged in typed columns, sorted, and written set by set.

What many rows have in common is decided here for all of them at once; rows that need a word to their sender, or that
change what is on file, are handed out one by one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.domain.enterprises import FIELDS
from services.registry.domain.standing import UNKNOWN
from services.registry.store.announced import ANNOUNCED, make_room
from services.registry.store.staging import StagedRow

PORTION = 5000
"""Enterprises written together: large enough for set-based SQL; should all of them change, they fit into memory."""

COLUMNS = ("position", "sheet", "row", "uscc", "name_key", *FIELDS, "park")

_SORT_MEMORY = "64MB"

_STAGED = """
    CREATE TEMPORARY TABLE {} (
      position integer NOT NULL, sheet text, row integer NOT NULL, uscc text COLLATE "C" NOT NULL,
      name_key text COLLATE "C" NOT NULL, name text NOT NULL, registered_address text, actual_address text,
      district_code text COLLATE "C", industry_code text COLLATE "C", established_on date,
      registered_capital numeric, registered_capital_currency text, status text, risk_flags text[],
      listing_status text, synthetic boolean, park text
    ) ON COMMIT DROP
    """


@dataclass(frozen=True, slots=True)
class Portion:
    """The credit codes from `first` to `last`: so many rows of the file, for so many enterprises."""

    first: str
    last: str
    rows: int
    enterprises: int


@dataclass(frozen=True, slots=True)
class Described:
    """What an industry is called, and the size class of an enterprise in it of which no figure is known."""

    code: str | None
    name: str | None
    size_class: str | None
    size_reason: str


def stage(tx: Transaction, rows: Iterable[Sequence[Any]]) -> int:
    """Take in the sound rows as COLUMNS, dates and amounts as text; how many."""
    tx.session.execute(text(_STAGED.format("staged")))
    count = tx.copy("staged", COLUMNS, rows)
    tx.session.execute(text(f"SET LOCAL work_mem = '{_SORT_MEMORY}'"))
    # Sorted once, so that a portion lies together and nothing has to be looked for.
    tx.session.execute(
        text(
            """
            CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
            SELECT *, CAST(row_number() OVER (PARTITION BY uscc ORDER BY position) AS integer) AS nth
            FROM staged ORDER BY uscc, position
            """
        )
    )
    tx.session.execute(text("DROP TABLE staged"))
    tx.session.execute(text("CREATE INDEX ON listed (uscc, nth)"))
    tx.session.execute(text("ANALYZE listed (uscc, nth)"))
    return count


def stated_codes(tx: Transaction) -> tuple[list[str | None], list[str | None]]:
    """The district codes and the industry codes that the list states."""
    districts, industries = (
        list(tx.session.scalars(text(f"SELECT DISTINCT {column} FROM listed")))  # noqa: S608 - our own columns
        for column in ("district_code", "industry_code")
    )
    return districts, industries


def describe(tx: Transaction, districts: Iterable[tuple[str, str | None]], industries: Iterable[Described]) -> None:
    """Put beside the list what its codes are called and mean, and make room for what is to be announced."""
    tx.session.execute(
        text(
            """
            CREATE TEMPORARY TABLE listed_districts (code text COLLATE "C" PRIMARY KEY, name text) ON COMMIT DROP;
            CREATE TEMPORARY TABLE listed_industries (
              code text COLLATE "C" PRIMARY KEY, name text, size_class text, size_reason text) ON COMMIT DROP
            """
        )
    )
    make_room(tx)
    tx.copy("listed_districts", ("code", "name"), districts)
    rows = ((each.code or "", each.name, each.size_class, each.size_reason) for each in industries)
    tx.copy("listed_industries", ("code", "name", "size_class", "size_reason"), rows)
    tx.session.execute(text("ANALYZE listed_districts, listed_industries"))


def portions(tx: Transaction) -> Iterator[Portion]:
    """The list in rising order of the codes."""
    after = ""
    while True:
        first, last, rows, enterprises = tx.session.execute(
            text(
                """
                SELECT min(uscc), max(uscc), count(*), count(*) FILTER (WHERE nth = 1) FROM listed
                WHERE uscc > :after AND uscc <= coalesce(
                  (SELECT uscc FROM listed WHERE uscc > :after AND nth = 1 ORDER BY uscc OFFSET :most LIMIT 1),
                  (SELECT max(uscc) FROM listed))
                """
            ),
            {"after": after, "most": PORTION - 1},
        ).one()
        if not rows:
            return
        yield Portion(first, last, rows, enterprises)
        after = last


_STATED = "jsonb_strip_nulls(jsonb_build_object({}))".format(
    ", ".join(
        f"'{name}', {{0}}.{name}" + ("::text" if name == "registered_capital" else "") for name in (*FIELDS, "park")
    )
)
"""What a row says, as one JSON object: the form in which the rows of other lists are staged."""

_ROW = f"{{0}}.position, {{0}}.sheet, {{0}}.row, {{0}}.uscc, {_STATED} AS stated"
_WITHIN = "(:everywhere OR coalesce({0}.district_code ^@ ANY (CAST(:areas AS text[])), false))"


def repeated(tx: Transaction, portion: Portion) -> list[tuple[StagedRow, StagedRow]]:
    """Rows whose code an earlier one has, each with the first of that code."""
    found = tx.session.execute(
        text(
            f"""
            SELECT {_ROW.format("s")}, f.position, f.sheet, f.row, f.uscc, {_STATED.format("f")} AS first_stated
            FROM listed s JOIN listed f ON f.uscc = s.uscc AND f.nth = 1
            WHERE s.uscc BETWEEN :first AND :last AND s.nth > 1 ORDER BY s.uscc, s.nth
            """  # noqa: S608 - names of our own columns
        ),
        _bounds(portion),
    )
    return [(StagedRow(*row[:5]), StagedRow(*row[5:])) for row in found]


def new_outside(tx: Transaction, portion: Portion, areas: Sequence[str]) -> list[StagedRow]:
    """New enterprises that the list puts outside `areas`, or nowhere."""
    if "*" in areas:
        return []
    found = tx.session.execute(
        text(
            f"""
            SELECT {_ROW.format("s")} FROM listed s
            WHERE s.uscc BETWEEN :first AND :last AND s.nth = 1 AND NOT {_WITHIN.format("s")}
              AND NOT EXISTS (SELECT 1 FROM enterprises e WHERE e.uscc = s.uscc)
            ORDER BY s.uscc
            """  # noqa: S608 - names of our own columns
        ),
        {**_bounds(portion), **_areas(areas)},
    )
    return [StagedRow(*row) for row in found]


def count_new(tx: Transaction, portion: Portion, areas: Sequence[str]) -> int:
    """New enterprises within `areas`."""
    found: int = tx.session.execute(
        text(f"SELECT count(*) {_NEW}"),
        {**_bounds(portion), **_areas(areas)},
    ).scalar_one()
    return found


def new_with_park(tx: Transaction, portion: Portion, areas: Sequence[str]) -> list[StagedRow]:
    """New enterprises within `areas` that the list puts into a park."""
    found = tx.session.execute(
        text(f"SELECT {_ROW.format('s')} {_NEW} AND s.park IS NOT NULL ORDER BY s.uscc"),
        {**_bounds(portion), **_areas(areas)},
    )
    return [StagedRow(*row) for row in found]


def registered_with_park(tx: Transaction, portion: Portion) -> list[StagedRow]:
    """Of those that have just been registered and are still to be told, the ones that the list puts into a park."""
    found = tx.session.execute(
        text(
            f"""
            SELECT {_ROW.format("s")} FROM listed s
            WHERE s.uscc BETWEEN :first AND :last AND s.nth = 1 AND s.park IS NOT NULL
              AND s.uscc IN (SELECT subject FROM {ANNOUNCED})
            ORDER BY s.uscc
            """  # noqa: S608 - names of our own columns
        ),
        _bounds(portion),
    )
    return [StagedRow(*row) for row in found]


_NEW = f"""
    FROM listed s
    JOIN listed_industries i ON i.code = coalesce(s.industry_code, '')
    LEFT JOIN listed_districts d ON d.code = s.district_code
    WHERE s.uscc BETWEEN :first AND :last AND s.nth = 1 AND {_WITHIN.format("s")}
      AND NOT EXISTS (SELECT 1 FROM enterprises e WHERE e.uscc = s.uscc)
    """  # noqa: S608 - constants

_TAKEN = ("name_key", *(name for name in FIELDS if name not in ("risk_flags", "synthetic")))
"""Columns that are taken as they are stated; the other two are never null."""


def register(tx: Transaction, portion: Portion, areas: Sequence[str], at: dt.datetime) -> int:
    """Register the new ones within `areas` in rising order, and leave in `announced` what is to be told; how many.

    Fewer than count_new says where another transaction was faster. The payload is what EnterpriseRegistered carries.
    """
    names = ", ".join(_TAKEN)
    done = tx.session.execute(
        text(
            f"""
            WITH registered AS (
              INSERT INTO enterprises AS e ({names}, uscc, risk_flags, synthetic, size_class, size_reason, version,
                                      registered_at, changed_at)
              SELECT {", ".join(f"s.{name}" for name in _TAKEN)}, s.uscc, coalesce(s.risk_flags, '{{}}'),
                     coalesce(s.synthetic, false), i.size_class, i.size_reason, 1, :at, :at
              {_NEW} ORDER BY s.uscc
              ON CONFLICT (uscc) DO NOTHING RETURNING e.*
            )
            INSERT INTO {ANNOUNCED} (subject, changed, district_code, payload)
            SELECT e.uscc, '{{}}', e.district_code, jsonb_build_object(
              'uscc', e.uscc, 'version', 1, 'enterprise', jsonb_build_object(
                'uscc', e.uscc, 'name', e.name, 'district_code', e.district_code, 'district_name', d.name,
                'industry_code', e.industry_code, 'industry_name', i.name, 'size_class', e.size_class,
                'status', coalesce(e.status, '{UNKNOWN}'), 'established_on', e.established_on,
                'listing_status', e.listing_status, 'risk_flags', e.risk_flags, 'synthetic', e.synthetic))
            FROM registered e
            JOIN listed_industries i ON i.code = coalesce(e.industry_code, '')
            LEFT JOIN listed_districts d ON d.code = e.district_code
            """  # noqa: S608 - names of our own columns
        ),
        {**_bounds(portion), **_areas(areas), "at": at},
    )
    return int(done.rowcount)  # type: ignore[attr-defined]


def lock_others(
    tx: Transaction, portion: Portion, areas: Sequence[str], placed: Sequence[str]
) -> list[tuple[StagedRow, Any]]:
    """Each row that says something else than is on file, that states a park, or whose enterprise is outside `areas` or
    dissolved, with that enterprise; but for those just registered and put into their parks, `placed`.

    These are locked in rising order. A row that says what is on file needs no lock: nothing is written for it.
    """
    differs = " OR ".join(f"(s.{name} IS NOT NULL AND s.{name} IS DISTINCT FROM e.{name})" for name in FIELDS)
    within = f"({_WITHIN.format('e')} AND (s.district_code IS NULL OR {_WITHIN.format('s')}))"
    found = tx.session.execute(
        text(
            f"""
            SELECT s.position, s.sheet, s.row, s.uscc AS stated_of, {_STATED.format("s")} AS stated, e.*
            FROM listed s JOIN enterprises e ON e.uscc = s.uscc
            WHERE s.uscc BETWEEN :first AND :last AND e.uscc BETWEEN :first AND :last AND s.nth = 1
              AND ({differs} OR s.park IS NOT NULL OR e.dissolved_into IS NOT NULL OR NOT {within})
              AND NOT s.uscc = ANY (CAST(:placed AS text[]))
            ORDER BY e.uscc FOR UPDATE OF e
            """  # noqa: S608 - names of our own columns
        ),
        {**_bounds(portion), **_areas(areas), "placed": list(placed)},
    )
    return [(StagedRow(*row[:5]), row) for row in found]


def _bounds(portion: Portion) -> dict[str, str]:
    return {"first": portion.first, "last": portion.last}


def _areas(areas: Sequence[str]) -> dict[str, Any]:
    return {"everywhere": "*" in areas, "areas": list(areas)}
