"""Which judgements an assessment waits for, and whether one of them is the last thing missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rulebook.assessment import Assessment, ConditionResult
from rulebook.evaluate import evaluate
from rulebook.pack import Pack
from rulebook.status import Status, Verdict
from rulebook.subject import POINT, FactValue, Subject

_OPEN = (Verdict.MANUAL_REVIEW, Verdict.UNKNOWN)
_SETTLED = (Status.MET, Status.NOT_APPLICABLE)
_FAVOURABLE = FactValue({"decision": "met", "reason": "", "evidence": None, "valid_until": None}, "official_finding")


@dataclass(frozen=True, slots=True)
class Need:
    """A finding that the assessment for one title waits for.

    `decisive`: found to hold, it alone makes the enterprise eligible. `line` is what the official has to look at, in
    plain JSON: the rule's words and the figures beside it.
    """

    finding: str
    title: str
    decisive: bool
    line: dict[str, Any]


def needs_of(pack: Pack, subject: Subject, found: Assessment) -> list[Need]:
    """The findings that could still change the verdict. Where something else has failed already, none is asked for."""
    if found.verdict not in _OPEN:
        return []
    asking: dict[str, list[ConditionResult]] = {}
    for condition in _relevant(found):
        for missing in condition.missing:
            if missing.kind == "finding":
                asking.setdefault(missing.fact_id, []).append(condition)
    return [
        Need(
            finding=finding,
            title=found.title,
            decisive=_may_decide(pack, found, finding) and _decides(pack, subject, found, finding),
            line=_line(found, finding, conditions),
        )
        for finding, conditions in sorted(asking.items())
    ]


def is_answered(facts: Mapping[str, Any], finding: str, day: dt.date) -> bool:
    """Whether an official's finding is on file and still holds on that day."""
    value = (facts.get(finding) or {}).get("value")
    if not isinstance(value, dict):
        return False
    until = value.get("valid_until")
    return until is None or day <= dt.date.fromisoformat(until)


def _relevant(found: Assessment) -> list[ConditionResult]:
    """Undecided lines that the verdict hangs on: gates, and what undecided routes ask for."""
    routes = [route for route in found.routes if route.status in (Status.UNKNOWN, Status.MANUAL_REVIEW)]
    if found.route is not None:  # a route is met already: only a gate is left
        routes = []
    asked = {condition for route in routes for condition in route.conditions}
    scored = any(route.score_checks for route in routes)
    return [
        each
        for each in found.conditions
        if each.modality == "must"
        and each.status in (Status.UNKNOWN, Status.MANUAL_REVIEW)
        and (each.role == "gate" or each.id in asked or (each.role == "indicator" and scored))
    ]


def _asks(condition: ConditionResult, finding: str) -> bool:
    return any(missing.fact_id == finding for missing in condition.missing)


def _may_decide(pack: Pack, found: Assessment, finding: str) -> bool:
    """Cheap and never wrong about a no: most enterprises lack a figure too, and need no second evaluation."""
    binding = {each.id: each for each in found.conditions if each.modality == "must"}

    def open_to(condition: str) -> bool:
        each = binding.get(condition)
        return each is None or each.status in _SETTLED or _asks(each, finding)

    if not all(open_to(each.id) for each in binding.values() if each.role == "gate"):
        return False
    scored = any(_asks(each, finding) for each in binding.values() if each.role == "indicator")
    checks = {route.id: route.score_checks for route in found.routes}
    return any(
        all(open_to(each) for each in route.all_of)
        and (not route.any_of or any(open_to(each) for each in route.any_of))
        and (scored or all(check.status in _SETTLED for check in checks[route.id]))
        for route in pack.routes
    )


def _decides(pack: Pack, subject: Subject, found: Assessment, finding: str) -> bool:
    supposed = replace(subject, facts={**subject.facts, (finding, POINT): _FAVOURABLE})
    again = evaluate(pack, supposed, application_date=found.application_date, kind=found.kind)
    return again.verdict is Verdict.ELIGIBLE


def _line(found: Assessment, finding: str, conditions: list[ConditionResult]) -> dict[str, Any]:
    return {
        "title": found.title,
        "kind": found.kind,
        "pack_id": found.pack_id,
        "conditions": [
            {
                "id": each.id,
                "label": each.label,
                "document": each.document.number,
                "document_name": each.document.name,
                "clause": each.clause,
                "quote": each.quote,
                "figures": [
                    {"label": one.period_label, "display": one.display, "source_label": one.source_label}
                    for one in each.inputs
                    if one.fact_id != finding
                ],
            }
            for each in conditions
        ],
    }
