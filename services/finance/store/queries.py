"""What finance's answers are read from: the feed, the list, its epochs and segments, consents."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy import Row as Result

from chassis.db import Transaction
from services.finance.domain.feed import NumberedChange
from services.finance.store.tables import (
    ChangeRow,
    ConsentRow,
    EnterpriseRow,
    EntryRow,
    EpochRow,
    FeedKeyRow,
    SegmentRow,
)

ROWS_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Reach:
    """The first and the last position of the feed that are kept; (0, 0) while it is empty."""

    first: int
    last: int


def reach(tx: Transaction) -> Reach:
    first, last = tx.session.execute(select(func.min(ChangeRow.seq), func.max(ChangeRow.seq))).one()
    return Reach(first or 0, last or 0)


def head(tx: Transaction) -> int:
    """The last position of the feed; 0 while it is empty."""
    return tx.session.scalar(select(func.max(ChangeRow.seq))) or 0


def changes_after(tx: Transaction, after: int, limit: int) -> list[NumberedChange]:
    """Up to `limit` changes that follow the position `after`, without gaps."""
    query = (
        select(
            ChangeRow.seq,
            ChangeRow.type,
            ChangeRow.occurred_at,
            ChangeRow.uscc,
            ChangeRow.title,
            ChangeRow.title_id,
            ChangeRow.reason,
            ChangeRow.effective_on,
            ChangeRow.changed,
            ChangeRow.line,
        )
        .where(ChangeRow.seq > after)
        .order_by(ChangeRow.seq)
        .limit(limit)
    )
    return [NumberedChange(seq or 0, *rest) for seq, *rest in tx.session.execute(query)]


def stream_entries(tx: Transaction) -> Iterator[Sequence[Result[str, str]]]:
    """The whole list in canonical order as (JSON line, CSV line), by a server-side cursor, in batches."""
    query = select(EntryRow.line, EntryRow.csv_line).order_by(EntryRow.uscc, EntryRow.title, EntryRow.title_id)
    result = tx.session.execute(query, execution_options={"stream_results": True, "yield_per": ROWS_AT_ONCE})
    yield from result.partitions()


def last_epoch(tx: Transaction) -> EpochRow | None:
    return tx.session.scalar(select(EpochRow).order_by(EpochRow.epoch.desc()).limit(1))


def find_epoch(tx: Transaction, epoch: int) -> EpochRow | None:
    return tx.session.get(EpochRow, epoch)


def last_segment(tx: Transaction) -> SegmentRow | None:
    return tx.session.scalar(select(SegmentRow).order_by(SegmentRow.number.desc()).limit(1))


def find_segment(tx: Transaction, number: int) -> SegmentRow | None:
    return tx.session.get(SegmentRow, number)


def list_segments(tx: Transaction, after: int, limit: int) -> Sequence[SegmentRow]:
    """Closed segments that hold changes after the position `after`."""
    query = select(SegmentRow).where(SegmentRow.last_seq > after).order_by(SegmentRow.last_seq).limit(limit)
    return tx.session.scalars(query).all()


def feed_keys(tx: Transaction) -> list[dict[str, Any]]:
    """Every public key the feed was signed with, the newest first."""
    query = select(FeedKeyRow.jwk).order_by(FeedKeyRow.first_used_at.desc(), FeedKeyRow.kid)
    return list(tx.session.scalars(query))


def list_entries(
    tx: Transaction,
    *,
    uscc: str | None,
    title: str | None,
    district: str | None,
    after: tuple[Any, ...] | None,
    limit: int,
) -> Sequence[EntryRow]:
    """Rows of the list from (uscc, title, title_id) `after` on; `district` is a GB/T 2260 prefix."""
    query = select(EntryRow).order_by(EntryRow.uscc, EntryRow.title, EntryRow.title_id).limit(limit)
    if uscc is not None:
        query = query.where(EntryRow.uscc == uscc)
    if title is not None:
        query = query.where(EntryRow.title == title)
    if district is not None:
        query = query.where(EntryRow.district_code.startswith(district, autoescape=True))
    if after is not None:
        query = query.where(tuple_(EntryRow.uscc, EntryRow.title, EntryRow.title_id) > after)
    return tx.session.scalars(query).all()


def list_consents(
    tx: Transaction,
    *,
    uscc: str | None,
    institution: str | None,
    state: str | None,
    areas: Sequence[str] | None,
    after: uuid.UUID | None,
    limit: int,
) -> Sequence[ConsentRow]:
    """Consents, the latest first; `areas` null is everywhere, otherwise GB/T 2260 prefixes (none: nothing)."""
    query = select(ConsentRow).order_by(ConsentRow.id.desc()).limit(limit)
    if uscc is not None:
        query = query.where(ConsentRow.uscc == uscc)
    if institution is not None:
        query = query.where(ConsentRow.institution == institution)
    if state is not None:
        query = query.where(ConsentRow.state == state)
    if areas is not None:
        query = query.join(EnterpriseRow, EnterpriseRow.uscc == ConsentRow.uscc).where(_within(areas))
    if after is not None:
        query = query.where(ConsentRow.id < after)
    return tx.session.scalars(query).all()


def _within(areas: Sequence[str]) -> ColumnElement[bool]:
    prefixes = [EnterpriseRow.district_code.startswith(area, autoescape=True) for area in areas]
    return or_(*prefixes) if prefixes else EnterpriseRow.uscc.is_(None)
