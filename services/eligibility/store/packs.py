"""Versions of policy packs, and the application dates each of them serves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from chassis import clock, ids
from chassis.db import Transaction
from services.eligibility.domain.catalog import Serving, StoredPack
from services.eligibility.domain.errors import PackNotFound
from services.eligibility.store.tables import AssessmentRow, DismissedPackRow, PackPeriodRow, PackRow


class Packs:
    """All reading and writing of packs. Whoever changes one holds the lock: which versions serve is one decision."""

    def __init__(self, tx: Transaction) -> None:
        self._session = tx.session
        self._actor = tx.context.actor

    def lock(self) -> None:
        """One at a time changes which packs there are, or their state."""
        self._session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('policy_packs', 7))"))

    def get(self, sha256: str) -> PackRow:
        row = self._session.get(PackRow, sha256)
        if row is None:
            raise PackNotFound("没有这个版本的规则包，请核对编号")
        return row

    def get_for_update(self, sha256: str) -> PackRow:
        """The version as it is now that nobody else may change it."""
        self.lock()
        row = self._session.get(PackRow, sha256, populate_existing=True)
        if row is None:
            raise PackNotFound("没有这个版本的规则包，请核对编号")
        return row

    def find_version(self, sha256: str) -> PackRow | None:
        return self._session.get(PackRow, sha256)

    def find_of_other_title(self, pack_id: str, title: str) -> PackRow | None:
        """A version of that id that is about another title: the versions of an id take each other's place."""
        query = select(PackRow).where(PackRow.pack_id == pack_id, PackRow.title != title).limit(1)
        return self._session.scalar(query)

    def find_active(self, pack_id: str) -> PackRow | None:
        return self._session.scalar(select(PackRow).where(PackRow.pack_id == pack_id, PackRow.state == "active"))

    def list_page(
        self,
        *,
        title: str | None,
        pack_id: str | None,
        state: str | None,
        published: bool,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[PackRow]:
        """By pack id and hash; one row more than `limit` when there are more. `published`: that serve or served."""
        query = select(PackRow).order_by(PackRow.pack_id, PackRow.hash).limit(limit + 1)
        if title is not None:
            query = query.where(PackRow.title == title)
        if pack_id is not None:
            query = query.where(PackRow.pack_id == pack_id)
        if state is not None:
            query = query.where(PackRow.state == state)
        if published:
            query = query.where(PackRow.activated_at.is_not(None))
        if after is not None:
            query = query.where(tuple_(PackRow.pack_id, PackRow.hash) > tuple_(*after))
        return self._session.scalars(query).all()

    def list_ids(self, *, published: bool) -> list[str]:
        """The ids of which there is a version. `published`: one that serves or served."""
        query = select(PackRow.pack_id).distinct().order_by(PackRow.pack_id)
        return list(self._session.scalars(query.where(PackRow.activated_at.is_not(None)) if published else query))

    def list_due(self, day: dt.date) -> Sequence[PackRow]:
        """Scheduled versions whose day has come, in the order of their days."""
        query = select(PackRow).where(PackRow.state == "scheduled", PackRow.activates_on <= day)
        query = query.order_by(PackRow.activates_on, PackRow.hash).execution_options(populate_existing=True)
        return self._session.scalars(query).all()

    def list_scheduled(self) -> Sequence[PackRow]:
        """In the order of their days, as they will be activated."""
        query = select(PackRow).where(PackRow.state == "scheduled").order_by(PackRow.activates_on, PackRow.hash)
        return self._session.scalars(query).all()

    def list_drafts(self) -> Sequence[PackRow]:
        """The newest version of every id that nobody has decided on: draft or tested."""
        query = select(PackRow).where(PackRow.state.in_(("draft", "tested"))).order_by(PackRow.stored_at, PackRow.hash)
        newest = {row.pack_id: row for row in self._session.scalars(query)}
        return [newest[pack_id] for pack_id in sorted(newest)]

    def has_ever_been_active(self, pack_id: str) -> bool:
        """Also true when an official retired it: an upgrade does not bring it back."""
        query = select(PackRow.hash).where(PackRow.pack_id == pack_id, PackRow.activated_at.is_not(None))
        return self._session.scalar(query.limit(1)) is not None

    def has_served(self, row: PackRow) -> bool:
        """Whether some answer rests on this version: it serves some date, or a stored assessment names it."""
        if row.activated_at is None:
            return False
        served = select(PackPeriodRow.id).where(PackPeriodRow.hash == row.hash).limit(1)
        named = select(AssessmentRow.id).where(AssessmentRow.pack_hash == row.hash).limit(1)
        return self._session.scalar(served) is not None or self._session.scalar(named) is not None

    def add(self, row: PackRow) -> None:
        self._session.execute(delete(DismissedPackRow).where(DismissedPackRow.hash == row.hash))
        self._session.add(row)

    def dismiss(self, row: PackRow) -> None:
        """Delete the version and remember that it is not wanted."""
        kept = {
            "hash": row.hash,
            "pack_id": row.pack_id,
            "dismissed_at": clock.now(),
            "dismissed_by": self._actor,
        }
        self._session.execute(insert(DismissedPackRow).values(kept).on_conflict_do_nothing())
        self._session.delete(row)

    def was_dismissed(self, sha256: str) -> bool:
        return self._session.get(DismissedPackRow, sha256) is not None

    # -- which version serves which application date --------------------------------------------------------------

    def list_serving(self) -> tuple[Serving, ...]:
        """Every version that serves some application date, without its text: what the caches compare."""
        query = (
            select(PackPeriodRow.hash, PackPeriodRow.first_on, PackPeriodRow.last_on)
            .join(PackRow, PackRow.hash == PackPeriodRow.hash)
            .order_by(PackRow.pack_id, PackPeriodRow.first_on.asc().nulls_first(), PackPeriodRow.id)
        )
        return tuple(Serving(*row) for row in self._session.execute(query))

    def list_stored(self, hashes: Collection[str]) -> list[StoredPack]:
        rows = self._session.execute(
            select(PackRow.hash, PackRow.file, PackRow.body).where(PackRow.hash.in_(sorted(hashes)))
        )
        return [StoredPack(*row) for row in rows]

    def begin_serving(self, row: PackRow, first_on: dt.date | None) -> None:
        self._session.add(PackPeriodRow(id=ids.new_id(), hash=row.hash, first_on=first_on, last_on=None))

    def end_serving(self, row: PackRow, next_on: dt.date) -> None:
        """The version serves no application from `next_on` on; a period that would be empty is none."""
        query = select(PackPeriodRow).where(PackPeriodRow.hash == row.hash, PackPeriodRow.last_on.is_(None))
        for period in self._session.scalars(query):
            if period.first_on is not None and period.first_on >= next_on:
                self._session.delete(period)
            else:
                period.last_on = next_on - dt.timedelta(days=1)
        self._session.flush()
