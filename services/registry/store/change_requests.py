"""Reading and writing change requests."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, text

from chassis.db import Transaction
from services.registry.domain.file_errors import ChangeRequestNotFound
from services.registry.store.change_tables import ChangeRequestRow
from services.registry.store.queries import short_area, within
from services.registry.store.tables import EnterpriseRow

ELSEWHERE = "没有这项变更申请，或它不在您的管辖区域内"
_RECEIVED = text(
    "EXISTS (SELECT 1 FROM unnest(change_requests.receiving) AS place, unnest(CAST(:mine AS text[])) AS own"
    " WHERE starts_with(place, own))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilters:
    """What a list of requests is narrowed to; None is no narrowing. `areas` and `own` come from the caller."""

    state: str | None = None
    kind: str | None = None
    field: str | None = None
    district: str | None = None
    uscc: str | None = None
    requested_as: str | None = None
    requested_by: str | None = None
    requested_from: dt.datetime | None = None
    requested_until: dt.datetime | None = None
    areas: Sequence[str] | None = None
    own: str | None = None


class ChangeRequests:
    """Requests by id. The enterprise's row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, request_id: uuid.UUID) -> ChangeRequestRow:
        row = self._session.get(ChangeRequestRow, request_id)
        if row is None:
            raise ChangeRequestNotFound(ELSEWHERE)
        return row

    def open_of(self, uscc: str) -> Sequence[ChangeRequestRow]:
        query = select(ChangeRequestRow).where(ChangeRequestRow.uscc == uscc, ChangeRequestRow.state == "open")
        return self._session.scalars(query.order_by(ChangeRequestRow.id)).all()

    def add(self, row: ChangeRequestRow) -> ChangeRequestRow:
        self._session.add(row)
        self._session.flush()
        return row


def list_requests(
    tx: Transaction, filters: RequestFilters, before: uuid.UUID | None, limit: int
) -> Sequence[tuple[ChangeRequestRow, EnterpriseRow]]:
    """The latest first, below the id `before`; one more than `limit` when there are more."""
    query = select(ChangeRequestRow, EnterpriseRow).join(EnterpriseRow, EnterpriseRow.uscc == ChangeRequestRow.uscc)
    query = query.where(*_conditions(filters))
    if before is not None:
        query = query.where(ChangeRequestRow.id < before)
    found = tx.session.execute(query.order_by(ChangeRequestRow.id.desc()).limit(limit + 1))
    return [(row[0], row[1]) for row in found]


def _conditions(filters: RequestFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.own is not None:
        found.append(ChangeRequestRow.uscc == filters.own)
    elif filters.areas is not None:
        received = _RECEIVED.bindparams(mine=list(filters.areas))
        found.append(or_(within(EnterpriseRow.district_code, filters.areas), received))
    if filters.district:
        found.append(EnterpriseRow.district_code.startswith(short_area(filters.district), autoescape=True))
    for name in ("state", "kind", "uscc", "requested_as", "requested_by"):
        value = getattr(filters, name)
        if value is not None:
            found.append(getattr(ChangeRequestRow, name) == value)
    if filters.field is not None:
        found.append(ChangeRequestRow.fields.contains([filters.field]))
    if filters.requested_from is not None:
        found.append(ChangeRequestRow.requested_at >= filters.requested_from)
    if filters.requested_until is not None:
        found.append(ChangeRequestRow.requested_at < filters.requested_until)
    return found
