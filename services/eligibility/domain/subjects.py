"""The inputs of an assessment in the plain form they are stored in, and the subject made of them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from rulebook.assessment import Assessment
from rulebook.scene import exact_decimal
from rulebook.size import SizeResult, classify
from rulebook.size_table import SizeTable
from rulebook.subject import POINT, FactValue, Subject, Title, fact_value

YEARS_KEPT = 4
"""Fiscal years t … t−3: what the packs may look back on, and the running year."""

Inputs = dict[str, Any]
"""{industry_code, facts: {fact id: {year: {value, source, as_of, recorded_at}}}, titles: [{code, state, …}],
titles_known}. The ledger holds what was imported: that a title is not in it does not say that it is not held
(missing is not false), so `titles_known` is true only where somebody stated all titles."""


def inputs_of(
    *,
    industry_code: str | None,
    periods: Iterable[tuple[int, Mapping[str, Mapping[str, Any]]]],
    titles: Iterable[Mapping[str, Any]],
    titles_known: bool,
    application_date: dt.date,
) -> Inputs:
    """Gather what an assessment on that date may look at, in an order that does not depend on arrival."""
    facts: dict[str, dict[str, Any]] = {}
    for year, fact_id, stored in _looked_at(periods, application_date):
        facts.setdefault(fact_id, {})[year] = dict(stored)
    return {
        "industry_code": industry_code,
        "facts": {fact_id: dict(sorted(years.items())) for fact_id, years in sorted(facts.items())},
        "titles": sorted((dict(title) for title in titles), key=lambda title: json.dumps(title, sort_keys=True)),
        "titles_known": titles_known,
    }


def row_of(
    *,
    industry_code: str | None,
    periods: Iterable[tuple[int, Mapping[str, Mapping[str, Any]]]],
    titles: Iterable[Mapping[str, Any]],
    titles_known: bool,
    application_date: dt.date,
) -> Inputs:
    """The same inputs to be read once, as a row of a population: neither copied nor in order."""
    facts: dict[str, dict[str, Any]] = {}
    for year, fact_id, stored in _looked_at(periods, application_date):
        facts.setdefault(fact_id, {})[year] = stored
    return {"industry_code": industry_code, "facts": facts, "titles": titles, "titles_known": titles_known}


def _looked_at(
    periods: Iterable[tuple[int, Mapping[str, Mapping[str, Any]]]], day: dt.date
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    oldest = day.year - YEARS_KEPT
    for year, values in periods:
        if year == POINT or year >= oldest:
            named = str(year)
            for fact_id, stored in values.items():
                if stored.get("value") is not None:
                    yield named, fact_id, stored


def subject_of(inputs: Inputs, sizes: SizeTable, application_date: dt.date) -> Subject:
    """The subject that the evaluator judges; the same inputs give the same subject years later."""
    facts = {
        (fact_id, int(year)): fact_value(stored)
        for fact_id, years in inputs["facts"].items()
        for year, stored in years.items()
    }
    titles = tuple(
        Title(
            code=title["code"],
            state=title["state"],
            valid_from=_date(title.get("valid_from")),
            valid_to=_date(title.get("valid_to")),
            cancelled_on=_date(title.get("cancelled_on")),
            ban=title.get("ban"),
        )
        for title in inputs["titles"]
    )
    size = size_of(inputs["industry_code"], facts, sizes, application_date)
    return Subject(facts=facts, titles=titles, size=size, ledger_complete=inputs["titles_known"])


def size_of(
    industry: str | None, facts: Mapping[tuple[str, int], FactValue], sizes: SizeTable, day: dt.date
) -> SizeResult:
    """The size class (划型) of the last complete year before that date. Raises FactUnreadable."""
    year = day.year - 1  # the last complete fiscal year

    def number(fact_id: str) -> Decimal | None:
        stored = facts.get((fact_id, year))
        return None if stored is None else exact_decimal(fact_id, year, stored.value)

    headcount = number("headcount")
    return classify(
        sizes,
        industry,
        None if headcount is None else int(headcount),
        number("revenue_yuan"),
        number("total_assets_yuan"),
    )


def outcome_hash(found: Assessment) -> str:
    """Equal for two assessments that say the same; the application date and the age of values do not count.

    Of what the words follow from rather than of the words: finding those takes most of the time of an assessment.
    """
    said = {
        "pack": found.pack_sha256,
        "kind": found.kind,
        "year": found.fiscal_year,
        "verdict": found.verdict,
        "route": found.route,
        "conditions": [
            [each.id, each.status, [str(each.points.low), str(each.points.high)] if each.points else None, each.kept()]
            for each in found.conditions
        ],
    }
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def kind_for(title: str, held: Iterable[Mapping[str, Any]], day: dt.date) -> str:
    """`review` for a title validly held on that day, `new` otherwise."""
    for record in held:
        if record["code"] != title or record["state"] not in ("valid", "under_review"):
            continue
        valid_from, valid_to = _date(record.get("valid_from")), _date(record.get("valid_to"))
        if (valid_from is None or valid_from <= day) and (valid_to is None or day <= valid_to):
            return "review"
    return "new"


def _date(text: object) -> dt.date | None:
    return dt.date.fromisoformat(text) if isinstance(text, str) else None
