"""Sequences that others follow: one writer numbers what has become visible, so nobody who only advances misses a row.

A use case inserts a row with `seq` NULL; a later commit with a smaller id simply gets a later number. Numbers are
given under a transaction-wide advisory lock, in the order of the row's id, without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from chassis.db import FEED_CHANNEL, Transaction


@dataclass(frozen=True, slots=True)
class Sequence:
    """A table with columns `id` (order of insertion) and `seq` (place in the feed, unique, NULL until numbered)."""

    table: str

    def number(self, tx: Transaction, limit: int = 5000) -> int:
        """Number up to `limit` visible rows; how many were numbered. The only writer of `seq`."""
        tx.session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 7))"), {"name": self.table})
        numbered = tx.session.execute(
            text(
                f"""
                WITH head AS (SELECT coalesce(max(seq), 0) AS seq FROM {self.table}),
                     waiting AS (
                       SELECT id, row_number() OVER (ORDER BY id) AS place
                       FROM (SELECT id FROM {self.table} WHERE seq IS NULL ORDER BY id LIMIT :limit) AS unnumbered)
                UPDATE {self.table} AS t SET seq = head.seq + waiting.place
                FROM head, waiting WHERE t.id = waiting.id
                """  # noqa: S608 - the table name is a constant of the service
            ),
            {"limit": limit},
        )
        count: int = numbered.rowcount  # type: ignore[attr-defined]
        if count:
            tx.notify(FEED_CHANNEL)
        return count
