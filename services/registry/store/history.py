"""What the registry said before: states of enterprises, their facts and titles at a moment, and who read a file."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import select, text

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.enterprises import Identity
from services.registry.domain.facts import Entry
from services.registry.domain.past import STATED, PastState, fold_facts, identity_from, shown, taken_back
from services.registry.store.file_tables import FileReadRow, FormerStateRow
from services.registry.store.ledger_tables import FormerNameRow, TitleActRow
from services.registry.store.repositories import identity_of
from services.registry.store.tables import EnterpriseRow, FactRevisionRow, TitleRecordRow

_TEXT = ("registered_capital",)  # as text: a decimal is no number of JSON
_PAIRS = ", ".join(f"'{name}', e.{name}{'::text' if name in _TEXT else ''}" for name in STATED)
_KEEP = text(
    f"""
    INSERT INTO enterprise_states
      (uscc, state, unknown, until, until_version, changed, ended_by, import_id, request_id)
    SELECT e.uscc, jsonb_build_object({_PAIRS}), '{{}}', :at, n.version, string_to_array(n.changed, ','), :by,
      CAST(:import_id AS uuid), CAST(:request_id AS uuid)
    FROM unnest(CAST(:codes AS text[]), CAST(:versions AS integer[]), CAST(:changed AS text[]))
      WITH ORDINALITY AS n (uscc, version, changed, place)
    JOIN enterprises e ON e.uscc = n.uscc COLLATE "C" ORDER BY n.place
    """  # noqa: S608 - names of our own columns
)


def see_one_moment(tx: Transaction) -> None:
    """Let a transaction that only adds what it was asked for see one moment; to be called before its first query."""
    tx.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


_LAST = text(
    """
    SELECT greatest(
      (SELECT max(recorded_at) FROM fact_revisions WHERE uscc = :uscc AND recorded_at <= :moment),
      (SELECT max(recorded_at) FROM title_records WHERE uscc = :uscc AND recorded_at <= :moment),
      (SELECT max(a.recorded_at) FROM title_acts a JOIN title_records r ON r.id = a.title_id
       WHERE r.uscc = :uscc AND a.recorded_at <= :moment),
      (SELECT max(at) FROM former_names n CROSS JOIN LATERAL (VALUES (n.left_at), (n.stated_at)) AS told (at)
       WHERE n.uscc = :uscc AND at <= :moment),
      (SELECT max(at) FROM park_stays s CROSS JOIN LATERAL (VALUES (s.recorded_at), (s.ended_at)) AS told (at)
       WHERE s.uscc = :uscc AND at <= :moment),
      (SELECT max(at) FROM audit_log WHERE subject = :uscc AND at <= :moment
       AND action IN ('pool-entered', 'pool-left')))
    """
)


@dataclass(frozen=True, slots=True)
class Ended:
    """A locked enterprise whose state is about to become another: the version from then on, the fields that change."""

    uscc: str
    until_version: int
    changed: tuple[str, ...]


def keep_states(
    tx: Transaction,
    ended: Sequence[Ended],
    *,
    at: dt.datetime,
    by: str,
    import_id: uuid.UUID | None = None,
    request_id: uuid.UUID | None = None,
) -> None:
    """Keep what the registry says of these enterprises; to be called before it is changed."""
    if ended:
        tx.session.execute(
            _KEEP,
            {
                "codes": [each.uscc for each in ended],
                "versions": [each.until_version for each in ended],
                "changed": [",".join(each.changed) for each in ended],
                "at": at,
                "by": by,
                "import_id": import_id,
                "request_id": request_id,
            },
        )


class History:
    """The past of one enterprise's file."""

    def __init__(self, tx: Transaction, row: EnterpriseRow) -> None:
        self._session = tx.session
        self._row = row

    def state_at(self, moment: dt.datetime) -> PastState | None:
        """What was said of the enterprise itself at `moment`; None before it was registered."""
        row = self._row
        if row.registered_at > moment:
            return None
        of_it = select(FormerStateRow).where(FormerStateRow.uscc == row.uscc)
        ended = self._session.scalar(
            of_it.where(FormerStateRow.until > moment).order_by(FormerStateRow.until, FormerStateRow.id).limit(1)
        )
        before = self._session.scalar(
            of_it.where(FormerStateRow.until <= moment)
            .order_by(FormerStateRow.until.desc(), FormerStateRow.id.desc())
            .limit(1)
        )
        version = before.until_version if before else 1
        since = before.until if before else row.registered_at
        if ended is None:
            return PastState(identity_of(row), row.size_class, row.size_reason, version, since)
        state = ended.state
        identity: Identity = identity_from(state)
        unknown = tuple(ended.unknown)
        return PastState(identity, state.get("size_class"), state.get("size_reason"), version, since, unknown)

    def changed_at(self, moment: dt.datetime, state: PastState) -> dt.datetime:
        """When anything on the file had last changed by `moment`: itself, its facts, titles, names, or its pool."""
        last = self._session.scalar(_LAST, {"uscc": self._row.uscc, "moment": moment})
        return max(state.since, last) if last else state.since

    def states(self, field: str | None, before: int | None, limit: int) -> Sequence[FormerStateRow]:
        """Ended states, the latest first, below the id `before`; one more than `limit` when there are more."""
        query = select(FormerStateRow).where(FormerStateRow.uscc == self._row.uscc)
        if field is not None:
            query = query.where(FormerStateRow.changed.contains([field]))
        if before is not None:
            query = query.where(FormerStateRow.id < before)
        return self._session.scalars(query.order_by(FormerStateRow.id.desc()).limit(limit + 1)).all()

    def state_after(self, ended: FormerStateRow) -> dict[str, Any]:
        """What an ended state became, in JSON values; fields that it does not tell are absent."""
        query = select(FormerStateRow.state).where(FormerStateRow.uscc == ended.uscc, FormerStateRow.id > ended.id)
        kept = self._session.scalar(query.order_by(FormerStateRow.id).limit(1))
        return kept if kept is not None else {name: shown(getattr(self._row, name)) for name in STATED}

    def facts_at(self, moment: dt.datetime) -> dict[int, dict[str, Entry]]:
        """Fiscal year (0 = as of a date) → fact id → entry, as they were on file at `moment`."""
        query = (
            select(FactRevisionRow.fiscal_year, FactRevisionRow.changed)
            .where(FactRevisionRow.uscc == self._row.uscc, FactRevisionRow.recorded_at <= moment)
            .order_by(FactRevisionRow.id)
        )
        return fold_facts((year, changed) for year, changed in self._session.execute(query))

    def revisions(
        self, *, fact: str | None, fiscal_year: int | None, before: int | None, limit: int
    ) -> Sequence[FactRevisionRow]:
        """Revisions of facts, the latest first, below the id `before`; one more than `limit` when there are more."""
        query = select(FactRevisionRow).where(FactRevisionRow.uscc == self._row.uscc)
        if fact is not None:
            query = query.where(FactRevisionRow.changed.has_key(fact))
        if fiscal_year is not None:
            query = query.where(FactRevisionRow.fiscal_year == fiscal_year)
        if before is not None:
            query = query.where(FactRevisionRow.id < before)
        return self._session.scalars(query.order_by(FactRevisionRow.id.desc()).limit(limit + 1)).all()

    def entry_before(self, revision: FactRevisionRow, fact: str) -> Entry | None:
        """What was on file of a fact before a revision changed it."""
        query = (
            select(FactRevisionRow.changed)
            .where(
                FactRevisionRow.uscc == revision.uscc,
                FactRevisionRow.fiscal_year == revision.fiscal_year,
                FactRevisionRow.id < revision.id,
                FactRevisionRow.changed.has_key(fact),
            )
            .order_by(FactRevisionRow.id.desc())
            .limit(1)
        )
        earlier = self._session.scalar(query)
        return None if earlier is None else earlier[fact]

    def titles_at(self, moment: dt.datetime) -> list[Any]:
        """The ledger's records as they stood at `moment`, in the shape of its rows."""
        records = self._session.scalars(select(TitleRecordRow).where(TitleRecordRow.uscc == self._row.uscc)).all()
        acts: dict[uuid.UUID, list[tuple[dt.datetime, dict[str, Any]]]] = {}
        of_them = select(TitleActRow).where(TitleActRow.title_id.in_([record.id for record in records]))
        for act in self._session.scalars(of_them.order_by(TitleActRow.id)):
            acts.setdefault(act.title_id, []).append((act.recorded_at, act.changed))
        found = []
        for record in records:
            columns = {column.name: getattr(record, column.name) for column in TitleRecordRow.__table__.columns}
            if values := taken_back(columns, acts.get(record.id, ()), moment):
                found.append(SimpleNamespace(**values))
        return sorted(found, key=lambda each: (each.announced_on or dt.date.max, each.id))

    def former_names(self, moment: dt.datetime | None = None) -> Sequence[FormerNameRow]:
        """Names that it bore, the latest first, as far as they were known at `moment`."""
        query = select(FormerNameRow).where(FormerNameRow.uscc == self._row.uscc)
        if moment is not None:
            query = query.where(FormerNameRow.left_at <= moment)
        rows = self._session.scalars(query).all()
        return sorted(rows, key=lambda each: (each.valid_to or each.left_at.date(), each.left_at), reverse=True)


class FileReads:
    """Who was shown which part of a file."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def note(
        self,
        uscc: str,
        part: str,
        *,
        roles: Sequence[str],
        department: str | None,
        purpose: str | None,
        as_of: dt.datetime | None = None,
    ) -> None:
        self._tx.session.add(
            FileReadRow(
                uscc=uscc,
                part=part,
                as_of=as_of,
                reader=self._tx.context.actor,
                roles=list(roles),
                department=department,
                purpose=purpose,
                correlation_id=self._tx.context.correlation_id,
                read_at=clock.now(),
            )
        )

    def list_page(self, uscc: str, before: int | None, limit: int) -> Sequence[FileReadRow]:
        """The latest first, below the id `before`; one more than `limit` when there are more."""
        query = select(FileReadRow).where(FileReadRow.uscc == uscc)
        if before is not None:
            query = query.where(FileReadRow.id < before)
        return self._tx.session.scalars(query.order_by(FileReadRow.id.desc()).limit(limit + 1)).all()
