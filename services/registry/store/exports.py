"""Exported lists: by id, those of the caller's areas, and what is old."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select

from chassis import blobs
from chassis.db import Transaction
from services.registry.domain.errors import ExportNotFound
from services.registry.domain.titles import HELD
from services.registry.store.queries import Filters, conditions
from services.registry.store.search_tables import ExportRow
from services.registry.store.tables import EnterpriseRow, TitleRecordRow


class Exports:
    """Exports by id."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def get(self, export_id: uuid.UUID) -> ExportRow:
        row = self._session.get(ExportRow, export_id)
        if row is None:
            raise ExportNotFound("没有这次导出，或它不在您的管辖区域内，或文件已过保存期；请重新导出")
        return row

    def add(self, row: ExportRow) -> ExportRow:
        self._session.add(row)
        self._session.flush()
        return row

    def clear(self, before: dt.datetime) -> int:
        """Forget exports that were asked for before that moment, and their files; how many."""
        old = delete(ExportRow).where(ExportRow.created_at < before).returning(ExportRow.sha256)
        gone = list(self._session.scalars(old))
        digests = {digest for digest in gone if digest is not None}
        kept = set(self._session.scalars(select(ExportRow.sha256).where(ExportRow.sha256.in_(digests))))
        blobs.forget(self._tx, digests - kept)
        return len(gone)


def count_of(tx: Transaction, filters: Filters) -> int:
    """How many enterprises fit the filters."""
    return tx.session.scalar(select(func.count()).select_from(EnterpriseRow).where(*conditions(filters))) or 0


def titles_held(tx: Transaction, codes: Sequence[str]) -> dict[str, list[str]]:
    """The titles that enterprises hold, by code."""
    found: dict[str, list[str]] = {}
    query = select(TitleRecordRow.uscc, TitleRecordRow.title).where(
        TitleRecordRow.uscc.in_(codes), TitleRecordRow.state.in_(HELD)
    )
    for uscc, title in tx.session.execute(query.order_by(TitleRecordRow.uscc, TitleRecordRow.title)):
        if title not in found.setdefault(uscc, []):
            found[uscc].append(title)
    return found
