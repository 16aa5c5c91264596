"""Scorecards and bulletins."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from chassis.db import Transaction
from services.registry.domain.programmes.errors import BulletinNotFound
from services.registry.store.programme_tables import BulletinRow, ScorecardRow


class Scorecards:
    """The newest counts; earlier ones are history."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def find(self, programme_id: str) -> ScorecardRow | None:
        query = select(ScorecardRow).where(ScorecardRow.programme_id == programme_id)
        return self._session.scalar(query.order_by(ScorecardRow.id.desc()).limit(1))

    def add(self, row: ScorecardRow) -> None:
        self._session.add(row)
        self._session.flush()


class Bulletins:
    """Drafts and issued bulletins of programmes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, programme_id: str, bulletin_id: uuid.UUID) -> BulletinRow:
        return self._of(self._session.get(BulletinRow, bulletin_id), programme_id)

    def get_for_update(self, programme_id: str, bulletin_id: uuid.UUID) -> BulletinRow:
        return self._of(self._session.get(BulletinRow, bulletin_id, with_for_update=True), programme_id)

    @staticmethod
    def _of(row: BulletinRow | None, programme_id: str) -> BulletinRow:
        if row is None or row.programme_id != programme_id:
            raise BulletinNotFound("该计划没有这份通报，请在通报列表中核对编号")
        return row

    def list_page(
        self, programme_id: str, *, issued: bool, after: uuid.UUID | None, limit: int
    ) -> Sequence[BulletinRow]:
        """The newest first; `issued`: only those that were issued."""
        query = select(BulletinRow).where(BulletinRow.programme_id == programme_id)
        if issued:
            query = query.where(BulletinRow.state == "issued")
        if after is not None:
            query = query.where(BulletinRow.id < after)
        return self._session.scalars(query.order_by(BulletinRow.id.desc()).limit(limit + 1)).all()

    def add(self, row: BulletinRow) -> None:
        self._session.add(row)
        self._session.flush()
