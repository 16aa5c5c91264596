"""Compare everything that was declared of one enterprise with itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.db import Transaction
from rulebook.dictionary import Dictionary
from rulebook.size_table import SizeTable
from rulebook.subject import FactValue, fact_value
from services.eligibility.domain.consistency import (
    IMPOSSIBLE,
    Check,
    Discrepancy,
    Facts,
    compare,
    compare_size,
    compare_statements,
)
from services.eligibility.domain.subjects import size_of
from services.eligibility.store.repositories import Assessments, Enterprises
from services.eligibility.store.tables import EnterpriseRow


@dataclass(frozen=True, slots=True)
class Consistency:
    """What does not agree; `compared` is how many comparisons the facts on file allow."""

    enterprise: EnterpriseRow
    compared: int
    discrepancies: Sequence[Discrepancy]


def check_consistency(
    tx: Transaction, uscc: str, checks: Sequence[Check], dictionary: Dictionary, sizes: SizeTable, today: dt.date
) -> Consistency:
    """Facts against each other, the registered size class against the computed one, and what was told before.

    What was told before is read from the inputs of stored assessments: each of them keeps what it looked at.
    """
    enterprises = Enterprises(tx)
    enterprise = enterprises.get(uscc)
    current: dict[tuple[str, int], FactValue] = {}
    for period in enterprises.list_facts([uscc]):
        current |= _facts(dictionary, {period.fiscal_year: period.facts})
    compared, found = compare(checks, dictionary, current)
    year = today.year - 1  # the last complete fiscal year
    for check in checks:
        if check.compares == "registered_size":
            size = size_of(enterprise.industry_code, current, sizes, today)
            compared += enterprise.size_class is not None
            discrepancy = compare_size(check, enterprise.size_class, size, year)
            found += [discrepancy] if discrepancy is not None else []
        elif check.compares == "earlier_statements":
            told = [_told(dictionary, inputs) for inputs in Assessments(tx).list_inputs(uscc)]
            compared += len(told) > 1
            found += compare_statements(check, dictionary, [*told, current])
    order = {check.id: position for position, check in enumerate(checks)}
    found.sort(key=lambda each: (each.check.severity != IMPOSSIBLE, order[each.check.id], each.fiscal_year))
    return Consistency(enterprise, compared, found)


def _told(dictionary: Dictionary, inputs: Mapping[str, Any]) -> Facts:
    told: dict[tuple[str, int], FactValue] = {}
    for fact_id, years in inputs["facts"].items():
        told |= _facts(dictionary, {int(year): {fact_id: stored} for year, stored in years.items()})
    return told


def _facts(dictionary: Dictionary, periods: Mapping[int, Mapping[str, Any]]) -> dict[tuple[str, int], FactValue]:
    """Stored entries as values; a fact that the dictionary no longer has cannot be compared."""
    return {
        (fact_id, year): fact_value(stored)
        for year, facts in periods.items()
        for fact_id, stored in facts.items()
        if fact_id in dictionary
    }
