"""Read models: the list of enterprises, the change feed, the problems of an import."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_

from chassis.db import Transaction
from services.registry.domain.names import comparison_key
from services.registry.domain.standing import UNKNOWN
from services.registry.domain.titles import HELD
from services.registry.domain.uscc import normalise
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
    areas: Sequence[str] | None = None
    own: str | None = None


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
    query = select(EnterpriseRow).where(*_conditions(filters))
    if after is not None:
        query = query.where(tuple_(*columns) > tuple_(*after))
    return tx.session.scalars(query.order_by(*columns).limit(limit + 1)).all()


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
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
        found.append(
            exists().where(
                TitleRecordRow.uscc == EnterpriseRow.uscc,
                TitleRecordRow.title == filters.title,
                TitleRecordRow.state.in_(HELD),
            )
        )
    return found


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


def _in_industry(code: str) -> ColumnElement[bool]:
    letter, digits = (code[0], code[1:]) if code[0].isalpha() else ("", code)
    conditions: list[ColumnElement[bool]] = []
    if letter:
        section = select(IndustryRow.code).where(IndustryRow.section == letter.upper())
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
