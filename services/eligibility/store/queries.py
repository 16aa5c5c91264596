"""Read models for lists and figures."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, tuple_
from sqlalchemy.orm import defer

from chassis.auth import EVERYWHERE, Actor
from chassis.db import Transaction
from services.eligibility.store.tables import (
    AssessmentRow,
    EnterpriseRow,
    FindingsRequestRow,
    PendingRow,
    SimulationRow,
)


def visible_to(actor: Actor) -> list[ColumnElement[bool]]:
    """The enterprises an actor may see: its own, or those of its areas."""
    if actor.uscc is not None:
        return [EnterpriseRow.uscc == actor.uscc]
    if EVERYWHERE in actor.areas:
        return []
    prefixes = [EnterpriseRow.district_code.startswith(area, autoescape=True) for area in actor.areas]
    return [or_(*prefixes)] if prefixes else [EnterpriseRow.uscc.is_(None)]


def list_current(
    tx: Transaction,
    actor: Actor,
    *,
    filters: dict[str, Any],
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[tuple[AssessmentRow, EnterpriseRow]]:
    """Current assessments by (uscc, title); one row more than `limit` when there are more."""
    query = (
        select(AssessmentRow, EnterpriseRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == AssessmentRow.uscc)
        .where(AssessmentRow.current, *visible_to(actor))
        .order_by(AssessmentRow.uscc, AssessmentRow.title)
        .limit(limit + 1)
    )
    columns = {
        "uscc": AssessmentRow.uscc,
        "title": AssessmentRow.title,
        "verdict": AssessmentRow.verdict,
        "kind": AssessmentRow.kind,
    }
    for name, column in columns.items():
        if filters.get(name) is not None:
            query = query.where(column == filters[name])
    if filters.get("district") is not None:
        query = query.where(EnterpriseRow.district_code.startswith(filters["district"], autoescape=True))
    if after is not None:
        query = query.where(tuple_(AssessmentRow.uscc, AssessmentRow.title) > tuple_(*after))
    return [(row[0], row[1]) for row in tx.session.execute(query)]


def list_near(
    tx: Transaction,
    actor: Actor,
    *,
    title: str,
    district: str | None,
    most_lines: int,
    efforts: Sequence[str],
    most_short: Decimal,
    after: tuple[int, Decimal, str] | None,
    limit: int,
) -> Sequence[tuple[AssessmentRow, EnterpriseRow]]:
    """Current assessments that are close to the title and not there, nearest first; one row more when there are."""
    query = (
        select(AssessmentRow, EnterpriseRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == AssessmentRow.uscc)
        .where(
            AssessmentRow.current,
            AssessmentRow.title == title,
            AssessmentRow.verdict != "eligible",
            AssessmentRow.open_lines <= most_lines,
            AssessmentRow.open_effort.in_(["", *efforts]),
            AssessmentRow.open_distance <= most_short,
            EnterpriseRow.status == "active",
            *visible_to(actor),
        )
        .order_by(AssessmentRow.open_lines, AssessmentRow.open_distance, AssessmentRow.uscc)
        .limit(limit + 1)
    )
    if district is not None:
        query = query.where(EnterpriseRow.district_code.startswith(district, autoescape=True))
    if after is not None:
        place = tuple_(AssessmentRow.open_lines, AssessmentRow.open_distance, AssessmentRow.uscc)
        query = query.where(place > tuple_(*after))
    return [(row[0], row[1]) for row in tx.session.execute(query)]


def list_findings_requests(
    tx: Transaction, actor: Actor, *, filters: dict[str, Any], after: uuid.UUID | None, limit: int
) -> Sequence[tuple[FindingsRequestRow, EnterpriseRow]]:
    """Requests for findings in the order they were first opened; one more than `limit` when there are more."""
    query = (
        select(FindingsRequestRow, EnterpriseRow)
        .join(EnterpriseRow, EnterpriseRow.uscc == FindingsRequestRow.uscc)
        .where(*visible_to(actor))
        .order_by(FindingsRequestRow.id)
        .limit(limit + 1)
    )
    for name in ("uscc", "finding", "state", "decisive"):
        if filters.get(name) is not None:
            query = query.where(getattr(FindingsRequestRow, name) == filters[name])
    if filters.get("title") is not None:
        query = query.where(FindingsRequestRow.titles.contains([filters["title"]]))
    if filters.get("district") is not None:
        query = query.where(EnterpriseRow.district_code.startswith(filters["district"], autoescape=True))
    if after is not None:
        query = query.where(FindingsRequestRow.id > after)
    return [(row[0], row[1]) for row in tx.session.execute(query)]


def list_simulations(
    tx: Transaction, actor: Actor, *, title: str | None, pack: str | None, before: uuid.UUID | None, limit: int
) -> Sequence[SimulationRow]:
    """Those of the actor's areas, the newest first; one row more than `limit` when there are more."""
    query = select(SimulationRow).options(defer(SimulationRow.body)).order_by(SimulationRow.id.desc()).limit(limit + 1)
    if EVERYWHERE not in actor.areas:
        prefixes = [SimulationRow.district.startswith(area, autoescape=True) for area in actor.areas]
        query = query.where(or_(False, *prefixes))
    if title is not None:
        query = query.where(SimulationRow.title == title)
    if pack is not None:
        query = query.where(SimulationRow.pack_hash == pack)
    if before is not None:
        query = query.where(SimulationRow.id < before)
    return tx.session.scalars(query).all()


def statistics(tx: Transaction, actor: Actor) -> tuple[int, int, list[tuple[str, str, int]]]:
    """(enterprises, waiting, [(title, verdict, count)]) in the actor's areas."""
    visible = visible_to(actor)
    enterprises = tx.session.scalar(select(func.count()).select_from(EnterpriseRow).where(*visible)) or 0
    waiting = select(func.count()).select_from(PendingRow).join(EnterpriseRow, EnterpriseRow.uscc == PendingRow.uscc)
    counts = (
        select(AssessmentRow.title, AssessmentRow.verdict, func.count())
        .join(EnterpriseRow, EnterpriseRow.uscc == AssessmentRow.uscc)
        .where(AssessmentRow.current, *visible)
        .group_by(AssessmentRow.title, AssessmentRow.verdict)
        .order_by(AssessmentRow.title, AssessmentRow.verdict)
    )
    rows = [(row[0], row[1], row[2]) for row in tx.session.execute(counts)]
    return enterprises, tx.session.scalar(waiting.where(*visible)) or 0, rows
