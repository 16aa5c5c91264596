"""Applies the rules of the pool: proposes to officials, and does what a rule does by itself."""

from __future__ import annotations

import datetime as dt
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.pool import OF_ASSESSMENTS, PoolRule, PoolRules, Signal, applies
from services.registry.store.pool import PoolEntries, PoolProposals, PoolSignals, whom_it_concerns
from services.registry.store.pool_tables import PoolProposalRow, PoolSignalRow
from services.registry.store.repositories import Enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.keep_pool import Entry, Exit, enter_pool, leave_pool, move_in_pool

BATCH = 500


def adjust_pool(tx: Transaction, rules: PoolRules) -> int:
    """One batch of what eligibility told, and one of each rule on titles, items and status; how many were moved.

    A rule that officials decide on makes a proposal, one that acts by itself emits PoolEntered or PoolLeft. Enterprises
    are locked in the order of their codes within a batch.
    """
    since = clock.now() - dt.timedelta(days=rules.pause_days)
    waiting: list[tuple[str, PoolSignalRow | PoolRule]] = [
        (signal.uscc, signal) for signal in PoolSignals(tx).take_waiting(BATCH)
    ]
    for rule in rules.rules:
        if rule.when not in OF_ASSESSMENTS:
            waiting += [(uscc, rule) for uscc in whom_it_concerns(tx, rule, since, BATCH)]
    done = 0
    for uscc, ground in sorted(waiting, key=lambda each: each[0]):  # in the order of codes, as every other lock
        if isinstance(ground, PoolSignalRow):
            done += _look_at(tx, ground, rules, since)
        else:
            row = Enterprises(tx).get_for_update(uscc)
            done += _follow(tx, row, ground, {"when": ground.when, "status": row.status}, rules, since)
    return done


def _look_at(tx: Transaction, row: PoolSignalRow, rules: PoolRules, since: dt.datetime) -> int:
    row.waiting = False
    enterprise = Enterprises(tx).find(row.uscc)
    if enterprise is None or enterprise.dissolved_into is not None:
        return 0  # known to eligibility from a registry that was restored to an earlier day, or merged since
    enterprise = Enterprises(tx).get_for_update(row.uscc)
    signal = Signal(title=row.title, verdict=row.verdict, open_lines=row.open_lines, effort=row.effort)
    ground = {
        "title": row.title,
        "verdict": row.verdict,
        "open_lines": row.open_lines,
        "effort": row.effort,
        "assessment_id": row.assessment_id,
        "pack": row.pack,
        "assessed_on": row.assessed_on.isoformat(),
    }
    done = 0
    for rule in (each for each in rules.rules if each.when in OF_ASSESSMENTS and row.title in each.titles):
        if applies(rule, signal) and rule.binds(enterprise.district_code):
            done += _follow(tx, enterprise, rule, ground, rules, since)
        else:
            done += PoolProposals(tx).withdraw(row.uscc, rule.id, row.title, "测算结果已变化，提议的依据不再成立")
    return done


def _follow(
    tx: Transaction, row: EnterpriseRow, rule: PoolRule, ground: dict[str, Any], rules: PoolRules, since: dt.datetime
) -> int:
    """Propose, or do, what the rule says of a locked enterprise; 0 where it is so already or was refused lately."""
    present = PoolEntries(tx).present(row.uscc, rule.pool)
    if rule.act == "enter":  # nobody is taken in who is known not to be in operation
        superfluous = present is not None or row.status not in (None, "active")
    else:
        superfluous = present is None or bool(rule.from_tiers and present.tier not in rule.from_tiers)
    if superfluous:
        return 0
    if rule.by == "rule":
        act(tx, row, rule_act(rule), rules, reason=rule.label, document=None)
        return 1
    proposals = PoolProposals(tx)
    if proposals.refused_since(row.uscc, rule.id, since):
        return 0
    if known := proposals.open(row.uscc, rule.pool, rule.act):
        if not _better(rule, known, rules):
            return 0
        known.state, known.decided_at = "withdrawn", clock.now()
        known.decision_reason = f"由“{rule.label}”代替"
        tx.session.flush()
    proposals.add(
        PoolProposalRow(
            id=ids.new_id(),
            uscc=row.uscc,
            pool=rule.pool,
            act=rule.act,
            tier=rule.tier,
            source_list=rule.source_list,
            left_code=rule.leaving,
            rule_id=rule.id,
            rules_sha256=rules.sha256,
            ground=ground,
            state="open",
            proposed_at=clock.now(),
        )
    )
    return 1


def _better(rule: PoolRule, known: PoolProposalRow, rules: PoolRules) -> bool:
    """Whether a rule proposes a higher tier than is proposed already."""
    if rule.id == known.rule_id or rule.tier is None or known.tier is None:
        return False
    pool = rules.pools[rule.pool]
    return pool.rank(rule.tier) > pool.rank(known.tier)


def rule_act(rule: PoolRule) -> PoolProposalRow:
    """What a rule does, in the shape of a proposal that nobody was asked about; not stored."""
    return PoolProposalRow(
        pool=rule.pool,
        act=rule.act,
        tier=rule.tier,
        source_list=rule.source_list,
        left_code=rule.leaving,
        rule_id=rule.id,
    )


def act(
    tx: Transaction, row: EnterpriseRow, what: PoolProposalRow, rules: PoolRules, *, reason: str, document: str | None
) -> None:
    """Do what was proposed to a locked enterprise. Emits PoolEntered, PoolLeft or both."""
    today = clock.today()
    if what.act == "leave":
        left = Exit(code=what.left_code or "", reason=reason, on=today, document=document)
        leave_pool(tx, row, what.pool, left, rules)
        return
    entry = Entry(
        pool=what.pool,
        tier=what.tier or "",
        source_list=what.source_list or "",
        reason=reason,
        on=today,
        document=document,
        rule_id=what.rule_id,
    )
    (enter_pool if what.act == "enter" else move_in_pool)(tx, row, entry, rules)
