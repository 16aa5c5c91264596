"""Versions of programmes and what is recorded beside them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, or_, select, text, tuple_

from chassis.db import Transaction
from services.registry.domain.programmes.errors import ProgrammeNotFound, ProgrammeVersionNotFound
from services.registry.store.programme_tables import ProgrammeRow

DISMISSED = "dismissed"


class Programmes:
    """All reading and writing of versions. Whoever changes one holds the lock: which one serves is one decision."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session

    def lock(self) -> None:
        self._session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('programmes', 7))"))

    def active(self, programme_id: str) -> ProgrammeRow:
        """The version in use."""
        row = self.find_active(programme_id)
        if row is None:
            raise ProgrammeNotFound(f"没有使用中的计划“{programme_id}”，请在 GET /programmes 中核对编号")
        return row

    def find_active(self, programme_id: str) -> ProgrammeRow | None:
        query = select(ProgrammeRow).where(ProgrammeRow.programme_id == programme_id, ProgrammeRow.state == "active")
        return self._session.scalar(query)

    def list_active(self) -> Sequence[ProgrammeRow]:
        query = select(ProgrammeRow).where(ProgrammeRow.state == "active").order_by(ProgrammeRow.programme_id)
        return self._session.scalars(query).all()

    def version(self, programme_id: str, sha256: str) -> ProgrammeRow:
        row = self._session.get(ProgrammeRow, sha256, populate_existing=True)
        if row is None or row.programme_id != programme_id or row.state == DISMISSED:
            raise ProgrammeVersionNotFound("该计划没有这个版本，请在版本列表中核对编号")
        return row

    def find_version(self, sha256: str) -> ProgrammeRow | None:
        return self._session.get(ProgrammeRow, sha256)

    def has_ever_served(self, programme_id: str) -> bool:
        """Also true when an official retired it: an upgrade does not bring it back."""
        query = select(ProgrammeRow.hash).where(
            ProgrammeRow.programme_id == programme_id, ProgrammeRow.activated_at.is_not(None)
        )
        return self._session.scalar(query.limit(1)) is not None

    def add(self, row: ProgrammeRow) -> None:
        self._session.add(row)

    def list_page(
        self,
        *,
        programme_id: str | None,
        state: str | None,
        areas: Sequence[str] | None,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[ProgrammeRow]:
        """By id and hash; one row more than `limit` when there are more. `areas`: only programmes that meet them."""
        query = select(ProgrammeRow).where(ProgrammeRow.state != DISMISSED)
        if programme_id is not None:
            query = query.where(ProgrammeRow.programme_id == programme_id)
        if state is not None:
            query = query.where(ProgrammeRow.state == state)
        if areas is not None:
            query = query.where(or_(False, *(_meets(number, area) for number, area in enumerate(areas))))
        if after is not None:
            query = query.where(tuple_(ProgrammeRow.programme_id, ProgrammeRow.hash) > tuple_(*after))
        query = query.order_by(ProgrammeRow.programme_id, ProgrammeRow.hash).limit(limit + 1)
        return self._session.scalars(query).all()


def _meets(number: int, area: str) -> TextClause:
    """One of the programme's areas lies in `area`, or `area` in one of them."""
    mine = f"mine_{number}"
    either = f"starts_with(a, :{mine}) OR starts_with(:{mine}, a)"
    found = f"EXISTS (SELECT 1 FROM unnest(programmes.areas) AS a WHERE {either})"  # noqa: S608 - no input in it
    return text(found).bindparams(**{mine: area})
