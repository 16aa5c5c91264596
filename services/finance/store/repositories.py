"""All writing of finance's rows, and the reading that writing needs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as Result
from sqlalchemy import func, insert, literal_column, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from chassis import clock, ids
from chassis.db import Transaction
from services.finance.domain.changes import Change
from services.finance.domain.consents import EXPIRED, GIVEN, Terms
from services.finance.domain.errors import ConsentAlreadyGiven, ConsentNotFound
from services.finance.domain.rows import csv_row
from services.finance.domain.titles import ENDED_STATUSES, VALID, Enterprise, Title
from services.finance.store.tables import ChangeRow, ConsentRow, EnterpriseRow, TitleRow

WHITELIST_CHANNEL = "whitelist"
"""Announces that changes wait to be numbered."""


class Enterprises:
    """The read model of enterprises; an older version never overwrites a newer one."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def follow(self, enterprise: Enterprise, version: int) -> tuple[Enterprise, bool]:
        """Keep `enterprise` unless a newer version is known; what is known now, and whether it is a new one.

        Either way its row stays locked, so that one enterprise's titles change in one order.
        """
        values = dataclasses.asdict(enterprise) | {"risk_flags": list(enterprise.risk_flags), "version": version}
        statement = upsert(EnterpriseRow).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["uscc"],
            set_={name: statement.excluded[name] for name in values if name != "uscc"},
            where=EnterpriseRow.version < statement.excluded.version,
        )
        created = self._session.execute(statement.returning(literal_column("xmax = 0"))).scalar_one_or_none()
        if created is not None:
            return enterprise, created
        return self.get(enterprise.uscc), False

    def find(self, uscc: str) -> Enterprise | None:
        row = self._session.execute(select(*_ENTERPRISE).where(EnterpriseRow.uscc == uscc)).one_or_none()
        return None if row is None else _enterprise(row)

    def list_due(self, today: dt.date, limit: int) -> list[Enterprise]:
        """Locked: enterprises with a title whose term has begun and that does not stand on the list for that alone.

        Those that somebody works on are left for the next turn.
        """
        due = (
            select(TitleRow.uscc)
            .where(
                TitleRow.uscc == EnterpriseRow.uscc,
                TitleRow.state == VALID,
                TitleRow.listed.is_(None),
                TitleRow.valid_from <= today,
                or_(TitleRow.valid_to.is_(None), TitleRow.valid_to >= today),
                or_(TitleRow.left_because.is_(None), TitleRow.left_because == "title_not_in_force"),
            )
            .exists()
        )
        query = (
            select(*_ENTERPRISE)
            .where(due, EnterpriseRow.status.not_in(ENDED_STATUSES))
            .order_by(EnterpriseRow.uscc)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [_enterprise(row) for row in self._session.execute(query)]

    def get(self, uscc: str) -> Enterprise:
        return _enterprise(self._session.execute(select(*_ENTERPRISE).where(EnterpriseRow.uscc == uscc)).one())


_ENTERPRISE = [getattr(EnterpriseRow, field.name) for field in dataclasses.fields(Enterprise)]
_TITLE = [getattr(TitleRow, field.name) for field in dataclasses.fields(Title)]


def _enterprise(row: Result[tuple[object, ...]]) -> Enterprise:
    values = dict(row._mapping)
    return Enterprise(**(values | {"risk_flags": tuple(values["risk_flags"])}))


@dataclass(frozen=True, slots=True)
class Standing:
    """A title and what the whitelist last announced of it."""

    title: Title
    listed: str | None
    left_because: str | None


class Titles:
    """The read model of the title ledger, each with what the whitelist last announced of it."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def follow(self, uscc: str, title: Title, version: int) -> bool:
        """Keep `title` unless the same or a newer version of it is known; whether it was kept."""
        values = dataclasses.asdict(title) | {"uscc": uscc, "version": version}
        statement = upsert(TitleRow).values(values)
        statement = statement.on_conflict_do_update(
            index_elements=["uscc", "title_id"],
            set_={name: statement.excluded[name] for name in values if name not in ("uscc", "title_id")},
            where=TitleRow.version < statement.excluded.version,
        )
        return self._session.execute(statement.returning(TitleRow.title_id)).one_or_none() is not None

    def list_for_update(self, uscc: str) -> list[Standing]:
        """The enterprise's titles, locked against the calendar."""
        query = (
            select(*_TITLE, TitleRow.listed, TitleRow.left_because)
            .where(TitleRow.uscc == uscc)
            .order_by(TitleRow.title_id)
            .with_for_update()
        )
        found = []
        for row in self._session.execute(query):
            *values, listed, left_because = row
            names = (field.name for field in dataclasses.fields(Title))
            found.append(Standing(Title(**dict(zip(names, values, strict=True))), listed, left_because))
        return found

    def announce(self, uscc: str, title: Title, change: Change, left_because: str | None) -> None:
        """Remember what the whitelist says of a title now."""
        self._session.execute(
            update(TitleRow)
            .where(TitleRow.uscc == uscc, TitleRow.title_id == title.title_id)
            .values(listed=change.line, left_because=left_because)
        )

    def expire(self, tx: Transaction, today: dt.date, limit: int) -> int:
        """Take every title whose term ended before `today` off the list, and append the changes; how many.

        Rows that somebody works on are left for the next turn, so that this never waits for a handler.
        """
        expired: int = self._session.execute(
            text(_EXPIRE),
            {
                "today": today,
                "now": clock.now(),
                "limit": limit,
                "correlation_id": tx.context.correlation_id,
                "traceparent": tx.context.traceparent,
            },
        ).rowcount  # type: ignore[attr-defined]
        if expired:
            tx.notify(WHITELIST_CHANNEL)
        return expired


_EXPIRE = """
WITH due AS (
  SELECT uscc, title_id FROM titles
  WHERE listed IS NOT NULL AND state = 'valid' AND valid_to < :today
  ORDER BY valid_to, uscc, title_id LIMIT :limit FOR UPDATE SKIP LOCKED),
gone AS (
  UPDATE titles AS t SET listed = NULL, left_because = 'title_expired' FROM due
  WHERE t.uscc = due.uscc AND t.title_id = due.title_id
  RETURNING t.uscc, t.title_id, t.title, t.title_label, t.valid_to)
INSERT INTO whitelist_changes (uscc, name, title, title_label, title_id, type, reason, effective_on, changed,
                               occurred_at, correlation_id, traceparent)
SELECT gone.uscc, e.name, gone.title, gone.title_label, gone.title_id, 'left', 'title_expired', gone.valid_to + 1,
       '{}', :now, :correlation_id, :traceparent
FROM gone JOIN enterprises AS e USING (uscc) ORDER BY gone.uscc, gone.title, gone.title_id
"""


_ANNOUNCED = (
    ChangeRow.seq,
    ChangeRow.uscc,
    ChangeRow.name,
    ChangeRow.title,
    ChangeRow.title_label,
    ChangeRow.title_id,
    ChangeRow.type,
    ChangeRow.reason,
    ChangeRow.effective_on,
    ChangeRow.correlation_id,
    ChangeRow.traceparent,
)


class Changes:
    """Appends to the feed; chassis.feed numbers what was appended."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def append(self, enterprise: Enterprise, title: Title, change: Change) -> None:
        self._tx.session.execute(
            insert(ChangeRow).values(
                uscc=enterprise.uscc,
                name=enterprise.name,
                title=title.title,
                title_label=title.title_label,
                title_id=title.title_id,
                type=change.type,
                reason=change.reason,
                effective_on=change.effective_on,
                changed=list(change.changed),
                line=change.line,
                csv_line=None if change.line is None else csv_row(json.loads(change.line)),
                occurred_at=clock.now(),
                correlation_id=self._tx.context.correlation_id,
                traceparent=self._tx.context.traceparent,
            )
        )
        self._tx.notify(WHITELIST_CHANNEL)

    def last(self, count: int) -> Sequence[Any]:
        """The last `count` numbered changes, in their order, with what is announced of them."""
        head = select(func.max(ChangeRow.seq)).scalar_subquery()
        query = select(*_ANNOUNCED).where(ChangeRow.seq > head - count).order_by(ChangeRow.seq)
        return self._tx.session.execute(query).all()

    def forget(self, before: dt.datetime, closed: int) -> int:
        """Forget the changes up to the first one that occurred after `before`; how many.

        Only those up to the position `closed`, which segments hold, and never the last one: numbering counts on.
        """
        forgotten: int = self._tx.session.execute(text(_FORGET), {"before": before, "closed": closed}).rowcount  # type: ignore[attr-defined]
        return forgotten


_FORGET = """
DELETE FROM whitelist_changes WHERE seq < least(
  (SELECT max(seq) FROM whitelist_changes),
  (SELECT min(seq) FROM whitelist_changes WHERE occurred_at >= :before),
  CAST(:closed AS bigint) + 1)
"""


class Entries:
    """The whitelist at the end of the numbered feed."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def apply_last(self, count: int) -> None:
        """Move the list on by the last `count` numbered changes. Of each row only its last change counts."""
        self._session.execute(text(_APPLY), {"count": count})


_APPLY = """
WITH last AS (
  SELECT DISTINCT ON (uscc, title_id) uscc, title_id, title, seq, line, csv_line FROM whitelist_changes
  WHERE seq > (SELECT max(seq) FROM whitelist_changes) - :count ORDER BY uscc, title_id, seq DESC),
gone AS (
  DELETE FROM whitelist_entries AS e USING last
  WHERE last.line IS NULL AND e.uscc = last.uscc AND e.title_id = last.title_id)
INSERT INTO whitelist_entries (uscc, title_id, title, district_code, seq, line, csv_line)
SELECT uscc, title_id, title, CAST(line AS jsonb) ->> 'district_code', seq, line, csv_line
FROM last WHERE line IS NOT NULL
ON CONFLICT (uscc, title_id) DO UPDATE SET title = excluded.title, district_code = excluded.district_code,
  seq = excluded.seq, line = excluded.line, csv_line = excluded.csv_line
"""


class Consents:
    """Consents of enterprises."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(self, terms: Terms, *, on_behalf: bool, given_by: str) -> ConsentRow:
        values = dataclasses.asdict(terms) | {
            "id": ids.new_id(),
            "state": GIVEN,
            "on_behalf": on_behalf,
            "given_by": given_by,
            "given_at": clock.now(),
        }
        statement = upsert(ConsentRow).values(values).on_conflict_do_nothing().returning(ConsentRow)
        row = self._session.scalar(statement)
        if row is None:
            raise ConsentAlreadyGiven("该企业对该机构的同一用途已有有效授权，如需变更请先撤回原授权")
        return row

    def get_for_update(self, consent_id: uuid.UUID) -> ConsentRow:
        row = self._session.scalar(select(ConsentRow).where(ConsentRow.id == consent_id).with_for_update())
        if row is None:
            raise ConsentNotFound("没有这项授权，请核对编号")
        return row

    def expire(self, today: dt.date, limit: int) -> Iterator[ConsentRow]:
        """Let consents that ended before `today` expire; those that did."""
        query = (
            select(ConsentRow)
            .where(ConsentRow.state == GIVEN, ConsentRow.expires_on < today)
            .order_by(ConsentRow.expires_on, ConsentRow.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        for row in self._session.scalars(query):
            row.state, row.ended_at = EXPIRED, clock.now()
            yield row
