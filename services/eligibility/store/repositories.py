"""All reading and writing of single aggregates: `get_` raises, `find_` may return None."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, delete, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import aliased

from chassis import clock
from chassis.db import Transaction
from rulebook.nearness import Nearness
from services.eligibility.domain.errors import (
    AssessmentNotFound,
    EnterpriseNotKnown,
    FindingsRequestNotFound,
)
from services.eligibility.store.tables import (
    AssessmentRow,
    EnterpriseRow,
    FindingsRequestRow,
    InputsRow,
    PeriodFactsRow,
    RecordKeyRow,
    TitleRow,
)


class PeriodFacts(NamedTuple):
    """The facts of one enterprise in one fiscal year."""

    uscc: str
    fiscal_year: int
    facts: dict[str, dict[str, Any]]
    text: str
    """The same as the database writes it."""

    @property
    def content(self) -> bytes:
        """sha256 of all of them, their sources and ages."""
        return hashlib.sha256(self.text.encode()).digest()


class Enterprises:
    """The local copy of the registry's enterprises; an older event never overwrites a newer one."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, uscc: str) -> EnterpriseRow:
        row = self._session.get(EnterpriseRow, uscc)
        if row is None:
            raise EnterpriseNotKnown("尚未收到该企业的登记信息：请核对统一社会信用代码；若刚刚登记，请数秒后重试")
        return row

    def any(self) -> bool:
        """Whether any enterprise is known."""
        return self._session.scalar(select(EnterpriseRow.uscc).limit(1)) is not None

    def find(self, uscc: str) -> EnterpriseRow | None:
        return self._session.get(EnterpriseRow, uscc)

    def facts_of(self, uscc: str) -> dict[int, dict[str, dict[str, Any]]]:
        """The kept facts of one enterprise by fiscal year."""
        query = select(PeriodFactsRow.fiscal_year, PeriodFactsRow.facts).where(PeriodFactsRow.uscc == uscc)
        return {row.fiscal_year: row.facts for row in self._session.execute(query)}

    def list_by_codes(self, codes: Sequence[str]) -> dict[str, EnterpriseRow]:
        rows = self._session.scalars(select(EnterpriseRow).where(EnterpriseRow.uscc.in_(codes)))
        return {row.uscc: row for row in rows}

    def save(self, values: dict[str, Any]) -> bool:
        """Insert or replace when newer; whether anything was written."""
        statement = insert(EnterpriseRow).values(values)
        newer = statement.on_conflict_do_update(
            index_elements=["uscc"],
            set_={name: statement.excluded[name] for name in values if name != "uscc"},
            where=EnterpriseRow.version < statement.excluded.version,
        ).returning(EnterpriseRow.uscc)
        return self._session.execute(newer).scalar_one_or_none() is not None

    def save_facts(self, uscc: str, version: int, fiscal_year: int, facts: dict[str, dict[str, Any]]) -> bool:
        """Replace one period's facts when newer; whether anything was written."""
        statement = insert(PeriodFactsRow).values(uscc=uscc, fiscal_year=fiscal_year, version=version, facts=facts)
        newer = statement.on_conflict_do_update(
            index_elements=["uscc", "fiscal_year"],
            set_={"version": statement.excluded.version, "facts": statement.excluded.facts},
            where=PeriodFactsRow.version < statement.excluded.version,
        ).returning(PeriodFactsRow.uscc)
        return self._session.execute(newer).scalar_one_or_none() is not None

    def save_title(self, values: dict[str, Any]) -> bool:
        """Insert or replace a title when newer; whether anything was written."""
        statement = insert(TitleRow).values(values)
        newer = statement.on_conflict_do_update(
            index_elements=["title_id"],
            set_={name: statement.excluded[name] for name in values if name != "title_id"},
            where=TitleRow.version < statement.excluded.version,
        ).returning(TitleRow.title_id)
        return self._session.execute(newer).scalar_one_or_none() is not None

    def list_facts(self, codes: Sequence[str]) -> Iterable[PeriodFacts]:
        """The kept facts, period by period, written out once: the text is read here and hashed where it is asked."""
        written = cast(PeriodFactsRow.facts, Text)
        query = select(PeriodFactsRow.uscc, PeriodFactsRow.fiscal_year, written)
        rows = self._session.execute(query.where(PeriodFactsRow.uscc.in_(codes)))
        return [PeriodFacts(uscc, year, json.loads(text), text) for uscc, year, text in rows]

    def list_titles(self, codes: Sequence[str]) -> Iterable[TitleRow]:
        query = select(TitleRow).where(TitleRow.uscc.in_(codes)).order_by(TitleRow.title_id)
        return self._session.scalars(query)


class Assessments:
    """Assessments; at most one per enterprise and title is current."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, assessment_id: uuid.UUID) -> AssessmentRow:
        row = self._session.get(AssessmentRow, assessment_id)
        if row is None:
            raise AssessmentNotFound("没有这份测算记录，请核对编号")
        return row

    def lock(self, codes: Sequence[str]) -> None:
        """One at a time assesses an enterprise. Not the enterprise's row: its events must not wait for assessments."""
        if codes:
            self._session.execute(
                text(
                    "SELECT pg_advisory_xact_lock(hashtextextended(code, 7)) "
                    "FROM (SELECT unnest(CAST(:codes AS text[])) AS code ORDER BY 1) AS ordered"
                ),
                {"codes": sorted(codes)},
            )

    def list_current(self, codes: Sequence[str]) -> dict[tuple[str, str], AssessmentRow]:
        query = select(AssessmentRow).where(AssessmentRow.uscc.in_(codes), AssessmentRow.current)
        return {(row.uscc, row.title): row for row in self._session.scalars(query)}

    def list_history(
        self, uscc: str, title: str | None, before: uuid.UUID | None, limit: int
    ) -> Sequence[AssessmentRow]:
        """Every stored assessment of an enterprise, newest first; one row more than `limit` when there are more."""
        query = select(AssessmentRow).where(AssessmentRow.uscc == uscc)
        if title is not None:
            query = query.where(AssessmentRow.title == title)
        if before is not None:
            query = query.where(AssessmentRow.id < before)
        return self._session.scalars(query.order_by(AssessmentRow.id.desc()).limit(limit + 1)).all()

    def list_predecessors(self, rows: Sequence[AssessmentRow]) -> dict[uuid.UUID, AssessmentRow]:
        """Assessment id → the stored assessment before it for the same enterprise and title, where there is one."""
        if not rows:
            return {}
        before, row = aliased(AssessmentRow), aliased(AssessmentRow)
        same = (before.uscc == row.uscc) & (before.title == row.title) & (before.id < row.id)
        query = (
            select(row.id, before)
            .join(before, same)
            .where(row.id.in_([each.id for each in rows]))
            .ext(distinct_on(row.id))
            .order_by(row.id, before.id.desc())
        )
        return {found[0]: found[1] for found in self._session.execute(query)}

    def list_inputs(self, uscc: str, limit: int = 200) -> list[dict[str, Any]]:
        """What stored assessments of the enterprise looked at, the last times, the oldest first."""
        kept = select(InputsRow.inputs).where(InputsRow.uscc == uscc)
        query = kept.order_by(InputsRow.kept_at.desc(), InputsRow.hash).limit(limit)
        return list(self._session.scalars(query))[::-1]

    def keep_inputs(self, looked_at: Mapping[tuple[str, str], dict[str, Any]]) -> None:
        """Store what is about to be referred to, by (USCC, hash); what is there already stays."""
        if looked_at:
            now = clock.now()
            rows = [
                {"uscc": uscc, "hash": content, "inputs": inputs, "kept_at": now}
                for (uscc, content), inputs in sorted(looked_at.items(), key=lambda each: each[0])
            ]
            self._session.execute(insert(InputsRow).on_conflict_do_nothing(), rows)

    def forget_inputs(self, codes: Sequence[str]) -> None:
        """Of these enterprises, what no assessment refers to any more."""
        if codes:
            self._session.flush()
            referring = select(AssessmentRow.id).where(
                AssessmentRow.uscc == InputsRow.uscc, AssessmentRow.inputs_hash == InputsRow.hash
            )
            self._session.execute(delete(InputsRow).where(InputsRow.uscc.in_(codes), ~referring.exists()))

    def replace(self, previous: Collection[AssessmentRow], rows: Collection[AssessmentRow]) -> None:
        """Make `rows` the current ones; the previous ones stay as history. In two statements, however many they are."""
        if previous:
            ended = [row.id for row in previous]
            self._session.execute(update(AssessmentRow).where(AssessmentRow.id.in_(ended)).values(current=False))
        self._session.add_all(rows)

    def confirm(self, row: AssessmentRow, application_date: dt.date, inputs_hash: str, near: Nearness) -> None:
        """Assessed again with the same outcome: the date moves on, and with it what was looked at on that date.

        How near it is follows from the outcome; a row from before it was stored gets it here.
        """
        row.application_date = application_date
        row.inputs_hash = inputs_hash
        row.assessed_at = clock.now()
        row.near_route, row.open_lines, row.open_effort = near.route, near.open_lines, near.effort
        row.open_distance = near.distance

    def confirm_all(self, outcomes: Sequence[tuple[str, str]], application_date: dt.date) -> None:
        """As `confirm`, for (USCC, title) whose outcome and inputs are those of the current row, in one statement."""
        if outcomes:
            codes, titles = zip(*outcomes, strict=True)
            statement = text(
                "UPDATE assessments SET application_date = :day, assessed_at = :now "
                "FROM unnest(CAST(:codes AS text[]), CAST(:titles AS text[])) AS same (uscc, title) "
                "WHERE assessments.uscc = same.uscc AND assessments.title = same.title AND current"
            )
            given = {"day": application_date, "now": clock.now(), "codes": list(codes), "titles": list(titles)}
            self._session.execute(statement, given)


class FindingsRequests:
    """Judgements that are asked for; at most one row per enterprise and finding."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def get(self, request_id: uuid.UUID) -> FindingsRequestRow:
        row = self._session.get(FindingsRequestRow, request_id)
        if row is None:
            raise FindingsRequestNotFound("没有这项认定请求，请核对编号")
        return row

    def list_by_codes(self, codes: Sequence[str]) -> dict[tuple[str, str], FindingsRequestRow]:
        query = select(FindingsRequestRow).where(FindingsRequestRow.uscc.in_(codes))
        return {(row.uscc, row.finding): row for row in self._session.scalars(query)}

    def add(self, row: FindingsRequestRow) -> None:
        self._session.add(row)


class RecordKeys:
    """The public keys of signed records, old ones too."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(self, jwk: dict[str, Any]) -> None:
        """Keep a public key before anything it signed leaves; a known one stays as it is."""
        row = {"kid": jwk["kid"], "jwk": jwk, "first_used_at": clock.now()}
        self._session.execute(insert(RecordKeyRow).values(row).on_conflict_do_nothing())

    def list_all(self) -> list[dict[str, Any]]:
        """Every public key, the newest first."""
        query = select(RecordKeyRow.jwk).order_by(RecordKeyRow.first_used_at.desc(), RecordKeyRow.kid)
        return list(self._session.scalars(query))
