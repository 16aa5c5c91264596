"""Decide from which day on a tested pack serves, once everybody could see whom it moves."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Transaction
from contracts.events.eligibility import PackScheduled, PackScheduleWithdrawn
from rulebook.cases import load_cases
from rulebook.pack import PACK_TITLES, Pack
from rulebook.size_table import SizeTable
from rulebook.source import SourceInvalid
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import (
    ActivationDayPast,
    ActivationTooEarly,
    CasesDropped,
    SimulationRequired,
)
from services.eligibility.domain.life_cycle import first_moment, require_state
from services.eligibility.store.packs import Packs
from services.eligibility.store.simulations import Simulations
from services.eligibility.store.tables import PackRow, SimulationRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.find_contradictions import find_contradictions, require_none
from services.eligibility.use_cases.load_rules import load_rules

CASES_NAMED = 20
_REMEDY = "请对这个版本发起一次不加筛选、不填 as_of 的模拟，完成后再排期，使受影响的名单先发出"


def schedule_pack(
    tx: Transaction,
    catalog: Catalog,
    sizes: SizeTable,
    sha256: str,
    day: dt.date,
    *,
    fresh: dt.timedelta,
    without_cases: bool = False,
) -> PackRow:
    """Schedule for the first moment of `day` in Asia/Shanghai; today means with the worker's next turn.

    Emits PackScheduled. Its flip list was announced by FlipListReady when the simulation had finished, not longer ago
    than `fresh`.
    """
    packs = Packs(tx)
    row = packs.get_for_update(sha256)
    require_state(row.state, ("tested",), "排期", "请先跑通案例；已排期的请先撤销排期。")
    if day < clock.today():
        raise ActivationDayPast(f"启用日 {day} 已过，请填写今天（{clock.today()}）或以后的日期")
    rules = load_rules(tx, catalog, sizes)  # under the lock: nobody activates another version meanwhile
    pack = catalog.compile(StoredPack(row.hash, row.file, row.body))
    require_none(find_contradictions(tx, catalog, pack, day))
    replaced = packs.find_active(row.pack_id)
    if replaced is not None:
        _require_no_gap(pack, day)
        dropped = _dropped_cases(catalog, replaced, row)
        if dropped and not without_cases:
            raise CasesDropped(
                f"使用中的版本有 {len(dropped)} 个案例不在这个版本里，如“{'”“'.join(dropped[:3])}”。"
                "请把仍然成立的案例补上；确实不再成立的，排期时写 without_cases: true",
                cases=dropped[:CASES_NAMED],
            )
    simulation = announced_simulation(tx, row, pack, rules)
    if simulation.requested_at < clock.now() - fresh:
        raise SimulationRequired(
            f"对全部企业的模拟是 {fresh.days} 天以前做的，名单已经过时。{_REMEDY}", simulation=str(simulation.id)
        )
    row.state, row.activates_on, row.simulation_id, row.remark = "scheduled", day, simulation.id, None
    row.scheduled_at, row.scheduled_by = clock.now(), tx.context.actor
    tx.audit(
        "pack-scheduled",
        row.pack_id,
        {"hash": row.hash, "on": day.isoformat(), "simulation": str(simulation.id), "without_cases": without_cases},
    )
    tx.emit(
        PackScheduled(
            **named(row, pack),
            replaces=replaced.hash if replaced is not None else None,
            activates_on=day,
            activates_at=first_moment(day),
            simulation_id=str(simulation.id),
            **flips_of(simulation),
        )
    )
    return row


def _dropped_cases(catalog: Catalog, before: PackRow, row: PackRow) -> list[str]:
    """Names of cases; one with other figures or another outcome under the same name is not dropped."""
    kept = set(_names_of_cases(catalog, row))
    return [name for name in _names_of_cases(catalog, before) if name not in kept]


def _names_of_cases(catalog: Catalog, row: PackRow) -> list[str]:
    try:
        return [each.name for each in load_cases(row.cases, catalog.dictionary)[1]] if row.cases else []
    except SourceInvalid:  # an older release took them; they hold nothing in this one
        return []


def _require_no_gap(pack: Pack, day: dt.date) -> None:
    """What it replaces serves no application from that day on, so it must apply to every kind by then."""
    start = max(term.start for _, term in pack.terms)
    if day < start:
        raise ActivationTooEarly(
            f"该版本自 {start} 起施行；若 {day} 启用，使用中的同编号版本当日停用，其间没有适用的规则。"
            f"请填写 {start} 或以后的日期，或另取一个编号使两个版本按施行日期衔接"
        )


def unschedule_pack(tx: Transaction, sha256: str) -> PackRow:
    """Take a schedule back; the pack stays tested."""
    row = Packs(tx).get_for_update(sha256)
    require_state(row.state, ("scheduled",), "撤销排期", "使用中的规则包请停用。")
    give_up(tx, row, "tested", None)
    return row


def give_up(tx: Transaction, row: PackRow, state: str, remark: str | None) -> None:
    """Take the schedule away; `remark` says why where nobody asked for it. Emits PackScheduleWithdrawn."""
    assert row.activates_on is not None  # it is scheduled
    tx.emit(
        PackScheduleWithdrawn(
            **identified(row.pack_id, row.hash, row.title),
            activates_on=row.activates_on,
            because=remark,
            withdrawn_at=clock.now(),
        )
    )
    row.state, row.activates_on, row.simulation_id, row.remark = state, None, None, remark
    row.scheduled_at = row.scheduled_by = None
    tx.audit("pack-schedule-withdrawn", row.pack_id, {"hash": row.hash, "because": remark})


def announced_simulation(tx: Transaction, row: PackRow, pack: Pack, rules: Rules) -> SimulationRow:
    """The newest simulation of this version over everybody as of its own day, against exactly what is in use now.

    One as of another day (of a year whose figures nobody has yet) does not tell whom the change moves.
    """
    done = [each for each in Simulations(tx).list_of_everybody(row.hash) if each.as_of == natural_day(pack, each)]
    if not done:
        raise SimulationRequired(f"这个版本还没有以当日为准对全部企业做过模拟。{_REMEDY}")
    in_use = sorted(each.sha256 for each in rules.editions.of_title(row.title))
    for each in done:
        if each.state == "done" and each.against == in_use:
            return each
    if done[0].state == "queued":
        raise SimulationRequired("对全部企业的模拟还没有完成，请完成后再排期", simulation=str(done[0].id))
    if done[0].state == "failed":
        raise SimulationRequired(f"对全部企业的模拟没有成功：{done[0].error}。{_REMEDY}", simulation=str(done[0].id))
    raise SimulationRequired(f"模拟之后使用中的规则包有了变化，名单已经过时。{_REMEDY}", simulation=str(done[0].id))


def natural_day(pack: Pack, simulation: SimulationRow) -> dt.date:
    """The application date that shows what the version does: the day it was asked, or its first one."""
    return max(simulation.requested_at.astimezone(clock.SHANGHAI).date(), pack.in_force_from)


def identified(pack_id: str, pack_hash: str, title: str) -> dict[str, str]:
    """Which version it is, as events say it."""
    return {
        "pack_id": pack_id,
        "pack_hash": pack_hash,
        "title": title,
        "title_label": PACK_TITLES.get(title, title),
    }


def named(row: PackRow, pack: Pack) -> dict[str, str]:
    """The same with the words it is called by."""
    return identified(row.pack_id, row.hash, row.title) | {"label": pack.label, "document": pack.document.citation}


def flips_of(simulation: SimulationRow) -> dict[str, int]:
    """How many gain, lose, or change otherwise, as events say it."""
    counts = simulation.counts or {}
    return {name: int(counts.get(name, 0)) for name in ("enterprises", "gains", "loses", "changes")}
