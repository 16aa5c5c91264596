"""Set-based writing of what an import decided: COPY into a temporary table, then one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction
from services.registry.store.tables import EnterpriseRow, TitleRecordRow

_ENTERPRISE = tuple(column.name for column in EnterpriseRow.__table__.columns)
_TITLE = tuple(column.name for column in TitleRecordRow.__table__.columns)


def update_enterprises(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put whole rows in the place of locked ones."""
    _replace(tx, "enterprises", _ENTERPRISE, "uscc", rows)


def insert_titles(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append records to the ledger; their enterprises are locked."""
    tx.copy("title_records", _TITLE, (tuple(row[name] for name in _TITLE) for row in rows))


def update_titles(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put corrected records in the place of what the ledger held."""
    _replace(tx, "title_records", _TITLE, "id", rows)


def move_versions(tx: Transaction, rows: Sequence[tuple[str, int, str | None, str]], at: Any) -> None:
    """Set `(uscc, version, size class, size reason)` of locked enterprises."""
    tx.session.execute(
        text(
            """
            UPDATE enterprises AS e SET version = n.v, size_class = n.c, size_reason = n.r, changed_at = :at
            FROM unnest(CAST(:codes AS text[]), CAST(:versions AS integer[]), CAST(:classes AS text[]),
                        CAST(:reasons AS text[])) AS n (u, v, c, r)
            WHERE e.uscc = n.u
            """
        ),
        {
            "codes": [each[0] for each in rows],
            "versions": [each[1] for each in rows],
            "classes": [each[2] for each in rows],
            "reasons": [each[3] for each in rows],
            "at": at,
        },
    )


def periods_of(tx: Transaction, codes: Sequence[str]) -> dict[str, dict[int, dict[str, Any]]]:
    """Current facts of several enterprises: code → fiscal year → fact id → entry."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    rows = tx.session.execute(
        text("SELECT uscc, fiscal_year, facts FROM facts_current WHERE uscc = ANY(:codes)"), {"codes": list(codes)}
    )
    for uscc, year, facts in rows:
        found.setdefault(uscc, {})[year] = facts
    return found


def records_of(tx: Transaction, codes: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The title records of several enterprises, by code."""
    found: dict[str, list[dict[str, Any]]] = {}
    rows = tx.session.execute(text("SELECT * FROM title_records WHERE uscc = ANY(:codes)"), {"codes": list(codes)})
    for row in rows.mappings():
        found.setdefault(row["uscc"], []).append(dict(row))
    return found


def _empty(tx: Transaction, table: str) -> None:
    """An empty temporary table of the same shape."""
    tx.session.execute(text(f"CREATE TEMPORARY TABLE IF NOT EXISTS incoming_{table} (LIKE {table}) ON COMMIT DROP"))
    tx.session.execute(text(f"TRUNCATE incoming_{table}"))


def _incoming(tx: Transaction, table: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    _empty(tx, table)
    tx.copy(f"incoming_{table}", columns, (tuple(row[name] for name in columns) for row in rows))


def _replace(tx: Transaction, table: str, columns: Sequence[str], key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    _incoming(tx, table, columns, rows)
    names = [name for name in columns if name != key]
    targets, sources = ", ".join(names), ", ".join(f"i.{name}" for name in names)
    statement = (
        f"UPDATE {table} AS t SET ({targets}) = ROW({sources}) FROM incoming_{table} AS i WHERE t.{key} = i.{key}"  # noqa: S608 - names of our own columns
    )
    tx.session.execute(text(statement))
