"""Ask what a version of rules that is not in use would change for a population."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from chassis import clock, ids, jobs
from chassis.db import Transaction
from chassis.errors import FieldProblem
from rulebook.amend import Amendment, amend
from rulebook.industries import EXPECTED, Industries
from rulebook.source import SourceInvalid
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import IndustryUnknown, SimulationPointless
from services.eligibility.store.packs import Packs
from services.eligibility.store.simulations import Simulations
from services.eligibility.store.tables import SimulationRow
from services.eligibility.use_cases.assess_enterprises import Rules
from services.eligibility.use_cases.find_contradictions import find_contradictions, require_none
from services.eligibility.use_cases.keep_draft import refused

JOB = "simulate-pack"


def start_simulation(
    tx: Transaction,
    catalog: Catalog,
    rules: Rules,
    industries: Industries,
    sha256: str,
    changes: Sequence[Amendment],
    *,
    district: str | None,
    size_class: str | None,
    industry: str | None,
    as_of: dt.date | None,
) -> SimulationRow:
    """Queue the computing; the worker does it, and goes on after an interruption.

    Without `changes` a stored version that is not in use is simulated, with them any version with other figures.
    """
    stored = Packs(tx).get(sha256)
    try:
        body = amend(stored.body, changes, stored.file) if changes else stored.body
        draft = catalog.compile(StoredPack("", stored.file, body))
    except SourceInvalid as invalid:
        raise refused("要模拟的规则", "changes" if changes else "source", invalid) from None
    if draft.sha256 in {each.sha256 for each in rules.editions.of_title(draft.title)}:
        raise SimulationPointless("要模拟的规则与使用中的相同，不会有变化。请选择一份草案，或在 changes 中改动数值")
    require_none(find_contradictions(tx, catalog, draft))
    day = as_of or max(clock.today(), draft.in_force_from)
    if not any(draft.in_force(day, kind) for kind in draft.kinds):
        raise SimulationPointless(f"要模拟的规则在 {day} 不施行，请填写施行期内的 as_of")
    if industry is not None and industries.read(industry).industry is None:
        problem = FieldProblem("industry", "没有这个行业", "industry-unknown", industry, EXPECTED)
        raise IndustryUnknown(f"行业“{industry}”不在 GB/T 4754-2017 中，应为{EXPECTED}", problems=[problem])
    simulation_id = ids.new_id()
    row = SimulationRow(
        id=simulation_id,
        job_id=jobs.enqueue(tx, JOB, {"simulation_id": str(simulation_id)}),
        title=draft.title,
        pack_id=draft.id,
        pack_hash=draft.sha256,
        label=draft.label,
        body=body,
        changes=[each._asdict() for each in changes],
        district=district,
        size_class=size_class,
        industry=industry,
        as_of=day,
        against=sorted(each.sha256 for each in rules.editions.of_title(draft.title)),
        state="queued",
        requested_by=tx.context.actor,
        requested_at=clock.now(),
    )
    Simulations(tx).add(row)
    tx.audit("simulation-started", str(simulation_id), {"pack": draft.id, "hash": draft.sha256, "changes": row.changes})
    tx.flush()
    return row
