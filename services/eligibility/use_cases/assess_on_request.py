"""Assess one registered enterprise because somebody asks, or facts that somebody states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.db import Transaction
from chassis.errors import FieldProblem
from rulebook.assessment import Assessment
from rulebook.dictionary import Dictionary
from rulebook.evaluate import evaluate
from rulebook.subject import POINT
from rulebook.values import CellError, parse_cell, to_canonical
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import EnterpriseNotKnown, StatedFactsInvalid
from services.eligibility.domain.subjects import inputs_of, kind_for, subject_of
from services.eligibility.store.repositories import Assessments
from services.eligibility.store.tables import AssessmentRow, EnterpriseRow
from services.eligibility.use_cases.assess_enterprises import Rules, gather, record


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
    previous = Assessments(tx).list_current([uscc]).get((uscc, title))
    row = record(tx, known, pack, found, inputs, previous, trigger="request")
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
) -> Outcome:
    """Assess facts given in a request. Nothing is stored and nothing is announced. No `titles` means not known.

    Raises StatedFactsInvalid with the path of every fact that cannot be read.
    """
    periods = _periods(dictionary, facts, day)
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


def _periods(
    dictionary: Dictionary, facts: Sequence[Mapping[str, Any]], day: dt.date
) -> dict[int, dict[str, dict[str, Any]]]:
    problems: list[FieldProblem] = []
    periods: dict[int, dict[str, dict[str, Any]]] = {}
    for index, stated in enumerate(facts):
        fact = dictionary.find(stated["fact"])
        path = f"facts[{index}]"
        if fact is None:
            problems.append(
                FieldProblem(f"{path}.fact", "事实字典中没有这一项，请查看 /api/registry/v1/facts-dictionary",
                             "unknown-fact", stated["fact"])
            )  # fmt: skip
            continue
        year = stated.get("fiscal_year")
        if fact.yearly and year is None:
            problems.append(FieldProblem(f"{path}.fiscal_year", f"“{fact.label}”按年度填报，请写明年度", "missing"))
            continue
        if not fact.yearly and year is not None:
            problems.append(
                FieldProblem(f"{path}.fiscal_year", f"“{fact.label}”不分年度，请去掉年度", "unexpected", year)
            )
            continue
        if fact.id in periods.get(year if year is not None else POINT, {}):
            problems.append(FieldProblem(f"{path}.fact", f"“{fact.label}”同一年度给出了两次，请只保留一个", "repeated"))
            continue
        unit = stated.get("unit")
        value = parse_cell(fact, str(stated.get("value")), unit) if unit else to_canonical(fact, stated.get("value"))
        if isinstance(value, CellError):
            message = f"“{fact.label}”应为{value.expected}"
            problems.append(FieldProblem(f"{path}.value", message, "wrong-value", value.found, value.expected))
            continue
        if value is None:
            continue
        periods.setdefault(year if year is not None else POINT, {})[fact.id] = {
            "value": value,
            "source": stated.get("source") or "self_declared",
            "as_of": stated.get("as_of"),
        }
    if problems:
        raise StatedFactsInvalid("有事实无法采用，请按 errors 中的说明修改后重试", problems=problems)
    return periods
