"""Where a statement leaves what is to be told of the enterprises that it has changed."""

from __future__ import annotations

from sqlalchemy import text

from chassis.db import Transaction

ANNOUNCED = "announced"
"""A temporary table: the enterprise, what changed, the district whose officers may read of it, the event's payload."""


def make_room(tx: Transaction) -> None:
    """Make the table, which lasts as long as the transaction."""
    tx.session.execute(
        text(
            f"""
            CREATE TEMPORARY TABLE {ANNOUNCED} (
              subject text COLLATE "C" NOT NULL, changed text[] NOT NULL, district_code text COLLATE "C",
              payload jsonb NOT NULL) ON COMMIT DROP
            """
        )
    )
