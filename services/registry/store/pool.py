"""Reading and writing the pool: entries, proposals, what eligibility told, seed lists."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.errors import PoolEntryNotFound, PoolProposalNotFound, SeedListNotFound
from services.registry.domain.life_cycle import IN_ERROR
from services.registry.domain.pool import PoolRule
from services.registry.domain.titles import HELD
from services.registry.store.item_tables import CertifiedItemRow
from services.registry.store.pool_tables import (
    PoolEntryRow,
    PoolProposalRow,
    PoolSignalRow,
    SeedListMemberRow,
    SeedListRow,
)
from services.registry.store.queries import short_area, within
from services.registry.store.tables import EnterpriseRow, TitleRecordRow

_ELSEWHERE = "没有这条记录，或它不在您的管辖区域内"


class PoolSignals:
    """What eligibility told, one row per enterprise and title."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def keep(self, *, uscc: str, title: str, **told: Any) -> None:
        """The latest word counts; the rules have to look at it again."""
        row = {**told, "told_at": clock.now(), "waiting": True}
        statement = insert(PoolSignalRow).values(uscc=uscc, title=title, **row)
        self._session.execute(statement.on_conflict_do_update(index_elements=["uscc", "title"], set_=row))

    def take_waiting(self, limit: int) -> Sequence[PoolSignalRow]:
        """Those that the rules have to look at, in the order of their enterprises; locked against a newer word."""
        query = select(PoolSignalRow).where(PoolSignalRow.waiting).order_by(PoolSignalRow.uscc, PoolSignalRow.title)
        return self._session.scalars(query.limit(limit).with_for_update(skip_locked=True)).all()


class PoolEntries:
    """Stays in the pool. The enterprise's row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, entry_id: uuid.UUID) -> PoolEntryRow:
        row = self._session.get(PoolEntryRow, entry_id)
        if row is None:
            raise PoolEntryNotFound(_ELSEWHERE)
        return row

    def present(self, uscc: str, pool: str) -> PoolEntryRow | None:
        """The stay that has not ended."""
        return self._session.scalar(
            select(PoolEntryRow)
            .where(PoolEntryRow.uscc == uscc, PoolEntryRow.pool == pool, PoolEntryRow.left_on.is_(None))
            .execution_options(populate_existing=True)
        )

    def add(self, row: PoolEntryRow) -> PoolEntryRow:
        self._session.add(row)
        self._session.flush()
        return row

    def members(self, pool: str, area: str) -> Sequence[tuple[PoolEntryRow, EnterpriseRow]]:
        """Who is in the pool in an area, in the order of codes."""
        query = (
            select(PoolEntryRow, EnterpriseRow)
            .join(EnterpriseRow, EnterpriseRow.uscc == PoolEntryRow.uscc)
            .where(
                PoolEntryRow.pool == pool,
                PoolEntryRow.left_on.is_(None),
                EnterpriseRow.district_code.startswith(short_area(area), autoescape=True),
            )
            .order_by(PoolEntryRow.uscc)
        )
        return [(row[0], row[1]) for row in self._session.execute(query)]


class PoolProposals:
    """Proposals of the rules. The enterprise's row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, proposal_id: uuid.UUID) -> PoolProposalRow:
        row = self._session.get(PoolProposalRow, proposal_id)
        if row is None:
            raise PoolProposalNotFound(_ELSEWHERE)
        return row

    def refresh(self, row: PoolProposalRow) -> None:
        self._session.refresh(row)

    def open(self, uscc: str, pool: str, act: str) -> PoolProposalRow | None:
        return self._session.scalar(
            select(PoolProposalRow).where(
                PoolProposalRow.uscc == uscc,
                PoolProposalRow.pool == pool,
                PoolProposalRow.act == act,
                PoolProposalRow.state == "open",
            )
        )

    def refused_since(self, uscc: str, rule_id: str, since: dt.datetime) -> bool:
        query = select(PoolProposalRow.id).where(
            PoolProposalRow.uscc == uscc,
            PoolProposalRow.rule_id == rule_id,
            PoolProposalRow.state == "refused",
            PoolProposalRow.decided_at > since,
        )
        return self._session.scalar(query.limit(1)) is not None

    def add(self, row: PoolProposalRow) -> None:
        self._session.add(row)
        self._session.flush()

    def withdraw(self, uscc: str, rule_id: str, title: str, why: str) -> int:
        """Withdraw an open proposal whose ground was this title; how many."""
        withdrawn = self._session.execute(
            update(PoolProposalRow)
            .where(
                PoolProposalRow.uscc == uscc,
                PoolProposalRow.rule_id == rule_id,
                PoolProposalRow.state == "open",
                PoolProposalRow.ground["title"].astext == title,
            )
            .values(state="withdrawn", decision_reason=why, decided_at=clock.now())
        )
        return int(getattr(withdrawn, "rowcount", 0))

    def withdraw_all(self, uscc: str, why: str) -> None:
        """Withdraw whatever is proposed for an enterprise."""
        self._session.execute(
            update(PoolProposalRow)
            .where(PoolProposalRow.uscc == uscc, PoolProposalRow.state == "open")
            .values(state="withdrawn", decision_reason=why, decided_at=clock.now())
        )


def whom_it_concerns(tx: Transaction, rule: PoolRule, since: dt.datetime, limit: int) -> Sequence[str]:
    """Codes of enterprises, rising, to whom a rule applies that looks into the registry's own tables.

    Left out: who is in the pool already (for an entry) or is not in one of its tiers (for a move or an exit), who has
    an open proposal, and whose proposal by this rule was refused after `since`.
    """
    entry = [
        PoolEntryRow.uscc == EnterpriseRow.uscc,
        PoolEntryRow.pool == rule.pool,
        PoolEntryRow.left_on.is_(None),
    ]
    if rule.act != "enter" and rule.from_tiers:
        entry.append(PoolEntryRow.tier.in_(rule.from_tiers))
    inside = exists().where(*entry)
    asked = exists().where(
        PoolProposalRow.uscc == EnterpriseRow.uscc,
        or_(
            and_(
                PoolProposalRow.state == "open",
                PoolProposalRow.pool == rule.pool,
                PoolProposalRow.act == rule.act,
            ),
            and_(
                PoolProposalRow.state == "refused",
                PoolProposalRow.rule_id == rule.id,
                PoolProposalRow.decided_at > since,
            ),
        ),
    )
    query = select(EnterpriseRow.uscc).where(_ground(rule), ~inside if rule.act == "enter" else inside, ~asked)
    query = query.where(EnterpriseRow.dissolved_into.is_(None))
    if rule.act == "enter":  # nobody is taken in who is known not to be in operation
        query = query.where(or_(EnterpriseRow.status.is_(None), EnterpriseRow.status == "active"))
    if rule.area:
        query = query.where(within(EnterpriseRow.district_code, rule.area))
    return tx.session.scalars(query.order_by(EnterpriseRow.uscc).limit(limit)).all()


def _ground(rule: PoolRule) -> ColumnElement[bool]:
    mine = (TitleRecordRow.uscc == EnterpriseRow.uscc, TitleRecordRow.title.in_(rule.titles))
    held = exists().where(*mine, TitleRecordRow.state.in_(HELD))
    if rule.when == "holds":
        return held
    if rule.when == "lost":
        over = or_(
            TitleRecordRow.state == "expired",
            and_(TitleRecordRow.state == "cancelled", TitleRecordRow.cancelled_kind.is_distinct_from(IN_ERROR)),
        )
        return and_(exists().where(*mine, over), ~held)
    if rule.when == "has_item":
        today = clock.today()
        return exists().where(
            CertifiedItemRow.uscc == EnterpriseRow.uscc,
            CertifiedItemRow.kind.in_(rule.items),
            CertifiedItemRow.revoked_on.is_(None),
            or_(CertifiedItemRow.valid_to.is_(None), CertifiedItemRow.valid_to >= today),
        )
    return EnterpriseRow.status.in_(rule.statuses)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFilters:
    """What entries or proposals are narrowed to; None is no narrowing. `areas` comes from the caller."""

    pool: str | None = None
    tier: str | None = None
    source_list: str | None = None
    rule_id: str | None = None
    uscc: str | None = None
    district: str | None = None
    state: str | None = None
    present: bool | None = None
    areas: Sequence[str] | None = None


def list_entries(
    tx: Transaction, filters: PoolFilters, after: uuid.UUID | None, limit: int
) -> Sequence[tuple[PoolEntryRow, EnterpriseRow]]:
    """Up to `limit + 1` stays, in the order in which they began."""
    query = select(PoolEntryRow, EnterpriseRow).join(EnterpriseRow, EnterpriseRow.uscc == PoolEntryRow.uscc)
    query = query.where(*_placed(filters))
    for column, value in (
        (PoolEntryRow.pool, filters.pool),
        (PoolEntryRow.tier, filters.tier),
        (PoolEntryRow.source_list, filters.source_list),
        (PoolEntryRow.uscc, filters.uscc),
    ):
        if value is not None:
            query = query.where(column == value)
    if filters.present is not None:
        query = query.where(PoolEntryRow.left_on.is_(None) if filters.present else PoolEntryRow.left_on.is_not(None))
    if after is not None:
        query = query.where(PoolEntryRow.id > after)
    return [(row[0], row[1]) for row in tx.session.execute(query.order_by(PoolEntryRow.id).limit(limit + 1))]


def list_proposals(
    tx: Transaction, filters: PoolFilters, after: uuid.UUID | None, limit: int
) -> Sequence[tuple[PoolProposalRow, EnterpriseRow]]:
    """Up to `limit + 1` proposals, in the order in which they were made."""
    query = select(PoolProposalRow, EnterpriseRow).join(EnterpriseRow, EnterpriseRow.uscc == PoolProposalRow.uscc)
    query = query.where(*_placed(filters))
    for column, value in (
        (PoolProposalRow.pool, filters.pool),
        (PoolProposalRow.rule_id, filters.rule_id),
        (PoolProposalRow.uscc, filters.uscc),
        (PoolProposalRow.state, filters.state),
    ):
        if value is not None:
            query = query.where(column == value)
    if after is not None:
        query = query.where(PoolProposalRow.id > after)
    return [(row[0], row[1]) for row in tx.session.execute(query.order_by(PoolProposalRow.id).limit(limit + 1))]


def _placed(filters: PoolFilters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.areas is not None:
        found.append(within(EnterpriseRow.district_code, filters.areas))
    if filters.district:
        found.append(EnterpriseRow.district_code.startswith(short_area(filters.district), autoescape=True))
    return found


class SeedLists:
    """Frozen lists; nothing here changes one."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def get(self, list_id: uuid.UUID) -> SeedListRow:
        row = self._session.get(SeedListRow, list_id)
        if row is None:
            raise SeedListNotFound(_ELSEWHERE)
        return row

    def find(self, year: int, area: str, pool: str) -> SeedListRow | None:
        return self._session.scalar(
            select(SeedListRow).where(SeedListRow.year == year, SeedListRow.area == area, SeedListRow.pool == pool)
        )

    def list_page(self, areas: Sequence[str] | None, year: int | None, after: uuid.UUID | None, limit: int) -> Any:
        query = select(SeedListRow).order_by(SeedListRow.id).limit(limit + 1)
        if areas is not None:
            query = query.where(within(SeedListRow.area, areas))
        if year is not None:
            query = query.where(SeedListRow.year == year)
        if after is not None:
            query = query.where(SeedListRow.id > after)
        return self._session.scalars(query).all()

    def add(self, row: SeedListRow, members: Sequence[dict[str, Any]]) -> None:
        self._session.add(row)
        self._session.flush()
        if members:
            rows = [{"list_id": row.id, "position": at, "content": each} for at, each in enumerate(members, start=1)]
            self._session.execute(insert(SeedListMemberRow), rows)

    def members(self, list_id: uuid.UUID, after: int, limit: int) -> Sequence[SeedListMemberRow]:
        query = select(SeedListMemberRow).where(
            SeedListMemberRow.list_id == list_id, SeedListMemberRow.position > after
        )
        return self._session.scalars(query.order_by(SeedListMemberRow.position).limit(limit + 1)).all()

    def contents(self, list_id: uuid.UUID) -> Sequence[dict[str, Any]]:
        """What is kept of all its members, in their order."""
        query = select(SeedListMemberRow.content).where(SeedListMemberRow.list_id == list_id)
        return self._session.scalars(query.order_by(SeedListMemberRow.position)).all()
