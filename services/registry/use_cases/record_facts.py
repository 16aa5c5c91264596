"""Records facts of one enterprise: revisions are appended, the current state follows."""

from __future__ import annotations

from collections.abc import Mapping

from chassis import clock
from chassis.db import Transaction
from contracts.events.registry import FactsRecorded, PeriodFacts
from services.registry.domain.admission import Admission
from services.registry.domain.facts import Stated, apply, impossible, revise
from services.registry.domain.knowledge import Knowledge
from services.registry.domain.statements import refuse_impossible
from services.registry.store.repositories import Enterprises, Facts, identity_of
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.announce import Announcement, announce
from services.registry.use_cases.update_enterprise import announce_update, resize

Changed = dict[int, tuple[str, ...]]
"""Fiscal year (0 = as of a date) → ids of the facts that really changed."""


def record_facts(
    tx: Transaction,
    uscc: str,
    stated: Mapping[int, Mapping[str, Stated]],
    *,
    knowledge: Knowledge,
    may: Admission,
) -> tuple[EnterpriseRow, Changed]:
    """Record what is stated per fiscal year. Emits FactsRecorded, and EnterpriseUpdated if the size class moved.

    What is stated as before changes nothing and is not announced. Raises FactsInvalid, and writes nothing, where what
    is stated cannot be true beside what is on file.
    """
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    facts, now, today = Facts(tx), clock.now(), clock.today()
    known = facts.periods(uscc)
    revised = {year: revise(known.get(year, {}), stated[year], year, now=now, today=today) for year in sorted(stated)}
    after = {year: apply(known.get(year, {}), entries) for year, entries in revised.items()}
    refuse_impossible(
        [each for year in after for each in impossible(knowledge.dictionary, year, stated[year], after[year])], stated
    )
    changed: Changed = {}
    periods: list[PeriodFacts] = []
    for year, entries in revised.items():
        if not entries:
            continue
        facts.record(uscc, year, entries, after[year], now)
        changed[year] = tuple(sorted(entries))
        periods.append(PeriodFacts(fiscal_year=year, facts=after[year]))
    if not changed:
        return row, changed
    row.version += 1
    row.changed_at = now
    ids = tuple(sorted({fact for ids in changed.values() for fact in ids}))
    event = FactsRecorded(uscc=uscc, version=row.version, changed=ids, periods=tuple(periods))
    announce(tx, Announcement(event, ids, row.district_code))
    tx.audit("facts-recorded", uscc, {"changed": {str(year): list(ids) for year, ids in changed.items()}})
    if resized := resize(tx, row, knowledge):
        announce_update(tx, row, identity_of(row), resized)
    return row, changed
