"""All reading and writing of single aggregates: `get_` raises, `find_` returns None."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.enterprises import FIELDS, Identity
from services.registry.domain.errors import EnterpriseDissolved, EnterpriseNotFound, ImportNotFound, TitleNotFound
from services.registry.domain.facts import Entry
from services.registry.domain.names import comparison_key
from services.registry.domain.successions import dissolved
from services.registry.store.tables import (
    EnterpriseRow,
    FactRevisionRow,
    FactsCurrentRow,
    ImportRow,
    TitleRecordRow,
)


def covered(table: str) -> TextClause:
    """Whether all areas that a row of `table` was made for lie in the areas `:mine`."""
    return text(
        f"cardinality({table}.areas) > 0 AND NOT EXISTS (SELECT 1 FROM unnest({table}.areas) AS made WHERE NOT EXISTS"  # noqa: S608 - names of our own tables
        " (SELECT 1 FROM unnest(CAST(:mine AS text[])) AS own WHERE starts_with(made, own)))"
    )


def identity_of(row: Any) -> Identity:
    """The identity that an enterprise's row (or a result with its columns) holds."""
    values = {name: getattr(row, name) for name in FIELDS}
    return Identity(**{**values, "risk_flags": tuple(row.risk_flags)})


def columns_of(identity: Identity) -> dict[str, Any]:
    """The columns that hold an identity."""
    values = {name: getattr(identity, name) for name in FIELDS}
    return {**values, "risk_flags": list(identity.risk_flags), "name_key": comparison_key(identity.name)}


def require_open(row: EnterpriseRow) -> None:
    """Raise EnterpriseDissolved, which names who carries it on, for a closed file."""
    if row.dissolved_into is not None:
        raise EnterpriseDissolved(dissolved(row.name, row.dissolved_into), successors=list(row.dissolved_into))


class Enterprises:
    """Enterprises by credit code."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def find(self, uscc: str) -> EnterpriseRow | None:
        return self._session.get(EnterpriseRow, uscc)

    def get(self, uscc: str) -> EnterpriseRow:
        row = self.find(uscc)
        if row is None:
            raise EnterpriseNotFound(uscc)
        return row

    def get_for_update(self, uscc: str) -> EnterpriseRow:
        """The enterprise, locked until the transaction ends: all that changes it waits its turn here.

        Raises EnterpriseDissolved for a closed file.
        """
        row = self.lock(uscc)
        require_open(row)
        return row

    def lock(self, uscc: str) -> EnterpriseRow:
        """The same, of a closed file too: for its calendar, and for official acts on titles that stayed with it."""
        query = select(EnterpriseRow).where(EnterpriseRow.uscc == uscc).with_for_update()
        row = self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            raise EnterpriseNotFound(uscc)
        return row

    def add(self, uscc: str, identity: Identity, size_class: str | None, size_reason: str) -> EnterpriseRow | None:
        """Insert; None when the code is taken (also by a transaction that commits while we wait)."""
        moment = clock.now()
        values = {
            "uscc": uscc,
            **columns_of(identity),
            "size_class": size_class,
            "size_reason": size_reason,
            "version": 1,
            "registered_at": moment,
            "changed_at": moment,
        }
        added = insert(EnterpriseRow).values(values).on_conflict_do_nothing().returning(EnterpriseRow)
        return self._session.scalar(added)


class Facts:
    """Current facts and their revisions. The enterprise's row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._session = tx.session

    def periods(self, uscc: str) -> dict[int, dict[str, Entry]]:
        """Fiscal year (0 = as of a date) → fact id → entry."""
        query = select(FactsCurrentRow.fiscal_year, FactsCurrentRow.facts).where(FactsCurrentRow.uscc == uscc)
        return {row.fiscal_year: row.facts for row in self._session.execute(query)}

    def record(
        self,
        uscc: str,
        fiscal_year: int,
        changed: Mapping[str, Entry | None],
        facts: Mapping[str, Entry],
        at: dt.datetime,
    ) -> None:
        """Append the revision and put `facts` as the period's current state."""
        self._session.add(
            FactRevisionRow(
                uscc=uscc,
                fiscal_year=fiscal_year,
                changed=dict(changed),
                recorded_at=at,
                recorded_by=self._tx.context.actor,
            )
        )
        row = {"facts": dict(facts), "changed_at": at}
        statement = insert(FactsCurrentRow).values(uscc=uscc, fiscal_year=fiscal_year, **row)
        self._session.execute(statement.on_conflict_do_update(index_elements=["uscc", "fiscal_year"], set_=row))


class Titles:
    """The title ledger. The enterprise's row must be locked by whoever writes."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, uscc: str, title_id: uuid.UUID) -> TitleRecordRow:
        row = self._session.get(TitleRecordRow, title_id)
        if row is None or row.uscc != uscc:
            raise TitleNotFound("该企业没有这条称号记录，请在企业档案中核对编号")
        return row

    def list_of(self, uscc: str) -> Sequence[TitleRecordRow]:
        query = select(TitleRecordRow).where(TitleRecordRow.uscc == uscc)
        return self._session.scalars(query.order_by(TitleRecordRow.announced_on, TitleRecordRow.id)).all()

    def list_over(self, today: dt.date, limit: int) -> Sequence[TitleRecordRow]:
        """Valid titles whose last day is over, in the order of their enterprises."""
        query = (
            select(TitleRecordRow)
            .where(TitleRecordRow.state == "valid", TitleRecordRow.valid_to < today)
            .order_by(TitleRecordRow.uscc, TitleRecordRow.id)
            .limit(limit)
        )
        return self._session.scalars(query).all()

    def add(self, row: TitleRecordRow) -> TitleRecordRow:
        self._session.add(row)
        self._session.flush()
        return row


class Imports:
    """Imports by id, seen by those who answer for all the areas they were made for."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, import_id: uuid.UUID) -> ImportRow:
        row = self._session.get(ImportRow, import_id)
        if row is None:
            raise ImportNotFound("没有这次导入，或它不在您的管辖区域内")
        return row

    def get_for_update(self, import_id: uuid.UUID) -> ImportRow:
        query = select(ImportRow).where(ImportRow.id == import_id).with_for_update()
        row = self._session.scalar(query)
        if row is None:
            raise ImportNotFound("没有这次导入，或它不在您的管辖区域内")
        return row

    def add(self, row: ImportRow) -> ImportRow:
        self._session.add(row)
        self._session.flush()
        return row

    def list_page(
        self, areas: Sequence[str], after: tuple[dt.datetime, uuid.UUID] | None, limit: int
    ) -> Sequence[ImportRow]:
        """Newest first: up to `limit + 1` imports whose areas all lie in `areas` (`*` is everywhere)."""
        query = select(ImportRow).order_by(ImportRow.created_at.desc(), ImportRow.id.desc()).limit(limit + 1)
        if "*" not in areas:
            query = query.where(covered("imports").bindparams(mine=list(areas)))
        if after is not None:
            at, import_id = after
            older = (ImportRow.created_at < at) | ((ImportRow.created_at == at) & (ImportRow.id < import_id))
            query = query.where(older)
        return self._session.scalars(query).all()
