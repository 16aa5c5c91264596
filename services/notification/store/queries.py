"""What lists and screens read: inbox pages, loads, coverage, counts. Jurisdiction is part of every query."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, cast, false, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, array

from chassis.db import Transaction
from services.notification.domain.areas import prefixes_of, touch
from services.notification.store.tables import CODE, AssignmentRow, CommissionerRow, EnterpriseRow, MessageRow

EVERYWHERE = "*"

Held = tuple[AssignmentRow, EnterpriseRow, CommissionerRow]


@dataclass(frozen=True, slots=True)
class DistrictCoverage:
    """Enterprises of one district; `code` is null for those whose district is not known."""

    code: str | None
    name: str | None
    enterprises: int
    unassigned: int
    commissioners: int
    pending_messages: int


def within(areas: Sequence[str]) -> ColumnElement[bool]:
    """Enterprises in the jurisdiction `areas`."""
    if EVERYWHERE in areas:
        return true()
    return or_(false(), *(EnterpriseRow.district_code.startswith(area, autoescape=True) for area in areas))


def _containing() -> ColumnElement[Any]:
    """The areas that contain an enterprise's district; they are stored without trailing 00."""
    district = EnterpriseRow.district_code
    return array([cast(func.left(district, length), CODE) for length in (2, 4, 6)])


def _active_assignment() -> ColumnElement[bool]:
    return and_(AssignmentRow.uscc == EnterpriseRow.uscc, AssignmentRow.ended_at.is_(None))


def unsettled(tx: Transaction, after: str, limit: int) -> list[str]:
    """Codes after `after` of enterprises whose commissioner may not stay, or that have nobody and could have one."""
    somebody = (
        select(literal(1))
        .select_from(CommissionerRow)
        .where(CommissionerRow.active, CommissionerRow.areas.bool_op("&&")(_containing()))
        .correlate(EnterpriseRow)
        .exists()
    )
    holder = select(CommissionerRow).subquery("holder")
    misplaced = or_(~holder.c.active, ~func.coalesce(holder.c.areas.bool_op("&&")(_containing()), false()))
    query = (
        select(EnterpriseRow.uscc)
        .outerjoin(AssignmentRow, _active_assignment())
        .outerjoin(holder, holder.c.id == AssignmentRow.commissioner_id)
        .where(EnterpriseRow.uscc > after, ~EnterpriseRow.ended)
        .where(or_(and_(AssignmentRow.id.is_not(None), misplaced), and_(AssignmentRow.id.is_(None), somebody)))
        .order_by(EnterpriseRow.uscc)
        .limit(limit)
    )
    return list(tx.session.scalars(query))


def inbox(
    tx: Transaction,
    recipient_id: uuid.UUID,
    *,
    state: str | None,
    kind: str | None,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> Sequence[tuple[MessageRow, EnterpriseRow]]:
    """`limit + 1` messages of one inbox, the latest delivered first, older than `before`."""
    query = (
        select(MessageRow, EnterpriseRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == MessageRow.uscc)
        .where(MessageRow.recipient_id == recipient_id)
    )
    if state is not None:
        query = query.where(MessageRow.state == state)
    if kind is not None:
        query = query.where(MessageRow.kind == kind)
    if before is not None:
        query = query.where(tuple_(MessageRow.delivered_at, MessageRow.id) < before)
    ordered = query.order_by(MessageRow.delivered_at.desc(), MessageRow.id.desc()).limit(limit + 1)
    return [(row[0], row[1]) for row in tx.session.execute(ordered)]


def unread(tx: Transaction, recipient_id: uuid.UUID) -> int:
    """How many unread messages are in the inbox."""
    query = select(func.count()).where(MessageRow.recipient_id == recipient_id, MessageRow.state == "delivered")
    return tx.session.scalar(query) or 0


def commissioners(
    tx: Transaction, areas: Sequence[str], *, area: str | None, active: bool | None, after: str | None, limit: int
) -> Sequence[CommissionerRow]:
    """`limit + 1` commissioners in the order of their codes who serve some part of the jurisdiction."""
    query = select(CommissionerRow).where(_touching(areas))
    if area is not None:
        query = query.where(_touching([area]))
    if active is not None:
        query = query.where(CommissionerRow.active.is_(active))
    if after is not None:
        query = query.where(CommissionerRow.code > after)
    return tx.session.scalars(query.order_by(CommissionerRow.code).limit(limit + 1)).all()


def _touching(areas: Sequence[str]) -> ColumnElement[bool]:
    """Commissioners one of whose areas lies in one of `areas`, or contains one."""
    if EVERYWHERE in areas:
        return true()
    served = func.unnest(CommissionerRow.areas).column_valued("served")
    inside = (served.startswith(area, autoescape=True) for area in areas)
    containing = sorted({prefix for area in areas for prefix in prefixes_of(area)})
    return or_(
        select(literal(1)).where(or_(false(), *inside)).exists(),
        CommissionerRow.areas.bool_op("&&")(literal(containing, ARRAY(CODE))),
    )


def visible(row: CommissionerRow, areas: Sequence[str]) -> bool:
    """The same question about one row."""
    return EVERYWHERE in areas or touch(row.areas, areas)


def assignments(
    tx: Transaction,
    areas: Sequence[str],
    *,
    uscc: str | None,
    commissioner: str | None,
    ended: bool,
    before: uuid.UUID | None,
    limit: int,
) -> Sequence[Held]:
    """`limit + 1` assignments, the latest first; with `ended` also those that are history."""
    query = _held().where(within(areas))
    if uscc is not None:
        query = query.where(AssignmentRow.uscc == uscc)
    if commissioner is not None:
        query = query.where(CommissionerRow.code == commissioner)
    if not ended:
        query = query.where(AssignmentRow.ended_at.is_(None))
    if before is not None:
        query = query.where(AssignmentRow.id < before)
    rows = tx.session.execute(query.order_by(AssignmentRow.id.desc()).limit(limit + 1))
    return [(row[0], row[1], row[2]) for row in rows]


def active_assignment(tx: Transaction, uscc: str) -> Held:
    """The active assignment of an enterprise that has one."""
    row = tx.session.execute(_held().where(AssignmentRow.uscc == uscc, AssignmentRow.ended_at.is_(None))).one()
    return row[0], row[1], row[2]


def _held() -> Select[AssignmentRow, EnterpriseRow, CommissionerRow]:
    return (
        select(AssignmentRow, EnterpriseRow, CommissionerRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == AssignmentRow.uscc)
        .join(CommissionerRow, CommissionerRow.id == AssignmentRow.commissioner_id)
    )


def coverage(tx: Transaction, areas: Sequence[str]) -> list[DistrictCoverage]:
    """Every district that has an enterprise; their number is bounded by GB/T 2260, not by the enterprises."""
    district = EnterpriseRow.district_code
    counted = (
        select(
            district,
            func.max(EnterpriseRow.district_name),
            func.count(),
            func.count().filter(AssignmentRow.id.is_(None)),
        )
        .outerjoin(AssignmentRow, _active_assignment())
        .where(within(areas), ~EnterpriseRow.ended)
        .group_by(district)
        .order_by(district)
    )
    waiting = (
        select(district, func.count())
        .join(MessageRow, MessageRow.uscc == EnterpriseRow.uscc)
        .where(MessageRow.state == "pending", within(areas))
        .group_by(district)
    )
    pending = {row[0]: row[1] for row in tx.session.execute(waiting)}
    served = list(tx.session.scalars(select(CommissionerRow.areas).where(CommissionerRow.active)))
    return [
        DistrictCoverage(
            code=code,
            name=name,
            enterprises=enterprises,
            unassigned=unassigned,
            commissioners=sum(1 for each in served if set(each) & set(prefixes_of(code))),
            pending_messages=pending.get(code, 0),
        )
        for code, name, enterprises, unassigned in tx.session.execute(counted)
    ]


def message_counts(tx: Transaction, areas: Sequence[str]) -> dict[tuple[str, str], int]:
    """(kind, state) → messages about enterprises of the jurisdiction."""
    query = select(MessageRow.kind, MessageRow.state, func.count()).group_by(MessageRow.kind, MessageRow.state)
    if EVERYWHERE not in areas:
        query = query.join(EnterpriseRow, EnterpriseRow.uscc == MessageRow.uscc).where(within(areas))
    return {(kind, state): count for kind, state, count in tx.session.execute(query)}
