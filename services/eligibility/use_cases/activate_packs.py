"""Packs whose moment has come begin to serve, their earlier versions end, and whom it concerns is assessed again."""

from __future__ import annotations

from collections.abc import Iterable

from chassis import clock, logging
from chassis.db import Transaction
from chassis.errors import DomainError
from contracts.events.eligibility import PackActivated
from rulebook.contradictions import problems_together
from rulebook.pack import Pack
from rulebook.size_table import SizeTable
from rulebook.source import Problem, SourceInvalid
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import PackRefused
from services.eligibility.domain.life_cycle import Report, contradictions, green
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.check_pack import report_of
from services.eligibility.use_cases.find_contradictions import in_use, require_none
from services.eligibility.use_cases.keep_draft import untested
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.schedule_pack import announced_simulation, give_up, named
from services.eligibility.use_cases.start_batch_run import start_batch_run


def activate_packs(tx: Transaction, catalog: Catalog, sizes: SizeTable) -> int:
    """Activate what is due; how many began to serve.

    The gate is asked again at the moment itself: cases green, no contradiction, the flip list still about what is in
    use. Otherwise the schedule is given up with the reason, and what serves goes on serving. Emits PackActivated.
    """
    packs = Packs(tx)
    if not packs.list_due(clock.today()):
        return 0
    packs.lock()
    activated, waiting = 0, list(packs.list_due(clock.today()))
    while waiting:
        # of several that are due one may open the way for another
        row = next((each for each in waiting if not _obstructed(tx, catalog, each)), waiting[0])
        waiting.remove(row)
        activated += _activate(tx, catalog, sizes, row)
    return activated


def _obstructed(tx: Transaction, catalog: Catalog, row: PackRow) -> bool:
    """Whether what is in use now contradicts it; a version that cannot be read is refused for that."""
    try:
        return bool(_contradictions(tx, catalog, row))
    except SourceInvalid:
        return False


def _contradictions(tx: Transaction, catalog: Catalog, row: PackRow) -> tuple[Problem, ...]:
    packs = Packs(tx)
    editions = catalog.editions(packs.list_serving(), packs.list_stored)
    assert row.activates_on is not None  # as list_due chose it
    pack = catalog.compile(StoredPack(row.hash, row.file, row.body))
    return contradictions(pack, in_use(editions), row.activates_on)


def _activate(tx: Transaction, catalog: Catalog, sizes: SizeTable, row: PackRow) -> bool:
    packs, day = Packs(tx), row.activates_on
    assert day is not None  # as list_due chose it
    report: Report | None = None
    try:
        rules = load_rules(tx, catalog, sizes)
        report = report_of(catalog, row)
        if not green(report):
            raise PackRefused(f"启用时案例没有全部通过：{report['cases']} 例中 {report['passed']} 例相符")
        pack = catalog.compile(StoredPack(row.hash, row.file, row.body))
        require_none(_contradictions(tx, catalog, row))
        announced_simulation(tx, row, pack, rules)
    except DomainError as refusal:
        state = untested(row) if isinstance(refusal, PackRefused) else "tested"
        give_up(tx, row, state, f"到期未启用：{refusal.detail}")
        if report is not None:
            row.test_report, row.tested_at, row.tested_by = report, clock.now(), tx.context.actor
        logging.get(__name__).warning("pack not activated", pack=row.pack_id, hash=row.hash, reason=refusal.detail)
        tx.flush()
        return False
    replaced = packs.find_active(row.pack_id)
    first_on = day if packs.has_ever_been_active(row.pack_id) or _follows_one(pack, rules) else None
    if replaced is not None:
        packs.end_serving(replaced, day)
        replaced.state, replaced.retired_at, replaced.retired_by = "retired", clock.now(), row.scheduled_by
        tx.flush()  # one version of a pack is active at a time
        tx.audit("pack-retired", replaced.pack_id, {"hash": replaced.hash, "replaced_by": row.hash})
    packs.begin_serving(row, first_on)
    row.state, row.activated_at, row.test_report = "active", clock.now(), report
    row.retired_at = row.retired_by = None
    tx.audit("pack-activated", row.pack_id, {"hash": row.hash, "on": day.isoformat(), "decided_by": row.scheduled_by})
    tx.emit(
        PackActivated(
            **named(row, pack),
            replaces=replaced.hash if replaced is not None else None,
            serves_from=first_on,
            activated_at=row.activated_at,
            simulation_id=str(row.simulation_id),
        )
    )
    before = [catalog.compile(StoredPack(replaced.hash, replaced.file, replaced.body))] if replaced else []
    assess_again(tx, [pack, *before], f"启用规则包 {row.pack_id}")
    tx.flush()
    return True


def _follows_one(pack: Pack, rules: Rules) -> bool:
    """Whether a version out of use answers for the same days: it goes on answering for those of before."""
    ended = (each for each, serving in rules.editions.versions if serving.last_on is not None)
    return any(found.code == "collision" for each in ended for found in problems_together((each, pack)))


def assess_again(tx: Transaction, packs: Iterable[Pack], reason: str) -> None:
    """Begin a batch run over everybody whom one of these packs may concern: its areas, or all.

    So events go on being assessed before it, and everybody can see how far it is.
    """
    concerned = list(packs)
    areas = [prefix for pack in concerned for prefix in pack.area]
    everywhere = any(not pack.area for pack in concerned)
    for prefix in [None] if everywhere else sorted(set(areas)):
        start_batch_run(tx, prefix, reason)
