"""All reading and writing of single aggregates: `get_` raises, `find_` may return None."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from chassis.db import Transaction
from services.notification.domain.areas import prefixes_of
from services.notification.domain.balance import Candidate
from services.notification.domain.errors import (
    AssignmentsBusy,
    CommissionerNotFound,
    EnterpriseUnknown,
    MessageNotFound,
)
from services.notification.store.tables import AssignmentRow, CommissionerRow, EnterpriseRow, MessageRow

LOCK_TIMEOUT = "55P03"


class Commissioners:
    """Who looks after enterprises."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def find_by_code(self, code: str) -> CommissionerRow | None:
        return self._session.scalar(select(CommissionerRow).where(CommissionerRow.code == code))

    def get_by_code(self, code: str) -> CommissionerRow:
        row = self.find_by_code(code)
        if row is None:
            raise CommissionerNotFound(f"没有编号为“{code}”的服务专员，请核对编号")
        return row

    def get_for_update(self, code: str) -> CommissionerRow:
        query = select(CommissionerRow).where(CommissionerRow.code == code).with_for_update()
        row = self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            raise CommissionerNotFound(f"没有编号为“{code}”的服务专员，请核对编号")
        return row

    def list_serving(self, district: str | None) -> list[Candidate]:
        """Active commissioners one of whose areas contains `district`, with their loads as they are now."""
        areas = prefixes_of(district)
        if not areas:
            return []
        columns = (CommissionerRow.code, CommissionerRow.areas, CommissionerRow.load, CommissionerRow.weight)
        query = select(*columns).where(CommissionerRow.active, CommissionerRow.areas.overlap(areas))
        return [
            Candidate(code, tuple(served), load, weight) for code, served, load, weight in self._session.execute(query)
        ]

    def add(self, row: CommissionerRow) -> None:
        self._session.add(row)
        self._session.flush()


class Enterprises:
    """The local copy of the registry's enterprises."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, uscc: str) -> EnterpriseRow:
        row = self._session.get(EnterpriseRow, uscc)
        if row is None or row.version == 0:
            raise EnterpriseUnknown("尚未收到该企业的登记信息：请核对统一社会信用代码；若刚刚登记，请数秒后重试")
        return row

    def mentioned(self, uscc: str) -> EnterpriseRow:
        """The row of an enterprise that a message is about; there is always one."""
        return self._session.get_one(EnterpriseRow, uscc)

    def get_or_add_for_update(self, uscc: str) -> EnterpriseRow:
        """The locked row; one that nobody told of yet is made with version 0 and no name."""
        query = select(EnterpriseRow).where(EnterpriseRow.uscc == uscc).with_for_update()
        row = self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:  # nobody else can be adding it: rows are made under the assignment lock
            row = EnterpriseRow(uscc=uscc, version=0, synthetic=False, ended=False)
            self._session.add(row)
            self._session.flush()
        return row


class Assignments:
    """Which commissioner has which enterprise."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def lock(self) -> None:
        """Let one transaction at a time decide who has whom and where open messages go.

        It is always taken before any row lock, so nobody can deadlock, loads are exact, a message cannot slip past
        the assignment it waits for, and an enterprise cannot slip past the commissioner who comes for its area.
        """
        try:
            self._session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('assignments', 7))"))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == LOCK_TIMEOUT:
                raise AssignmentsBusy("系统正在集中分配服务专员，请稍后重试") from error
            raise

    def find_active(self, uscc: str) -> tuple[AssignmentRow, CommissionerRow] | None:
        query = (
            select(AssignmentRow, CommissionerRow)
            .join(CommissionerRow, CommissionerRow.id == AssignmentRow.commissioner_id)
            .where(AssignmentRow.uscc == uscc, AssignmentRow.ended_at.is_(None))
            .execution_options(populate_existing=True)
        )
        found = self._session.execute(query).one_or_none()
        return (found[0], found[1]) if found else None

    def end(self, row: AssignmentRow, commissioner: CommissionerRow, moment: dt.datetime) -> None:
        row.ended_at = moment
        commissioner.load -= 1
        self._session.flush()  # the unique index allows the successor only after this one has ended

    def add(self, row: AssignmentRow, commissioner: CommissionerRow) -> None:
        self._session.add(row)
        commissioner.load += 1
        self._session.flush()


class Messages:
    """Messages about enterprises; the open ones (pending or unread) follow the assignment."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(self, values: dict[str, Any]) -> bool:
        """Whether it is new; one event makes one message of a kind about an enterprise."""
        statement = insert(MessageRow).values(values).on_conflict_do_nothing(constraint="uq_messages_source")
        return self._session.execute(statement.returning(MessageRow.id)).scalar_one_or_none() is not None

    def list_open_for_update(self, uscc: str) -> Sequence[MessageRow]:
        query = (
            select(MessageRow)
            .where(MessageRow.uscc == uscc, MessageRow.state != "read")
            .order_by(MessageRow.id)
            .with_for_update()
        )
        return self._session.scalars(query.execution_options(populate_existing=True)).all()

    def get_of(self, recipient_id: uuid.UUID, message_id: uuid.UUID) -> MessageRow:
        """The message if it is in this commissioner's inbox; another's is not found."""
        query = select(MessageRow).where(MessageRow.id == message_id, MessageRow.recipient_id == recipient_id)
        row = self._session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if row is None:
            raise MessageNotFound("您的收件箱中没有这条消息：请核对编号，企业改由他人服务后未读消息会随之转走")
        return row

    def list_unread_for_update(self, recipient_id: uuid.UUID, up_to: MessageRow | None) -> Iterable[MessageRow]:
        """Unread messages of one inbox, only those not newer than `up_to` when it is given.

        Skips what is being handed over at this moment: it leaves the inbox, and waiting for it could deadlock.
        """
        query = select(MessageRow).where(MessageRow.recipient_id == recipient_id, MessageRow.state == "delivered")
        if up_to is not None:
            place = tuple_(MessageRow.delivered_at, MessageRow.id)
            query = query.where(place <= (up_to.delivered_at, up_to.id))
        return self._session.scalars(query.with_for_update(skip_locked=True))
