"""Reading and writing carriers, certified items, major projects and typical cases."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, cast, func, select

from chassis.db import Transaction
from services.registry.domain.errors import CarrierNotFound, ItemNotFound, ProjectNotFound
from services.registry.domain.names import comparison_key
from services.registry.store.item_tables import CarrierRow, CertifiedItemRow, MajorProjectRow, TypicalCaseRow
from services.registry.store.queries import short_area, within
from services.registry.store.tables import CODE, EnterpriseRow

Found = TypeVar("Found", CarrierRow, MajorProjectRow, TypicalCaseRow)

_PLACE = func.coalesce(EnterpriseRow.district_code, CarrierRow.district_code)
"""Where an item is: where its enterprise or its carrier is now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFilters:
    """What items are narrowed to; None is no narrowing. `day` is that of the state; `areas` and `own` the caller's."""

    day: dt.date
    kind: str | None = None
    level: str | None = None
    state: str | None = None
    district: str | None = None
    uscc: str | None = None
    carrier_id: uuid.UUID | None = None
    certified_from: dt.date | None = None
    certified_until: dt.date | None = None
    areas: Sequence[str] | None = None
    own: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item with its subject."""

    row: CertifiedItemRow
    enterprise: EnterpriseRow | None
    carrier: CarrierRow | None

    @property
    def district_code(self) -> str | None:
        subject = self.enterprise or self.carrier
        return subject.district_code if subject else None


class CertifiedItems:
    """Items by id and by what tells them apart."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, item_id: uuid.UUID, *, locked: bool = False) -> PlacedItem:
        query = _placed().where(CertifiedItemRow.id == item_id)
        if locked:
            query = query.with_for_update(of=CertifiedItemRow).execution_options(populate_existing=True)
        row = self._session.execute(query).one_or_none()
        if row is None:
            raise ItemNotFound("没有这个项目，或它不在您的管辖区域内")
        return PlacedItem(*row)

    def find_same(
        self, uscc: str | None, carrier_id: uuid.UUID | None, kind: str, level: str, key: str
    ) -> CertifiedItemRow | None:
        """The item on file, locked."""
        query = select(CertifiedItemRow).where(
            CertifiedItemRow.uscc.is_not_distinct_from(uscc),
            CertifiedItemRow.carrier_id.is_not_distinct_from(carrier_id),
            CertifiedItemRow.kind == kind,
            CertifiedItemRow.level == level,
            CertifiedItemRow.item_key == key,
        )
        return self._session.scalar(query.with_for_update())

    def list_page(self, filters: ItemFilters, after: uuid.UUID | None, limit: int) -> Sequence[PlacedItem]:
        """Up to `limit + 1` items in the order in which they were recorded."""
        query = _placed().where(*_conditions(filters))
        if after is not None:
            query = query.where(CertifiedItemRow.id > after)
        rows = self._session.execute(query.order_by(CertifiedItemRow.id).limit(limit + 1))
        return [PlacedItem(*row) for row in rows]

    def counts(self, filters: ItemFilters) -> Sequence[tuple[str, str, int, int]]:
        """(kind, level, items, subjects that have them) of what the filters leave."""
        subject = func.coalesce(CertifiedItemRow.uscc, cast(CertifiedItemRow.carrier_id, CODE))
        query = (
            _joined(select(CertifiedItemRow.kind, CertifiedItemRow.level, func.count(), func.count(subject.distinct())))
            .where(*_conditions(filters))
            .group_by(CertifiedItemRow.kind, CertifiedItemRow.level)
            .order_by(CertifiedItemRow.kind, CertifiedItemRow.level)
        )
        return [(row[0], row[1], row[2], row[3]) for row in self._session.execute(query)]

    def held_by(self, carrier_id: uuid.UUID, day: dt.date) -> list[tuple[str, str]]:
        """(kind, level) of a carrier's items that are in force on `day`."""
        query = select(CertifiedItemRow.kind, CertifiedItemRow.level).where(
            CertifiedItemRow.carrier_id == carrier_id, _in_state("valid", day)
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]


def _placed() -> Select[Any]:
    return _joined(select(CertifiedItemRow, EnterpriseRow, CarrierRow))


def _joined(query: Any) -> Select[Any]:
    joined: Select[Any] = (
        query.select_from(CertifiedItemRow)
        .outerjoin(EnterpriseRow, EnterpriseRow.uscc == CertifiedItemRow.uscc)
        .outerjoin(CarrierRow, CarrierRow.id == CertifiedItemRow.carrier_id)
    )
    return joined


def _conditions(filters: ItemFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.own is not None:
        found.append(CertifiedItemRow.uscc == filters.own)
    elif filters.areas is not None:
        found.append(within(_PLACE, filters.areas))
    if filters.district:
        found.append(_PLACE.startswith(short_area(filters.district), autoescape=True))
    for column, value in (
        (CertifiedItemRow.kind, filters.kind),
        (CertifiedItemRow.level, filters.level),
        (CertifiedItemRow.uscc, filters.uscc),
        (CertifiedItemRow.carrier_id, filters.carrier_id),
    ):
        if value is not None:
            found.append(column == value)
    if filters.certified_from:
        found.append(CertifiedItemRow.certified_on >= filters.certified_from)
    if filters.certified_until:
        found.append(CertifiedItemRow.certified_on <= filters.certified_until)
    if filters.state:
        found.append(_in_state(filters.state, filters.day))
    return found


def _in_state(state: str, day: dt.date) -> ColumnElement[bool]:
    """The same as items.state_of, for the database; what was not certified yet on `day` is in no state."""
    revoked = and_(CertifiedItemRow.revoked_on.is_not(None), CertifiedItemRow.revoked_on <= day)
    over = and_(CertifiedItemRow.valid_to.is_not(None), CertifiedItemRow.valid_to < day)
    there = CertifiedItemRow.certified_on <= day
    return {"revoked": revoked, "expired": and_(~revoked, over, there), "valid": and_(~revoked, ~over, there)}[state]


class Carriers:
    """Carriers by id."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def find(self, carrier_id: uuid.UUID) -> CarrierRow | None:
        return self._session.get(CarrierRow, carrier_id)

    def get(self, carrier_id: uuid.UUID, *, locked: bool = False) -> CarrierRow:
        query = select(CarrierRow).where(CarrierRow.id == carrier_id)
        if locked:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = self._session.scalar(query)
        if row is None:
            raise CarrierNotFound("没有这个载体，或它不在您的管辖区域内")
        return row

    def find_same(self, kind: str, name: str, district_code: str) -> CarrierRow | None:
        return self._session.scalar(
            select(CarrierRow).where(
                CarrierRow.kind == kind,
                CarrierRow.name_key == comparison_key(name),
                CarrierRow.district_code == district_code,
            )
        )


class Projects:
    """Major projects by id."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, project_id: uuid.UUID, *, locked: bool = False) -> MajorProjectRow:
        query = select(MajorProjectRow).where(MajorProjectRow.id == project_id)
        if locked:
            query = query.with_for_update().execution_options(populate_existing=True)
        row = self._session.scalar(query)
        if row is None:
            raise ProjectNotFound("没有这个项目，或它不在您的管辖区域内")
        return row

    def find_same(self, level: str, number: str) -> MajorProjectRow | None:
        return self._session.scalar(
            select(MajorProjectRow).where(MajorProjectRow.level == level, MajorProjectRow.number == number)
        )


def list_placed(
    tx: Transaction,
    table: type[Found],
    equal: dict[str, Any],
    *,
    q: str | None = None,
    district: str | None = None,
    areas: Sequence[str] | None = None,
    own: str | None = None,
    present: bool | None = None,
    after: uuid.UUID | None = None,
    limit: int,
) -> Sequence[Found]:
    """Up to `limit + 1` carriers, projects or cases by id; `equal`: column → value, None is no narrowing.

    `own` is an enterprise's code: it finds what names it. `present`: projects that have not left, or that have.
    """
    query = select(table).order_by(table.id).limit(limit + 1)
    if own is not None:
        mine = "operator_uscc" if table is CarrierRow else "uscc"
        query = query.where(getattr(table, mine) == own)
    elif areas is not None:
        query = query.where(within(table.district_code, areas))
    if district:
        query = query.where(table.district_code.startswith(short_area(district), autoescape=True))
    for name, value in equal.items():
        if value is not None:
            query = query.where(getattr(table, name) == value)
    if q:
        named: Any = getattr(table, "name", None) or getattr(table, "title", None)
        query = query.where(func.lower(named).contains(q.lower(), autoescape=True))
    if present is not None and table is MajorProjectRow:
        query = query.where(MajorProjectRow.left_on.is_(None) if present else MajorProjectRow.left_on.is_not(None))
    if after is not None:
        query = query.where(table.id > after)
    return tx.session.scalars(query).all()
