"""Who carries on an enterprise that was merged or divided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from chassis.db import Transaction
from services.registry.domain.titles import HELD
from services.registry.store.change_tables import SuccessionRow
from services.registry.store.tables import EnterpriseRow, TitleRecordRow


@dataclass(frozen=True, slots=True)
class Carried:
    """A succession as one of the two sees it: the other, by its present name."""

    row: SuccessionRow
    uscc: str
    name: str


def registered_among(tx: Transaction, codes: Sequence[str]) -> dict[str, EnterpriseRow]:
    """The registered enterprises among `codes`, by code."""
    found = tx.session.scalars(select(EnterpriseRow).where(EnterpriseRow.uscc.in_(codes)))
    return {row.uscc: row for row in found}


def titles_held_by(tx: Transaction, codes: Sequence[str]) -> dict[str, set[str]]:
    """Code → titles that it holds."""
    query = select(TitleRecordRow.uscc, TitleRecordRow.title)
    rows = tx.session.execute(query.where(TitleRecordRow.uscc.in_(codes), TitleRecordRow.state.in_(HELD)))
    found: dict[str, set[str]] = {}
    for uscc, title in rows:
        found.setdefault(uscc, set()).add(title)
    return found


def successions_of(
    tx: Transaction, uscc: str, moment: dt.datetime | None = None
) -> tuple[list[Carried], list[Carried]]:
    """Those it carries on, and those who carry it on, as far as known at `moment`.

    In the order of recording; those of one act by code: they are recorded in one moment.
    """
    query = select(SuccessionRow).where(or_(SuccessionRow.predecessor == uscc, SuccessionRow.successor == uscc))
    if moment is not None:
        query = query.where(SuccessionRow.recorded_at <= moment)
    rows = tx.session.scalars(
        query.order_by(SuccessionRow.recorded_at, SuccessionRow.predecessor, SuccessionRow.successor)
    ).all()
    others = {row.predecessor if row.successor == uscc else row.successor for row in rows}
    names = {code: each.name for code, each in registered_among(tx, sorted(others)).items()}
    before = [Carried(row, row.predecessor, names[row.predecessor]) for row in rows if row.successor == uscc]
    after = [Carried(row, row.successor, names[row.successor]) for row in rows if row.predecessor == uscc]
    return before, after
