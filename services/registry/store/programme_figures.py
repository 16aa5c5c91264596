"""Figures of issuing units, and the list of a programme's enterprises."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.programmes.attainment import Figure
from services.registry.domain.programmes.errors import FigureNotFound
from services.registry.store.programme_tables import FigureRow, MemberRow


class Figures:
    """History is kept: a correction supersedes, nothing is overwritten."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def lock(self, programme_id: str, target_id: str) -> None:
        """One at a time enters figures of a target: a period has one that stands."""
        lock = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))")
        self._session.execute(lock, {"name": f"figures:{programme_id}:{target_id}"})

    def get_for_update(self, programme_id: str, target_id: str, figure_id: uuid.UUID) -> FigureRow:
        row = self._session.get(FigureRow, figure_id, with_for_update=True)
        if row is None or (row.programme_id, row.target_id) != (programme_id, target_id):
            raise FigureNotFound("该目标没有这条数据，请在数据列表中核对编号")
        return row

    def find_standing(self, programme_id: str, target_id: str, start: dt.date, end: dt.date) -> FigureRow | None:
        query = select(FigureRow).where(
            FigureRow.programme_id == programme_id,
            FigureRow.target_id == target_id,
            FigureRow.period_start == start,
            FigureRow.period_end == end,
            FigureRow.superseded_at.is_(None),
        )
        return self._session.scalar(query)

    def list_of(self, programme_id: str, target_id: str) -> Sequence[FigureRow]:
        """All, corrected ones too, the latest period first."""
        query = select(FigureRow).where(FigureRow.programme_id == programme_id, FigureRow.target_id == target_id)
        order = (FigureRow.period_end.desc(), FigureRow.recorded_at.desc(), FigureRow.id.desc())
        return self._session.scalars(query.order_by(*order)).all()

    def standing(self, programme_id: str) -> Mapping[str, list[Figure]]:
        """Target id → figures that are not corrected, by period."""
        query = select(FigureRow).where(FigureRow.programme_id == programme_id, FigureRow.superseded_at.is_(None))
        found: dict[str, list[Figure]] = defaultdict(list)
        for row in self._session.scalars(query.order_by(FigureRow.period_end)):
            found[row.target_id].append(figure_of(row))
        return found

    def add(self, row: FigureRow) -> None:
        self._session.add(row)
        self._session.flush()


def figure_of(row: FigureRow) -> Figure:
    return Figure(
        id=row.id,
        start=row.period_start,
        end=row.period_end,
        value=row.value,
        scope=row.scope,
        issued_by=row.issued_by,
        document=row.document,
    )


class Members:
    """The enterprises of a programme whose members are listed."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session
        self._actor = tx.context.actor

    def put(self, programme_id: str, uscc: str, since: dt.date | None, until: dt.date | None, document: str) -> None:
        row = {
            "since": since,
            "until": until,
            "document": document,
            "recorded_at": clock.now(),
            "recorded_by": self._actor,
        }
        statement = insert(MemberRow).values(programme_id=programme_id, uscc=uscc, **row)
        self._session.execute(statement.on_conflict_do_update(index_elements=["programme_id", "uscc"], set_=row))

    def list_page(self, programme_id: str, after: str | None, limit: int) -> Sequence[MemberRow]:
        query = select(MemberRow).where(MemberRow.programme_id == programme_id)
        if after is not None:
            query = query.where(MemberRow.uscc > after)
        return self._session.scalars(query.order_by(MemberRow.uscc).limit(limit + 1)).all()
