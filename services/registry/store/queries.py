"""Read models: the list of enterprises, the change feed, the problems of an import."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, exists, func, not_, or_, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.names import comparison_key
from services.registry.domain.periods import last_complete_year
from services.registry.domain.search.classes import TIERS
from services.registry.domain.search.tokens import filter_token
from services.registry.domain.standing import UNKNOWN
from services.registry.domain.titles import HELD, TITLES
from services.registry.domain.uscc import normalise
from services.registry.store.park_tables import ParkStayRow
from services.registry.store.search import Narrowing, preselect
from services.registry.store.search_index import revenue_token, waiting_codes
from services.registry.store.search_tables import SearchRow
from services.registry.store.tables import (
    ChangeRow,
    EnterpriseRow,
    ImportProblemRow,
    IndustryRow,
    TitleRecordRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a list of enterprises is narrowed to; None is no narrowing. `areas` and `own` come from the caller."""

    q: str | None = None
    district: str | None = None
    industry: str | None = None
    size: str | None = None
    title: str | None = None
    status: str | None = None
    synthetic: bool | None = None
    tier: str | None = None
    listing: str | None = None
    flag: str | None = None
    park: str | None = None
    """The id of a carrier: in it today."""
    revenue: str | None = None
    """A band of the last complete year's revenue, as the index has it."""
    areas: Sequence[str] | None = None
    own: str | None = None


NO_FLAG = "none"
"""The filter for enterprises without any risk flag."""

SORTS: dict[str, tuple[Any, ...]] = {
    "uscc": (EnterpriseRow.uscc,),
    "name": (EnterpriseRow.name_key, EnterpriseRow.uscc),
}


def sort_key(sort: str, row: EnterpriseRow) -> tuple[Any, ...]:
    """The values by which a page continues after `row`."""
    return (row.uscc,) if sort == "uscc" else (row.name_key, row.uscc)


def list_enterprises(
    tx: Transaction, filters: Filters, *, sort: str, after: tuple[Any, ...] | None, limit: int
) -> Sequence[EnterpriseRow]:
    """Up to `limit + 1` enterprises in the order of `sort`, after the given values."""
    columns = SORTS[sort]
    query = select(EnterpriseRow).where(*conditions(filters))
    codes = _preselected(tx, filters)
    if codes is not None:
        query = query.where(EnterpriseRow.uscc == func.any(bindparam("preselected", codes, ARRAY(Text))))
    if after is not None:
        query = query.where(tuple_(*columns) > tuple_(*after))
    return tx.session.scalars(query.order_by(*columns).limit(limit + 1)).all()


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [EnterpriseRow.dissolved_into.is_(None)]
    if filters.own is not None:
        found.append(EnterpriseRow.uscc == filters.own)
    elif filters.areas is not None:
        found.append(within(EnterpriseRow.district_code, filters.areas))
    if filters.q:
        found.append(_named(filters.q))
    if filters.district:
        found.append(EnterpriseRow.district_code.startswith(short_area(filters.district), autoescape=True))
    if filters.industry:
        found.append(_in_industry(filters.industry))
    if filters.size:
        found.append(
            EnterpriseRow.size_class.is_(None) if filters.size == UNKNOWN else EnterpriseRow.size_class == filters.size
        )
    if filters.status:
        found.append(
            EnterpriseRow.status.is_(None) if filters.status == UNKNOWN else EnterpriseRow.status == filters.status
        )
    if filters.synthetic is not None:
        found.append(EnterpriseRow.synthetic == filters.synthetic)
    if filters.title:
        found.append(_holds(filters.title))
    if filters.tier:
        found.append(_in_tier(filters.tier))
    if filters.listing:
        listing = EnterpriseRow.listing_status
        found.append(listing.is_(None) if filters.listing == UNKNOWN else listing == filters.listing)
    if filters.flag:
        flags = EnterpriseRow.risk_flags
        found.append(func.cardinality(flags) == 0 if filters.flag == NO_FLAG else flags.contains([filters.flag]))
    if filters.park:
        found.append(_in_park(filters.park))
    if filters.revenue:
        token = _revenue_token(filters.revenue)
        found.append(exists().where(SearchRow.uscc == EnterpriseRow.uscc, SearchRow.tokens.contains([token])))
    return found


def narrowing_of(filters: Filters) -> Narrowing:
    """The same filters, all but the fragment, as the index knows them."""
    every: list[str] = []
    if filters.district:
        every.append(filter_token("district", short_area(filters.district)))
    if filters.industry:
        letter, digits = _industry_parts(filters.industry)
        every += [filter_token("industry", each) for each in (letter, digits) if each]
    for name in ("size", "title", "status", "tier", "listing", "flag", "park"):
        value = getattr(filters, name)
        if value:
            every.append(filter_token(name, value))
    if filters.synthetic is not None:
        every.append(filter_token("synthetic", str(filters.synthetic).lower()))
    if filters.revenue:
        every.append(_revenue_token(filters.revenue))
    if filters.own is not None or filters.areas is None:
        return Narrowing(tuple(every), own=filters.own)
    areas = tuple(filter_token("district", area) for area in filters.areas)
    return Narrowing((*every, *areas)) if len(areas) == 1 else Narrowing(tuple(every), (areas,))


_MOST_WAITING = 1000
_SELECTIVE = ("q", "industry", "size", "title", "tier", "listing", "flag", "park", "revenue")


def _preselected(tx: Transaction, filters: Filters) -> list[str] | None:
    """The only enterprises that the filters can fit, by the index and what it does not hold yet; None: look at all."""
    if not any(getattr(filters, name) for name in _SELECTIVE):
        return None
    changed = waiting_codes(tx, _MOST_WAITING)
    if changed is None:
        return None
    found = preselect(tx, filters.q, narrowing_of(filters))
    return None if found is None else sorted({*found, *changed})


def _holds(title: str) -> ColumnElement[bool]:
    return exists().where(
        TitleRecordRow.uscc == EnterpriseRow.uscc, TitleRecordRow.title == title, TitleRecordRow.state.in_(HELD)
    )


def _in_tier(tier: str) -> ColumnElement[bool]:
    """Whether it is the highest level that the enterprise holds."""
    levels = [each for each in TIERS if each in TITLES]
    if tier not in levels:
        return and_(*(not_(_holds(each)) for each in levels))
    return and_(_holds(tier), *(not_(_holds(each)) for each in levels[: levels.index(tier)]))


def _in_park(park: str) -> ColumnElement[bool]:
    stay = ParkStayRow
    return exists().where(stay.uscc == EnterpriseRow.uscc, stay.park_id == uuid.UUID(park), stay.until.is_(None))


def _revenue_token(band: str) -> str:
    return revenue_token(last_complete_year(clock.today()), band)


def within(column: Any, areas: Sequence[str]) -> ColumnElement[bool]:
    """Whether a district code lies in one of the prefixes; with no prefix nothing does."""
    return or_(False, *(column.startswith(area, autoescape=True) for area in areas))


def short_area(code: str) -> str:
    """The prefix that a province's or city's code stands for: 341300 → 3413, 340000 → 34."""
    while len(code) > 2 and len(code) % 2 == 0 and code.endswith("00"):
        code = code[:-2]
    return code


def _named(q: str) -> ColumnElement[bool]:
    """Names that hold the fragment, or codes that begin with it."""
    key, code = comparison_key(q), normalise(q)
    by_name = EnterpriseRow.name_key.contains(key, autoescape=True)
    return or_(by_name, EnterpriseRow.uscc.startswith(code, autoescape=True)) if code.isascii() and code else by_name


def _industry_parts(code: str) -> tuple[str, str]:
    """`C39` → (`C`, `39`)."""
    return (code[0].upper(), code[1:]) if code[0].isalpha() else ("", code)


def _in_industry(code: str) -> ColumnElement[bool]:
    letter, digits = _industry_parts(code)
    conditions: list[ColumnElement[bool]] = []
    if letter:
        section = select(IndustryRow.code).where(IndustryRow.section == letter)
        conditions.append(EnterpriseRow.industry_code.in_(section))
    if digits:
        conditions.append(EnterpriseRow.industry_code.startswith(digits, autoescape=True))
    return and_(*conditions)


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of the feed as one caller may see it, the number to go on from, and the feed's last."""

    rows: Sequence[ChangeRow]
    next_after: int
    latest: int


def position(tx: Transaction) -> int:
    """The last number of the feed."""
    return tx.session.scalar(select(func.coalesce(func.max(ChangeRow.seq), 0))) or 0


def list_changes(tx: Transaction, after: int, limit: int, areas: Sequence[str] | None) -> Changes:
    """Up to `limit` changes after the number `after`; those outside `areas` are passed over, not waited for.

    To be read in one snapshot: numbers appear in order, so all up to its last one are there.
    """
    last = position(tx)
    query = select(ChangeRow).where(ChangeRow.seq > after).order_by(ChangeRow.seq).limit(limit)
    if areas is not None:
        query = query.where(or_(within(ChangeRow.district_code, areas), within(ChangeRow.former_district_code, areas)))
    rows = tx.session.scalars(query).all()
    if len(rows) == limit:
        return Changes(rows, rows[-1].seq or after, last)
    return Changes(rows, max(last, after), last)


def list_problems(
    tx: Transaction, import_id: uuid.UUID, severity: str, after: int, limit: int
) -> Sequence[ImportProblemRow]:
    """Up to `limit + 1` kept problems of an import after a position."""
    query = select(ImportProblemRow).where(
        ImportProblemRow.import_id == import_id,
        ImportProblemRow.severity == severity,
        ImportProblemRow.position > after,
    )
    return tx.session.scalars(query.order_by(ImportProblemRow.position).limit(limit + 1)).all()


def within_areas(district_code: str | None, areas: Sequence[str] | None) -> bool:
    """The same as `within`, for a row at hand; no areas at all (None) is everywhere."""
    return areas is None or (district_code is not None and district_code.startswith(tuple(areas)))
