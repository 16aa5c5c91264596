"""Assess one registered enterprise because somebody asks, or facts that somebody states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.db import Transaction
from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import EnterpriseNotKnown
from services.eligibility.domain.stated import read_stated, refuse_titles_ahead
from services.eligibility.domain.subjects import inputs_of, kind_for, subject_of
from services.eligibility.store.pending import Calendar
from services.eligibility.store.repositories import Assessments
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.assess_enterprises import Rules, gather, keep_inputs, record


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found; `row` is the stored record, null when nothing is stored (stated facts, other dates)."""

    found: Assessment
    row: AssessmentRow | None
    enterprise: EnterpriseRow | None


def assess_registered(
    tx: Transaction, rules: Rules, uscc: str, title: str, *, kind: str | None, day: dt.date, today: dt.date
) -> Outcome:
    """Assess a registered enterprise for one title. As of today the outcome becomes the current one, as after an event.

    Emits AssessmentChanged when the verdict became another one.
    """
    known = gather(tx, [uscc]).get(uscc)
    if known is None:
        raise EnterpriseNotKnown("尚未收到该企业的登记信息：请核对统一社会信用代码；若刚刚登记，请数秒后重试")
    natural = kind_for(title, known.titles, day)
    pack = rules.editions.get(title, kind or natural, day, known.enterprise.district_code)
    inputs = known.inputs(day)
    found = evaluate(pack, subject_of(inputs, rules.sizes, day), application_date=day, kind=kind or natural)
    if day != today or found.kind != natural:
        return Outcome(found, None, known.enterprise)
    current = Assessments(tx).list_current([uscc])
    renewed = keep_inputs(tx, {uscc: known}, {uscc: inputs}, current.values(), day)
    previous = current.get((uscc, title))
    row = record(tx, known, pack, found, previous, trigger="request")
    if row is not None:
        Assessments(tx).replace([previous] if previous is not None else [], [row])
    Assessments(tx).forget_inputs(renewed)
    if row is not None:
        Calendar(tx).unsettle(uscc, title)
    return Outcome(found, row or previous, known.enterprise)


def assess_stated(
    dictionary: Dictionary,
    rules: Rules,
    facts: Sequence[Mapping[str, Any]],
    titles: Sequence[Mapping[str, Any]] | None,
    title: str,
    *,
    kind: str | None,
    industry_code: str | None,
    district_code: str | None,
    day: dt.date,
    today: dt.date,
) -> Outcome:
    """Assess facts given in a request. Nothing is stored and nothing is announced. No `titles` means not known.

    Raises StatedFactsInvalid with the path of every fact that cannot be used.
    """
    periods = read_stated(dictionary, facts, day, today)
    refuse_titles_ahead(titles or (), day, today)
    inputs = inputs_of(
        industry_code=industry_code,
        periods=sorted(periods.items()),
        titles=titles or (),
        titles_known=titles is not None,
        application_date=day,
    )
    chosen = kind or kind_for(title, titles or (), day)
    pack = rules.editions.get(title, chosen, day, district_code)
    found = evaluate(pack, subject_of(inputs, rules.sizes, day), application_date=day, kind=chosen)
    return Outcome(found, None, None)


def explained_again(catalog: Catalog, rules: Rules, stored: StoredPack, row: AssessmentRow) -> Assessment:
    """The full explanation of a stored assessment, from its own inputs and its own version of the pack."""
    pack = catalog.compile(stored)
    subject = subject_of(row.inputs, rules.sizes, row.application_date)
    return evaluate(pack, subject, application_date=row.application_date, kind=row.kind)
