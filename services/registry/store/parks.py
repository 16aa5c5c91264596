"""Which enterprises are in which park: reading, and moving one or many."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, text

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.parks import PARK, Named
from services.registry.store.item_tables import CarrierRow
from services.registry.store.park_tables import ParkStayRow
from services.registry.store.queries import within
from services.registry.store.tables import EnterpriseRow

_COLUMNS = ("id", "uscc", "park_id", "since", "until", "document", "recorded_by", "recorded_at")
_ON = "(s.since IS NULL OR s.since <= {day}) AND (s.until IS NULL OR s.until >= {day})"


@dataclass(frozen=True, slots=True)
class Move:
    """An enterprise into a park, or out of the one it is in (`park_id` null). `since` null: nobody has stated it."""

    uscc: str
    park_id: uuid.UUID | None
    since: dt.date | None
    document: str | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay with the name of its park, or of its enterprise."""

    row: ParkStayRow
    name: str
    district_code: str | None


def there(day: dt.date) -> ColumnElement[bool]:
    """Whether a stay holds on `day`; one without a beginning began before it was recorded."""
    since, until = ParkStayRow.since, ParkStayRow.until
    return and_(or_(since.is_(None), since <= day), or_(until.is_(None), until >= day))


def in_park(park: uuid.UUID | None, uscc: str, bound: dict[str, Any]) -> str:
    """A condition (SQL) that the enterprise `uscc` is in the park on `:until`; its parameter is put into `bound`."""
    if park is None:
        return "true"
    bound["park"] = park
    there_then = _ON.format(day=":until")
    return f"EXISTS (SELECT 1 FROM park_stays s WHERE s.uscc = {uscc} AND s.park_id = :park AND {there_then})"  # noqa: S608 - our own words


JOINED = f"JOIN park_stays s ON s.uscc = judged.uscc AND {_ON.format(day=':until')}"
"""The parks of judged enterprises on the day that they are judged by, as `s.park_id`."""


class ParkStays:
    """Stays by enterprise and by park."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def present(self, codes: Iterable[str]) -> Mapping[str, Stay]:
        """Where enterprises are today, by credit code."""
        query = (
            select(ParkStayRow, CarrierRow.name, CarrierRow.district_code)
            .join(CarrierRow, CarrierRow.id == ParkStayRow.park_id)
            .where(ParkStayRow.uscc.in_(list(codes)), ParkStayRow.until.is_(None))
        )
        return {row.uscc: Stay(row, name, district) for row, name, district in self._session.execute(query)}

    def told_at(self, uscc: str, moment: dt.datetime) -> Stay | None:
        """Where the registry said at `moment` that the enterprise was."""
        query = (
            select(ParkStayRow, CarrierRow.name, CarrierRow.district_code)
            .join(CarrierRow, CarrierRow.id == ParkStayRow.park_id)
            .where(ParkStayRow.uscc == uscc, ParkStayRow.recorded_at <= moment)
            .where(or_(ParkStayRow.ended_at.is_(None), ParkStayRow.ended_at > moment))
        )
        found = self._session.execute(query).first()
        return None if found is None else Stay(*found)

    def history(self, uscc: str) -> list[Stay]:
        """All stays of one enterprise, the latest first."""
        query = (
            select(ParkStayRow, CarrierRow.name, CarrierRow.district_code)
            .join(CarrierRow, CarrierRow.id == ParkStayRow.park_id)
            .where(ParkStayRow.uscc == uscc)
            .order_by(ParkStayRow.id.desc())
        )
        return [Stay(*found) for found in self._session.execute(query)]

    def list_page(
        self, park_id: uuid.UUID, day: dt.date, areas: Sequence[str] | None, after: str | None, limit: int
    ) -> list[Stay]:
        """Up to `limit + 1` enterprises in the park on `day` by credit code; `areas` are the caller's."""
        query = (
            select(ParkStayRow, EnterpriseRow.name, EnterpriseRow.district_code)
            .join(EnterpriseRow, EnterpriseRow.uscc == ParkStayRow.uscc)
            .where(ParkStayRow.park_id == park_id, there(day))
        )
        if areas is not None:
            query = query.where(within(EnterpriseRow.district_code, areas))
        if after is not None:
            query = query.where(ParkStayRow.uscc > after)
        return [Stay(*found) for found in self._session.execute(query.order_by(ParkStayRow.uscc).limit(limit + 1))]

    def move(self, moves: Sequence[Move]) -> None:
        """End the stays of these enterprises, locked by the caller, and begin the new ones.

        A stay ends on the day before the next one begins: where that is not stated, on the day before today.
        """
        if not moves:
            return
        actor, now, today = self._tx.context.actor, clock.now(), clock.today()
        ends = [(each.since or today) - dt.timedelta(days=1) for each in moves]
        ended = self._session.execute(
            text(
                """
                UPDATE park_stays AS s SET until = n.ends, ended_by = :actor, ended_at = :now
                FROM unnest(CAST(:codes AS text[]), CAST(:ends AS date[])) AS n (uscc, ends)
                WHERE s.uscc = n.uscc AND s.until IS NULL RETURNING s.uscc
                """
            ),
            {"codes": [each.uscc for each in moves], "ends": ends, "actor": actor, "now": now},
        )
        moved = set(ended.scalars())
        rows = (
            (
                ids.new_id(),
                each.uscc,
                each.park_id,
                each.since or (today if each.uscc in moved else None),
                None,
                each.document,
                actor,
                now,
            )
            for each in moves
            if each.park_id is not None
        )
        self._tx.copy("park_stays", _COLUMNS, rows)


def find_named(tx: Transaction, keys: Iterable[str]) -> dict[str, list[Named]]:
    """The parks that have not been closed, by the comparison key of their names."""
    query = select(CarrierRow.name_key, CarrierRow.id, CarrierRow.name, CarrierRow.district_code).where(
        CarrierRow.kind == PARK, CarrierRow.closed_on.is_(None), CarrierRow.name_key.in_(list(keys))
    )
    found: dict[str, list[Named]] = {}
    for key, park_id, name, district_code in tx.session.execute(query):
        found.setdefault(key, []).append(Named(park_id, name, district_code))
    return found


def parks_within(tx: Transaction, codes: Sequence[str], areas: Sequence[str]) -> dict[str, str]:
    """Of these ids those that are parks in the areas: id → name."""
    wanted = [uuid.UUID(each) for each in codes]
    query = select(CarrierRow.id, CarrierRow.name).where(
        CarrierRow.id.in_(wanted), CarrierRow.kind == PARK, within(CarrierRow.district_code, areas)
    )
    return {str(park_id): name for park_id, name in tx.session.execute(query)}
