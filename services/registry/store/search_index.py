"""The index of names: written from what the registry holds, kept in step by following the change feed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from chassis import clock
from chassis.db import Database, Transaction
from services.registry.domain.periods import last_complete_year
from services.registry.domain.search.classes import band_of, tier_of, weight_of
from services.registry.domain.search.places import place_names
from services.registry.domain.search.readings import readings
from services.registry.domain.search.tokens import (
    district_tokens,
    filter_token,
    index_name,
    industry_tokens,
    sample_tokens,
)
from services.registry.domain.standing import UNKNOWN
from services.registry.domain.titles import HELD
from services.registry.store.reference import Reference, reference

BATCH = 2000
"""Enterprises indexed in one transaction: about a second of work."""

MOST_COUNTED = 100_000
"""Whoever asks how many wait shall not wait for the counting of a million."""

_COLUMNS = ("uscc", "name_key", "core", "pinyin", "initials", "weight", "version", "tokens")
_NAME = "names"
_latest_places: tuple[str, frozenset[str]] = ("", frozenset())  # immutable, named by the edition's hash


def index_enterprises(tx: Transaction, codes: Sequence[str]) -> int:
    """Index these enterprises as they now stand; how many. What the index knows of a later version stays."""
    tx.session.flush()
    known = reference(tx)
    places = _places(known)
    spoken = readings()
    titles = _titles_of(tx, codes)
    bands = _bands_of(tx, codes)
    parks = {row.uscc: row.park_id for row in tx.session.execute(_PARKS, {"codes": list(codes)})}
    rows = []
    for row in tx.session.execute(_ENTERPRISES, {"codes": list(codes)}):
        held = titles.get(row.uscc, set())
        name = index_name(row.name_key, places, spoken)
        weight = weight_of(held, row.size_class)
        tokens = [*name.tokens, *_classes(row, held, weight, known), *bands.get(row.uscc, ())]
        if row.uscc in parks:
            tokens.append(filter_token("park", str(parks[row.uscc])))
        rows.append(
            (row.uscc, row.name_key, name.core, name.pinyin, name.initials, weight, row.version, sorted(set(tokens)))
        )
    if rows:
        tx.session.execute(_INCOMING)
        tx.copy("incoming_search_names", _COLUMNS, rows)
        tx.session.execute(_TAKE_OVER)
    return len(rows)


def forget_enterprise(tx: Transaction, uscc: str) -> None:
    """Take a closed file out of the index."""
    tx.session.execute(text("DELETE FROM search_names WHERE uscc = :uscc"), {"uscc": uscc})


def follow(tx: Transaction, limit: int = BATCH) -> int:
    """Index what has changed since, else the next of those not indexed yet; how many changes or enterprises.

    The only writer of the progress. What changes while older enterprises are being indexed goes first.
    """
    tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('search-index', 7))"))
    seq, filled = _progress(tx)
    changes = tx.session.execute(
        text("SELECT seq, subject FROM changes WHERE seq > :seq ORDER BY seq LIMIT :limit"),
        {"seq": seq, "limit": limit},
    ).all()
    if changes:
        index_enterprises(tx, sorted({each.subject for each in changes}))
        _move(tx, changes[-1].seq, filled)
        return len(changes)
    if filled is None:
        return 0
    codes = list(
        tx.session.scalars(
            text("SELECT uscc FROM enterprises WHERE uscc > :filled ORDER BY uscc LIMIT :limit"),
            {"filled": filled, "limit": limit},
        )
    )
    index_enterprises(tx, codes)
    _move(tx, seq, codes[-1] if len(codes) == limit else None)
    return len(codes)


def waiting(tx: Transaction) -> int:
    """How many changes and, on the first filling, enterprises wait to be indexed; of each MOST_COUNTED at most."""
    found: int = tx.session.execute(_WAITING, {"most": MOST_COUNTED}).scalar_one()
    return found


def waiting_codes(tx: Transaction, most: int) -> list[str] | None:
    """The enterprises that changed since the index was last brought up to date; None when they are more than `most`."""
    if tx.session.execute(_FILLING).scalar_one():
        return None
    codes = list(tx.session.scalars(_CHANGED, {"most": most + 1}))
    return None if len(codes) > most else codes


def _progress(tx: Transaction) -> tuple[int, str | None]:
    row = tx.session.execute(text("SELECT seq, filled FROM search_progress WHERE name = 'names'")).one_or_none()
    if row is not None:
        return row.seq, row.filled
    seq = tx.session.execute(text("SELECT coalesce(max(seq), 0) FROM changes")).scalar_one()
    return seq, ""


def _move(tx: Transaction, seq: int, filled: str | None) -> None:
    tx.session.execute(
        text(
            """
            INSERT INTO search_progress (name, seq, filled, changed_at) VALUES (:name, :seq, :filled, :at)
            ON CONFLICT (name) DO UPDATE
            SET seq = excluded.seq, filled = excluded.filled, changed_at = excluded.changed_at
            """
        ),
        {"name": _NAME, "seq": seq, "filled": filled, "at": clock.now()},
    )


def _classes(row: Any, held: set[str], weight: int, known: Reference) -> Iterable[str]:
    """The tokens that lists are filtered by."""
    industry = known.industries.by_code.get(row.industry_code or "")
    yield from sample_tokens(row.uscc)
    yield from district_tokens(row.district_code)
    yield from industry_tokens(row.industry_code, industry.section if industry else None)
    yield filter_token("size", row.size_class or UNKNOWN)
    yield filter_token("status", row.status or UNKNOWN)
    yield filter_token("listing", row.listing_status or UNKNOWN)
    yield filter_token("synthetic", str(row.synthetic).lower())
    yield filter_token("tier", tier_of(held))
    yield filter_token("weight", str(weight))
    for title in held:
        yield filter_token("title", title)
    for flag in row.risk_flags or ("none",):
        yield filter_token("flag", flag)


def _titles_of(tx: Transaction, codes: Sequence[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for uscc, title in tx.session.execute(_TITLES, {"codes": list(codes), "held": list(HELD)}):
        found.setdefault(uscc, set()).add(title)
    return found


def _bands_of(tx: Transaction, codes: Sequence[str]) -> dict[str, list[str]]:
    """The revenue bands of the last complete year, of the one before, and of the running one for next January."""
    year = last_complete_year(clock.today())
    found: dict[str, list[str]] = {}
    rows = tx.session.execute(_REVENUES, {"codes": list(codes), "years": [year - 1, year, year + 1]})
    for uscc, fiscal_year, revenue in rows:
        found.setdefault(uscc, []).append(revenue_token(fiscal_year, band_of(Decimal(revenue))))
    return found


def revenue_token(fiscal_year: int, band: str) -> str:
    return filter_token(f"revenue{fiscal_year}", band)


def _places(known: Reference) -> frozenset[str]:
    global _latest_places
    if _latest_places[0] != known.sha256:
        _latest_places = (known.sha256, place_names(known.places.by_name))
    return _latest_places[1]


_ENTERPRISES = text(
    "SELECT uscc, name_key, district_code, industry_code, size_class, status, listing_status, risk_flags, synthetic,"
    " version FROM enterprises WHERE uscc = ANY(:codes) AND dissolved_into IS NULL"
)
_TITLES = text("SELECT uscc, title FROM title_records WHERE uscc = ANY(:codes) AND state = ANY(:held)")
_PARKS = text("SELECT uscc, park_id FROM park_stays WHERE uscc = ANY(:codes) AND until IS NULL")
_REVENUES = text(
    "SELECT uscc, fiscal_year, facts->'revenue_yuan'->>'value' FROM facts_current"
    " WHERE uscc = ANY(:codes) AND fiscal_year = ANY(:years) AND facts->'revenue_yuan'->>'value' IS NOT NULL"
)
_INCOMING = text(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS incoming_search_names (LIKE search_names) ON COMMIT DROP;
    TRUNCATE incoming_search_names
    """
)
_TAKE_OVER = text(
    """
    INSERT INTO search_names AS s (uscc, name_key, core, pinyin, initials, weight, version, tokens)
    SELECT uscc, name_key, core, pinyin, initials, weight, version, tokens FROM incoming_search_names ORDER BY uscc
    ON CONFLICT (uscc) DO UPDATE SET
      name_key = excluded.name_key, core = excluded.core, pinyin = excluded.pinyin, initials = excluded.initials,
      weight = excluded.weight, version = excluded.version, tokens = excluded.tokens
    WHERE s.version < excluded.version
    """
)
_POSITION = "coalesce((SELECT seq FROM search_progress WHERE name = 'names'), 0)"
_FILLED = "(SELECT coalesce(max(filled), CASE WHEN count(*) = 0 THEN '' END) FROM search_progress WHERE name = 'names')"
_FILLING = text(f"SELECT EXISTS (SELECT 1 FROM enterprises WHERE uscc > {_FILLED})")  # noqa: S608 - our own expressions
_WAITING = text(
    f"""
    SELECT (SELECT count(*) FROM changes WHERE seq IS NULL)
         + (SELECT count(*) FROM (SELECT 1 FROM changes WHERE seq > {_POSITION} LIMIT :most) AS changed)
         + (SELECT count(*) FROM (SELECT 1 FROM enterprises WHERE uscc > {_FILLED} LIMIT :most) AS older)
    """  # noqa: S608 - our own expressions
)
_CHANGED = text(
    f"""
    SELECT DISTINCT subject FROM (
      SELECT subject FROM changes WHERE seq IS NULL OR seq > {_POSITION} LIMIT :most
    ) AS waiting
    """  # noqa: S608 - our own expressions
)


def check_index(db: Database) -> dict[str, int]:
    """For readiness to tell: how many wait to be indexed. That some do is no reason to turn requests away."""
    with db.reading() as tx:
        return {"waiting": waiting(tx)}
