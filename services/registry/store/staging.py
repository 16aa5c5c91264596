"""Where an import puts its rows before it writes: a temporary table, so that no file has to fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from chassis.db import Transaction

CHUNK = 2000
"""Enterprises written together: large enough for set-based SQL, small enough for memory."""

_COLUMNS = ("position", "sheet", "row", "uscc", "name_key", "stated")


@dataclass(frozen=True, slots=True)
class StagedRow:
    """One sound row of the file; `stated` is what it says, in JSON."""

    position: int
    sheet: str | None
    row: int
    uscc: str
    stated: dict[str, Any]

    def shown(self, key: str) -> str | None:
        """What the row says in a named column, if it is kept."""
        value = self.uscc if key == "uscc" else self.stated.get(key)
        return value if isinstance(value, str) else None


Staged = tuple[int, str | None, int, str | None, str | None, str]


def stage(tx: Transaction, rows: Iterable[Staged]) -> int:
    """Fill the staging table with (position, sheet, row, uscc, name key, stated as JSON text); how many."""
    tx.session.execute(
        text(
            """
            CREATE TEMPORARY TABLE staged (
              position integer NOT NULL, sheet text, row integer NOT NULL,
              uscc text COLLATE "C", name_key text COLLATE "C", stated jsonb NOT NULL
            ) ON COMMIT DROP
            """
        )
    )
    count = tx.copy("staged", _COLUMNS, rows)
    tx.session.execute(text("CREATE INDEX ON staged (uscc, position)"))
    tx.session.execute(text("ANALYZE staged"))
    return count


def begin_writing(tx: Transaction) -> None:
    """One import writes at a time, so that two of them cannot wait for each other's rows."""
    tx.session.execute(text("SET LOCAL lock_timeout = '15min'"))
    tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('registry-imports', 7))"))


def chunks(tx: Transaction) -> Iterator[tuple[list[str], list[StagedRow]]]:
    """Credit codes in rising order, a chunk at a time, with all their rows in the order of the file."""
    after = ""
    while True:
        codes = list(
            tx.session.scalars(
                text("SELECT DISTINCT uscc FROM staged WHERE uscc > :after ORDER BY uscc LIMIT :limit"),
                {"after": after, "limit": CHUNK},
            )
        )
        if not codes:
            return
        found = tx.session.execute(
            text(
                "SELECT position, sheet, row, uscc, stated FROM staged WHERE uscc BETWEEN :first AND :last"
                " ORDER BY uscc, position"
            ),
            {"first": codes[0], "last": codes[-1]},
        )
        yield codes, [StagedRow(*row) for row in found]
        after = codes[-1]


def lock(tx: Transaction, codes: Sequence[str]) -> dict[str, Any]:
    """The registered enterprises among `codes`, locked in rising order; by code."""
    rows = tx.session.execute(
        text('SELECT * FROM enterprises WHERE uscc = ANY(:codes) ORDER BY uscc COLLATE "C" FOR UPDATE'),
        {"codes": list(codes)},
    )
    return {row.uscc: row for row in rows}
