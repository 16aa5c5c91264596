"""What the registry does about events of eligibility: it keeps what the rules of the pool look at."""

from __future__ import annotations

from chassis.db import Transaction
from contracts.events.eligibility import AssessmentChanged, AssessmentEnded, NearMiss
from services.registry.store.pool import PoolSignals

NO_RULES = "ended"
"""The verdict kept when no rules serve an enterprise for a title any more."""


def remember_verdict(tx: Transaction, event: AssessmentChanged | NearMiss) -> None:
    """Keep how the enterprise stands towards a title it may apply for; the pool's rules look at it next."""
    if event.kind != "new":
        return
    PoolSignals(tx).keep(
        uscc=event.uscc,
        title=event.title,
        verdict=event.verdict,
        open_lines=event.open_lines,
        effort=event.open_effort,
        assessment_id=event.assessment_id,
        pack=event.pack,
        assessed_on=event.assessed_on,
    )


def forget_verdict(tx: Transaction, event: AssessmentEnded) -> None:
    """No rules serve the enterprise for this title any more: what was proposed for it loses its ground."""
    if event.kind != "new":
        return
    PoolSignals(tx).keep(
        uscc=event.uscc,
        title=event.title,
        verdict=NO_RULES,
        open_lines=None,
        effort=None,
        assessment_id=event.assessment_id,
        pack="",
        assessed_on=event.ended_on,
    )
