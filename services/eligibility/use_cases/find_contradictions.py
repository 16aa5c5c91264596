"""What a version contradicts among those that the database holds: in use, scheduled, and not yet decided on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chassis import clock
from chassis.db import Transaction
from rulebook.pack import Pack
from rulebook.source import Problem, SourceInvalid
from services.eligibility.domain.catalog import Catalog, Editions, StoredPack
from services.eligibility.domain.errors import PackContradicts
from services.eligibility.domain.life_cycle import Decided, contradictions
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow


class Conflict(NamedTuple):
    """One contradiction; `decided` where the versions in use and the scheduled ones are enough for it."""

    problem: Problem
    decided: bool


def in_use(editions: Editions) -> list[Decided]:
    return [Decided(pack) for pack in editions.packs]


def decided_on(tx: Transaction, catalog: Catalog, but: str | None = None) -> list[Decided]:
    """The versions in use and the scheduled ones, each from its day on; without the version `but`."""
    packs = Packs(tx)
    editions = catalog.editions(packs.list_serving(), packs.list_stored)
    found = in_use(editions)
    found += [Decided(pack, row.activates_on) for row, pack in _compiled(catalog, packs.list_scheduled())]
    return [each for each in found if each.pack.sha256 != but]


def when_all_serve(others: Sequence[Decided]) -> dt.date:
    """The first day on which nothing is left to happen that somebody decided."""
    return max([clock.today(), *(each.since for each in others if each.since is not None)])


def find_contradictions(tx: Transaction, catalog: Catalog, pack: Pack, since: dt.date | None = None) -> list[Problem]:
    """Between the pack, from that day on, and what is in use or scheduled; without a day when all of that serves."""
    others = decided_on(tx, catalog, but=pack.sha256)
    return list(contradictions(pack, others, since or when_all_serve(others)))


def find_conflicts(tx: Transaction, catalog: Catalog, row: PackRow, pack: Pack) -> list[Conflict]:
    """The contradictions of a version that may come to serve, also those beside the newest draft of every other id."""
    if row.state not in ("draft", "tested", "scheduled"):
        return []
    others = decided_on(tx, catalog, but=pack.sha256)
    day = row.activates_on or when_all_serve(others)
    certain = contradictions(pack, others, day)
    drafts = [row for row in Packs(tx).list_drafts() if row.pack_id != pack.id]
    beside = [*others, *(Decided(draft, day) for _, draft in _compiled(catalog, drafts))]
    possible = [each for each in contradictions(pack, beside, day) if each not in certain]
    return [*(Conflict(each, True) for each in certain), *(Conflict(each, False) for each in possible)]


def require_none(found: Sequence[Problem]) -> None:
    """Raise PackContradicts with all of them."""
    if found:
        said = "；".join(f"{each.found}——{each.remedy}" for each in found)
        raise PackContradicts(f"与其他规则包放在一起有 {len(found)} 处矛盾：{said}")


def _compiled(catalog: Catalog, rows: Iterable[PackRow]) -> list[tuple[PackRow, Pack]]:
    """Those that this version can read; the others are refused at their moment."""
    found = []
    for row in rows:
        try:
            found.append((row, catalog.compile(StoredPack(row.hash, row.file, row.body))))
        except SourceInvalid:
            continue
    return found
