"""Simulations and the enterprises that flip in them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from chassis.db import Transaction
from rulebook.size_table import Span
from services.eligibility.domain.errors import SimulationNotFound
from services.eligibility.store.tables import EnterpriseRow, FlipRow, PackRow, SimulationRow

_COLUMNS = (
    "simulation_id", "uscc", "name", "district_code", "size_class", "industry_code", "kind", "before", "after",
    "direction", "causes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Who:
    """Which enterprises a simulation looks at; `industry` is a span of four-digit GB/T 4754 codes."""

    district: str | None
    size_class: str | None
    industry: Span | None


class Simulations:
    """All reading and writing of simulations."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def add(self, row: SimulationRow) -> None:
        self._session.add(row)

    def get(self, simulation_id: uuid.UUID) -> SimulationRow:
        row = self._session.get(SimulationRow, simulation_id)
        if row is None:
            raise SimulationNotFound("没有这次模拟，或它不在您的管辖区域内")
        return row

    def list_of_everybody(self, pack_hash: str) -> Sequence[SimulationRow]:
        """The simulations of this version over all enterprises, the newest first."""
        query = select(SimulationRow).where(
            SimulationRow.pack_hash == pack_hash,
            SimulationRow.district.is_(None),
            SimulationRow.size_class.is_(None),
            SimulationRow.industry.is_(None),
        )
        return self._session.scalars(query.order_by(SimulationRow.id.desc())).all()

    def add_flips(self, flips: Iterable[FlipRow]) -> int:
        """Append a chunk by COPY; how many."""
        return self._tx.copy(
            FlipRow.__tablename__,
            _COLUMNS,
            (
                [
                    json.dumps(each.causes, ensure_ascii=False) if name == "causes" else getattr(each, name)
                    for name in _COLUMNS
                ]
                for each in flips
            ),
        )

    def list_flips(
        self,
        simulation_id: uuid.UUID,
        *,
        direction: str | None = None,
        district: str | None = None,
        after: str = "",
        limit: int,
    ) -> Sequence[FlipRow]:
        """By code; one row more than `limit` when there are more."""
        query = select(FlipRow).where(FlipRow.simulation_id == simulation_id, FlipRow.uscc > after)
        if direction is not None:
            query = query.where(FlipRow.direction == direction)
        if district is not None:
            query = query.where(FlipRow.district_code.startswith(district, autoescape=True))
        return self._session.scalars(query.order_by(FlipRow.uscc).limit(limit + 1)).all()

    def every_flip(self, simulation_id: uuid.UUID, page: int = 2000) -> Iterator[FlipRow]:
        """All of them in order, a page in memory at a time."""
        after = ""
        while rows := self.list_flips(simulation_id, after=after, limit=page):
            yield from rows[:page]
            if len(rows) <= page:
                return
            after = rows[page - 1].uscc

    def fail(self, simulation_id: uuid.UUID, **values: Any) -> None:
        self._session.execute(
            update(SimulationRow).where(SimulationRow.id == simulation_id).values(state="failed", **values)
        )

    def list_forgettable(self, before: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
        """Finished before then, and no pack was scheduled on them."""
        relied_on = select(PackRow.hash).where(PackRow.simulation_id == SimulationRow.id)
        query = select(SimulationRow.id).where(SimulationRow.finished_at < before, ~relied_on.exists())
        return self._session.scalars(query.order_by(SimulationRow.id).limit(limit)).all()

    def forget(self, simulation_ids: Collection[uuid.UUID]) -> list[str]:
        """Delete them with their flips; the workbooks that nothing names any more."""
        self._session.execute(delete(FlipRow).where(FlipRow.simulation_id.in_(simulation_ids)))
        gone = delete(SimulationRow).where(SimulationRow.id.in_(simulation_ids)).returning(SimulationRow.result)
        results = {result for result in self._session.scalars(gone) if result is not None}
        kept = self._session.scalars(select(SimulationRow.result).where(SimulationRow.result.in_(results)))
        return sorted(results - set(kept))

    # -- the population ---------------------------------------------------------------------------------------------

    def count_population(self, who: Who) -> int:
        return self._session.scalar(select(func.count()).select_from(EnterpriseRow).where(*_population(who))) or 0

    def list_population(self, who: Who, after: str, limit: int) -> Sequence[str]:
        """Codes of active enterprises in the population, in order."""
        query = select(EnterpriseRow.uscc).where(EnterpriseRow.uscc > after, *_population(who))
        return self._session.scalars(query.order_by(EnterpriseRow.uscc).limit(limit)).all()


def _population(who: Who) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [EnterpriseRow.status == "active"]
    if who.district is not None:
        wanted.append(EnterpriseRow.district_code.startswith(who.district, autoescape=True))
    if who.size_class is not None:
        wanted.append(EnterpriseRow.size_class == who.size_class)
    if who.industry is not None:
        digits = func.substring(EnterpriseRow.industry_code, "[0-9]{2,4}")
        wanted.append(func.rpad(digits, 4, "0").between(f"{who.industry.first:04d}", f"{who.industry.last:04d}"))
    return wanted
