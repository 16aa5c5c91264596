"""Who waits for an assessment: because something changed, because a day came, or because a batch run asks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    bindparam,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, insert

from chassis import clock
from chassis.db import Transaction
from services.eligibility.domain import changes
from services.eligibility.domain.errors import BatchRunNotFound
from services.eligibility.store.tables import BatchRunRow, CalendarRow, EnterpriseRow, PendingRow


class Pending:
    """Which enterprises wait for their assessment, and because of what."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, codes: Sequence[str], changed: Collection[str] | None = None) -> None:
        """Mark the enterprises; a burst of changes costs one assessment. `changed` None: anything may have.

        A row that waits already is written anyway: that locks it, so nobody takes and assesses it before the
        changes of this transaction can be seen.
        """
        if not codes or (changed is not None and not changed):
            return
        carried, moment = self._carried(), clock.now()
        said = None if changed is None else sorted(set(changed))
        rows = [{"uscc": code, "changed": said, "context": carried, "since": moment} for code in sorted(set(codes))]
        statement = insert(PendingRow).values(rows)
        self._tx.session.execute(
            statement.on_conflict_do_update(
                index_elements=["uscc"],
                set_={"context": statement.excluded.context, "changed": _TOLD},
            )
        )
        self._tx.notify("assessments")

    def add_all(
        self, changed: Collection[str] | None = None, *, district: str = "", batch_id: uuid.UUID | None = None
    ) -> int:
        """Mark every enterprise (another pack, a batch run), or every one of a district; how many."""
        values = select(
            EnterpriseRow.uscc,
            bindparam("changed", None if changed is None else sorted(set(changed)), ARRAY(Text)),
            bindparam("context", self._carried(), JSONB),
            bindparam("since", clock.now(), DateTime(timezone=True)),
            bindparam("batch_id", batch_id, Uuid),
        ).order_by(EnterpriseRow.uscc)
        if district:
            values = values.where(EnterpriseRow.district_code.startswith(district, autoescape=True))
        statement = insert(PendingRow).from_select(["uscc", "changed", "context", "since", "batch_id"], values)
        marked = statement.on_conflict_do_update(
            index_elements=["uscc"],
            set_={
                "changed": _TOGETHER if batch_id is None else _KEPT,
                "batch_id": func.coalesce(statement.excluded.batch_id, PendingRow.batch_id),
            },
        )
        self._tx.notify("assessments")
        result = self._tx.session.execute(marked, execution_options={"preserve_rowcount": True})
        return int(result.rowcount)  # type: ignore[attr-defined]

    def add_never_assessed(self) -> int:
        """Mark those that have no place in the calendar yet: known before there was one."""
        missing = select(EnterpriseRow.uscc).where(
            ~select(CalendarRow.uscc).where(CalendarRow.uscc == EnterpriseRow.uscc).exists()
        )
        codes = self._tx.session.scalars(missing.order_by(EnterpriseRow.uscc)).all()
        for start in range(0, len(codes), 5000):
            self.add(codes[start : start + 5000])
        return len(codes)

    def take(self, limit: int) -> Sequence[PendingRow]:
        """Lock and remove up to `limit`, those that wait longest first; they are back if this does not commit.

        What only a batch run marked waits for its screening, so no event waits behind a run over everybody.
        """
        query = select(PendingRow).where(_OPEN).order_by(PendingRow.since, PendingRow.uscc).limit(limit)
        rows = self._tx.session.scalars(query.with_for_update(skip_locked=True)).all()
        self.remove([row.uscc for row in rows])
        return rows

    def list_unscreened(self, limit: int) -> Sequence[str]:
        """Lock up to `limit` enterprises of which a batch run has only said: assess them."""
        query = select(PendingRow.uscc).where(_UNSCREENED).order_by(PendingRow.uscc).limit(limit)
        return self._tx.session.scalars(query.with_for_update(skip_locked=True)).all()

    def narrow(self, found: Mapping[str, Collection[str]]) -> None:
        """Enterprise → what may have changed, for enterprises locked here that waited for anything."""
        alike: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for code, changed in found.items():
            alike[tuple(sorted(changed))].append(code)
        for said, codes in alike.items():
            statement = update(PendingRow).where(PendingRow.uscc.in_(codes)).values(changed=list(said))
            self._tx.session.execute(statement, execution_options={"synchronize_session": False})

    def remove(self, codes: Collection[str]) -> None:
        """They wait no longer."""
        if codes:
            statement = delete(PendingRow).where(PendingRow.uscc.in_(codes))
            self._tx.session.execute(statement, execution_options={"synchronize_session": False})

    def _carried(self) -> dict[str, str]:
        here = self._tx.context
        return {"correlation_id": here.correlation_id, "traceparent": here.traceparent, "actor": here.actor}


_UNSCREENED: ColumnElement[bool] = literal_column("(batch_id IS NOT NULL AND changed IS NULL)", Boolean)
_OPEN: ColumnElement[bool] = literal_column("(batch_id IS NULL OR changed IS NOT NULL)", Boolean)
"""As the partial indexes say it."""

_BOTH = """CASE WHEN pending_assessments.changed IS NULL OR excluded.changed IS NULL THEN NULL
       ELSE ARRAY(SELECT DISTINCT unnest(pending_assessments.changed || excluded.changed) ORDER BY 1) END"""

_TOGETHER: ColumnElement[Any] = literal_column(_BOTH)
"""What waited already and what is added; null, anything, swallows the rest."""

_TOLD: ColumnElement[Any] = literal_column(
    f"""CASE WHEN pending_assessments.batch_id IS NOT NULL AND pending_assessments.changed IS NULL
       THEN array_append(coalesce(excluded.changed, ARRAY[]::text[]), '{changes.ANYTHING}')
       ELSE {_BOTH} END"""
)
"""The same for an event: whom a batch run marked and has not screened is assessed with the events now."""


_KEPT: ColumnElement[Any] = literal_column(
    f"""CASE WHEN pending_assessments.batch_id IS NULL
       THEN array_append(coalesce(pending_assessments.changed, ARRAY[]::text[]), '{changes.ANYTHING}')
       ELSE pending_assessments.changed END"""
)
"""The same for a batch run: whom an event has marked before goes on waiting for the event's turn, not for the run's."""


class Calendar:
    """When an enterprise must be assessed again though nothing is said about it."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def keep(self, due: Mapping[str, Mapping[str, dt.date]], fingerprints: Mapping[str, Mapping[str, str]]) -> None:
        """USCC → title → the first day on which that outcome may change by itself, and its fingerprint.

        Other titles keep theirs.
        """
        if not due:
            return
        known = {
            row.uscc: (row.due, row.fingerprints)
            for row in self._session.execute(_CALENDAR_PARTS.where(CalendarRow.uscc.in_(due)))
        }
        rows = []
        for uscc, days in sorted(due.items()):
            before = known.get(uscc, ({}, {}))
            merged = before[0] | {title: day.isoformat() for title, day in days.items()}, before[1] | fingerprints[uscc]
            if uscc not in known or merged != before:
                next_on = dt.date.fromisoformat(min(merged[0].values()))
                rows.append({"uscc": uscc, "due": merged[0], "fingerprints": merged[1], "next_on": next_on})
        if rows:
            statement = insert(CalendarRow).values(rows)
            set_ = {name: statement.excluded[name] for name in ("due", "fingerprints", "next_on")}
            self._session.execute(statement.on_conflict_do_update(index_elements=["uscc"], set_=set_))

    def list_settled(self, codes: Sequence[str]) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """USCC → days and fingerprints by title."""
        query = _CALENDAR_PARTS.where(CalendarRow.uscc.in_(codes))
        return {row.uscc: (row.due, row.fingerprints) for row in self._session.execute(query)}

    def unsettle(self, uscc: str, title: str) -> None:
        """An assessment was stored without what belongs to it, so the next batch run must not take it for settled."""
        without = CalendarRow.fingerprints.op("-")(title)
        statement = update(CalendarRow).where(CalendarRow.uscc == uscc).values(fingerprints=without)
        self._session.execute(statement, execution_options={"synchronize_session": False})

    def list_due(self, today: dt.date, after: str, limit: int) -> Sequence[CalendarRow]:
        """Whose day has come, by code."""
        query = (
            select(CalendarRow)
            .where(CalendarRow.next_on <= today, CalendarRow.uscc > after)
            .order_by(CalendarRow.uscc)
            .limit(limit)
        )
        return self._session.scalars(query).all()


_CALENDAR_PARTS = select(CalendarRow.uscc, CalendarRow.due, CalendarRow.fingerprints)


class BatchRuns:
    """Batch runs; how far one is follows from who still waits for it."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(self, row: BatchRunRow) -> None:
        self._session.add(row)

    def get(self, run_id: uuid.UUID) -> BatchRunRow:
        row = self._session.get(BatchRunRow, run_id)
        if row is None:
            raise BatchRunNotFound("没有这次批量测算，请核对编号")
        return row

    def waiting(self, run_id: uuid.UUID) -> int:
        query = select(func.count()).where(PendingRow.batch_id == run_id)
        return self._session.scalar(query) or 0

    def list_page(self, before: uuid.UUID | None, limit: int) -> Sequence[BatchRunRow]:
        """The newest first; one row more than `limit` when there are more."""
        query = select(BatchRunRow).order_by(BatchRunRow.id.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(BatchRunRow.id < before)
        return self._session.scalars(query).all()
