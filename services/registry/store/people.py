"""Reading and writing contacts, relations and the grounds of risk flags."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select

from chassis.db import Transaction
from services.registry.domain.file_errors import ContactNotFound, RelationNotFound, RiskRecordNotFound
from services.registry.store.people_tables import ContactRow, RelationRow, RiskRecordRow


class Contacts:
    """Contacts of one enterprise. Its row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def list_of(self, uscc: str, *, ended: bool = False) -> Sequence[ContactRow]:
        query = select(ContactRow).where(ContactRow.uscc == uscc)
        if not ended:
            query = query.where(ContactRow.ended_at.is_(None))
        return self._session.scalars(query.order_by(ContactRow.id)).all()

    def get(self, uscc: str, contact_id: uuid.UUID) -> ContactRow:
        row = self._session.get(ContactRow, contact_id)
        if row is None or row.uscc != uscc or row.ended_at is not None:
            raise ContactNotFound("该企业没有这位联系人，或已停用，请核对编号")
        return row

    def add(self, row: ContactRow) -> ContactRow:
        self._session.add(row)
        self._session.flush()
        return row


class Relations:
    """Who holds an enterprise, and whom it holds."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def list_of(self, uscc: str, *, ended: bool = False) -> Sequence[RelationRow]:
        """Both directions, in the order of recording."""
        query = select(RelationRow).where(or_(RelationRow.uscc == uscc, RelationRow.holder_uscc == uscc))
        if not ended:
            query = query.where(RelationRow.ended_at.is_(None))
        return self._session.scalars(query.order_by(RelationRow.id)).all()

    def get(self, uscc: str, relation_id: uuid.UUID) -> RelationRow:
        row = self._session.get(RelationRow, relation_id)
        if row is None or row.uscc != uscc or row.ended_at is not None:
            raise RelationNotFound("该企业没有这条关联关系，或已结束，请核对编号")
        return row

    def add(self, row: RelationRow) -> RelationRow:
        self._session.add(row)
        self._session.flush()
        return row


class RiskRecords:
    """Why an enterprise bears its risk flags."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def list_of(self, uscc: str) -> Sequence[RiskRecordRow]:
        """The latest first, lifted ones too."""
        query = select(RiskRecordRow).where(RiskRecordRow.uscc == uscc)
        return self._session.scalars(query.order_by(RiskRecordRow.id.desc())).all()

    def find_open(self, uscc: str, flag: str) -> RiskRecordRow | None:
        query = select(RiskRecordRow).where(RiskRecordRow.uscc == uscc, RiskRecordRow.flag == flag)
        return self._session.scalar(query.where(RiskRecordRow.lifted_at.is_(None)))

    def get_open(self, uscc: str, record_id: uuid.UUID) -> RiskRecordRow:
        row = self._session.get(RiskRecordRow, record_id)
        if row is None or row.uscc != uscc or row.lifted_at is not None:
            raise RiskRecordNotFound("该企业没有这条在列的风险提示记录，请核对编号")
        return row

    def add(self, row: RiskRecordRow) -> RiskRecordRow:
        self._session.add(row)
        self._session.flush()
        return row
