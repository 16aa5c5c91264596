"""Enterprises by the names on lists: exact, former and near ones; and the rows that wait for a person."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import ids
from chassis.db import Transaction
from services.registry.domain.errors import UnresolvedTitleNotFound
from services.registry.domain.names import comparison_key
from services.registry.domain.resolution import Known, Resolved
from services.registry.store.ledger_tables import FormerNameRow, UnresolvedTitleRow
from services.registry.store.repositories import covered
from services.registry.store.staging import StagedRow

_LAST = "\U0010ffff"
_NEAR = 50
"""Enterprises looked at for one beginning of a name."""


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A staged row without a code, and the enterprises that bear or bore exactly its name."""

    staged: StagedRow
    key: str
    current: tuple[Known, ...]
    former: tuple[Known, ...]


def unnamed_rows(tx: Transaction) -> list[Unnamed]:
    """The staged rows that give a name and no code, in the order of the file."""
    rows = tx.session.execute(
        text(
            """
            SELECT s.position, s.sheet, s.row, '' AS uscc, s.stated, s.name_key,
              (SELECT coalesce(jsonb_agg(jsonb_build_array(e.uscc, e.name, e.district_code) ORDER BY e.uscc), '[]')
               FROM enterprises e WHERE e.name_key = s.name_key AND e.dissolved_into IS NULL) AS current,
              (SELECT coalesce(
                 jsonb_agg(jsonb_build_array(e.uscc, e.name, e.district_code, f.name) ORDER BY e.uscc), '[]')
               FROM former_names f JOIN enterprises e USING (uscc)
               WHERE f.name_key = s.name_key AND e.dissolved_into IS NULL) AS former
            FROM staged s WHERE s.uscc IS NULL ORDER BY s.position
            """
        )
    )
    return [
        Unnamed(
            StagedRow(*row[:5]),
            row.name_key,
            tuple(Known(*each) for each in row.current),
            tuple(Known(*each) for each in row.former),
        )
        for row in rows
    ]


def give_codes(tx: Transaction, found: Sequence[tuple[int, str, bool]]) -> None:
    """Write the codes of resolved rows, (position, code, by a former name), into the staging table.

    A former name is taken out of what the row states: it was told of already that the present one is another.
    """
    tx.session.execute(
        text(
            """
            UPDATE staged SET uscc = found.u, stated = CASE WHEN found.f THEN stated - 'name' ELSE stated END
            FROM unnest(CAST(:positions AS integer[]), CAST(:codes AS text[]), CAST(:former AS boolean[]))
              AS found (p, u, f)
            WHERE staged.position = found.p
            """
        ),
        {
            "positions": [each[0] for each in found],
            "codes": [each[1] for each in found],
            "former": [each[2] for each in found],
        },
    )


def near_names(tx: Transaction, beginnings: Sequence[str]) -> list[Known]:
    """Enterprises whose names begin with one of `beginnings` (comparison keys), by the index on the key."""
    rows = tx.session.execute(
        text(
            """
            SELECT DISTINCT e.uscc, e.name, e.district_code
            FROM unnest(CAST(:low AS text[]), CAST(:high AS text[])) AS p (low, high)
            CROSS JOIN LATERAL (
              SELECT uscc, name, district_code FROM enterprises
              WHERE dissolved_into IS NULL
                AND name_key >= p.low COLLATE "C" AND name_key < p.high COLLATE "C" ORDER BY name_key LIMIT :most) AS e
            """
        ),
        {"low": list(beginnings), "high": [each + _LAST for each in beginnings], "most": _NEAR},
    )
    return [Known(*row) for row in rows]


def remember_names(
    tx: Transaction,
    names: Iterable[tuple[str, str]],
    at: dt.datetime,
    *,
    by: str,
    basis: tuple[dt.date | None, str | None] = (None, None),
) -> None:
    """Keep the names, (code, name), that enterprises bore until now.

    `basis`: the first day of the new name by its document, and that document. A name that was left before is known.
    """
    effective_on, document = basis
    stamp = {
        "left_at": at,
        "recorded_by": by,
        "valid_to": effective_on - dt.timedelta(days=1) if effective_on else None,
        "document": document,
    }
    rows = [{"uscc": uscc, "name": name, "name_key": comparison_key(name), **stamp} for uscc, name in names]
    if rows:
        tx.session.execute(insert(FormerNameRow).values(rows).on_conflict_do_nothing())


class UnresolvedTitles:
    """Rows of lists that a person has to decide."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def add(
        self,
        found: Sequence[tuple[StagedRow, Resolved]],
        *,
        import_id: uuid.UUID,
        areas: Sequence[str],
        at: dt.datetime,
    ) -> None:
        """Let the rows wait; one that says the same as an earlier one waits, or was decided, with that."""
        rows = [
            {
                "id": ids.new_id(),
                "import_id": import_id,
                "sheet": row.sheet,
                "row": row.row,
                "name": row.stated["name"],
                "stated": row.stated,
                "digest": _digest(row.stated),
                "reason": resolved.reason,
                "candidates": [asdict(each) for each in resolved.candidates],
                "areas": list(areas),
                "state": "open",
                "created_at": at,
            }
            for row, resolved in found
        ]
        if rows:
            self._session.execute(insert(UnresolvedTitleRow).on_conflict_do_nothing(), rows)

    def get_for_update(self, row_id: uuid.UUID) -> UnresolvedTitleRow:
        query = select(UnresolvedTitleRow).where(UnresolvedTitleRow.id == row_id).with_for_update()
        row = self._session.scalar(query.execution_options(populate_existing=True))
        if row is None:
            raise UnresolvedTitleNotFound("没有这条待确认记录，或它不在您的管辖区域内")
        return row

    def list_page(
        self, areas: Sequence[str], state: str | None, import_id: uuid.UUID | None, after: uuid.UUID | None, limit: int
    ) -> Sequence[UnresolvedTitleRow]:
        """Up to `limit + 1` rows whose areas all lie in `areas` (`*` is everywhere), the oldest first."""
        query = select(UnresolvedTitleRow).order_by(UnresolvedTitleRow.id).limit(limit + 1)
        if "*" not in areas:
            query = query.where(covered("unresolved_titles").bindparams(mine=list(areas)))
        if state is not None:
            query = query.where(UnresolvedTitleRow.state == state)
        if import_id is not None:
            query = query.where(UnresolvedTitleRow.import_id == import_id)
        if after is not None:
            query = query.where(UnresolvedTitleRow.id > after)
        return self._session.scalars(query).all()


def _digest(stated: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(stated, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
