"""Reading and writing the history of the title ledger, and lists of its records."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select, tuple_

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.ledger import differences, of_record
from services.registry.domain.life_cycle import FAILED, IN_ERROR, PASSED, STAGES, LifeCycles
from services.registry.store.ledger_tables import TitleActRow
from services.registry.store.queries import short_area, within
from services.registry.store.tables import EnterpriseRow, TitleRecordRow

_COLUMNS = ("title_id", "uscc", "act", "acted_on", "document_number", "decision_reference", "reason", "changed",
            "recorded_at", "recorded_by", "import_id")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedAct:
    """One entry of a record's history, to be written; `before` is null for a new record."""

    record: Any
    before: Mapping[str, Any] | None
    act: str
    acted_on: dt.date | None = None
    document_number: str | None = None
    decision_reference: str | None = None
    reason: str | None = None


class TitleActs:
    """The history of records, append-only."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def note(self, act: NotedAct) -> None:
        self._tx.session.flush()  # the record first: the history refers to it
        after = of_record(act.record)
        self._tx.session.add(
            TitleActRow(
                title_id=act.record.id,
                uscc=act.record.uscc,
                act=act.act,
                acted_on=act.acted_on,
                document_number=act.document_number,
                decision_reference=act.decision_reference,
                reason=act.reason,
                changed=differences(act.before, after),
                recorded_at=clock.now(),
                recorded_by=self._tx.context.actor,
            )
        )

    def note_all(self, acts: Iterable[NotedAct], *, recorded_by: str, import_id: uuid.UUID, at: dt.datetime) -> None:
        """Append many at once, by COPY; their records are mappings of columns."""
        rows = (
            (
                each.record["id"],
                each.record["uscc"],
                each.act,
                each.acted_on,
                each.document_number,
                each.decision_reference,
                each.reason,
                json.dumps(differences(each.before, of_record(each.record)), ensure_ascii=False),
                at,
                recorded_by,
                import_id,
            )
            for each in acts
        )
        self._tx.copy("title_acts", _COLUMNS, rows)

    def list_of(self, title_id: uuid.UUID) -> Sequence[TitleActRow]:
        """In the order in which they were recorded."""
        query = select(TitleActRow).where(TitleActRow.title_id == title_id).order_by(TitleActRow.id)
        return self._tx.session.scalars(query).all()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFilters:
    """What a list of records is narrowed to; None is no narrowing. `areas` and `own` come from the caller."""

    title: str | None = None
    stage: str | None = None
    district: str | None = None
    batch: str | None = None
    ends_from: dt.date | None = None
    ends_until: dt.date | None = None
    banned_on: dt.date | None = None
    areas: Sequence[str] | None = None
    own: str | None = None


def list_records(
    tx: Transaction, filters: LedgerFilters, life_cycles: LifeCycles, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[tuple[TitleRecordRow, EnterpriseRow]]:
    """Up to `limit + 1` records with their enterprises, by credit code and id."""
    key = (TitleRecordRow.uscc, TitleRecordRow.id)
    query = (
        select(TitleRecordRow, EnterpriseRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == TitleRecordRow.uscc)
        .where(*_conditions(filters, life_cycles))
    )
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [(row[0], row[1]) for row in tx.session.execute(query.order_by(*key).limit(limit + 1))]


def _conditions(filters: LedgerFilters, life_cycles: LifeCycles) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.own is not None:
        found.append(TitleRecordRow.uscc == filters.own)
    elif filters.areas is not None:
        found.append(within(EnterpriseRow.district_code, filters.areas))
    if filters.district:
        found.append(EnterpriseRow.district_code.startswith(short_area(filters.district), autoescape=True))
    if filters.title:
        found.append(TitleRecordRow.title == filters.title)
    if filters.stage:
        found.append(_in_stage(filters.stage, life_cycles))
    if filters.batch:
        found.append(TitleRecordRow.batch == filters.batch)
    if filters.ends_from:
        found.append(TitleRecordRow.valid_to >= filters.ends_from)
    if filters.ends_until:
        found.append(TitleRecordRow.valid_to <= filters.ends_until)
    if filters.banned_on:
        found += [TitleRecordRow.state == "cancelled", TitleRecordRow.banned_until >= filters.banned_on]
    return found


def _in_stage(stage: str, life_cycles: LifeCycles) -> ColumnElement[bool]:
    """The same as LifeCycles.stage, for the database."""
    state = TitleRecordRow.state == STAGES[stage][1]
    outcome, kind = TitleRecordRow.review_outcome, TitleRecordRow.cancelled_kind
    announced = TitleRecordRow.title.in_(life_cycles.announced())
    further: dict[str, ColumnElement[bool]] = {
        "recognised": outcome.is_distinct_from(PASSED),
        "review_passed": outcome == PASSED,
        "expired": outcome.is_distinct_from(FAILED),
        "review_failed": outcome == FAILED,
        "taken_back": kind == IN_ERROR,
        "announcement_cancelled": and_(kind.is_distinct_from(IN_ERROR), announced),
        "recognition_cancelled": and_(kind.is_distinct_from(IN_ERROR), ~announced),
    }
    return and_(state, further[stage]) if stage in further else state


def list_expiring(tx: Transaction, title: str, *, today: dt.date, step: int, limit: int) -> Sequence[TitleRecordRow]:
    """Valid records of a title that end within `step` days and of whose present end this was not told yet."""
    told = TitleRecordRow.expiry_announced_for == TitleRecordRow.valid_to
    near_enough = TitleRecordRow.expiry_announced_days <= step
    closed = exists().where(EnterpriseRow.uscc == TitleRecordRow.uscc, EnterpriseRow.dissolved_into.is_not(None))
    query = select(TitleRecordRow).where(
        ~closed,
        TitleRecordRow.title == title,
        TitleRecordRow.state == "valid",
        TitleRecordRow.valid_to >= today,
        TitleRecordRow.valid_to <= today + dt.timedelta(days=step),
        or_(TitleRecordRow.expiry_announced_for.is_(None), ~told, ~near_enough),
    )
    return tx.session.scalars(query.order_by(TitleRecordRow.uscc, TitleRecordRow.id).limit(limit)).all()
