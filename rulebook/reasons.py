"""Short Chinese sentences: why not, what is missing, what a person has to decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rulebook.necessity import Necessity, key_of
from rulebook.status import Status, Verdict

if TYPE_CHECKING:  # an assessment asks for its reasons
    from rulebook.assessment import Assessment, ConditionResult, RouteResult, ScoreCheck


def reasons_of(found: Assessment) -> tuple[str, ...]:
    """The reasons in the order a reader needs them; soft conditions are reported last."""
    verdict, conditions, routes = found.verdict, found.conditions, found.routes
    by_id = {each.id: each for each in conditions}
    return (
        *_met(verdict, routes),
        *_unmet(conditions, routes, by_id),
        *_to_decide(conditions, routes, by_id),
        *_undefined(conditions),
        *_to_supply(found),
        *_soft(conditions),
    )


def _met(verdict: Verdict, routes: tuple[RouteResult, ...]) -> Iterator[str]:
    if verdict is not Verdict.ELIGIBLE:
        return
    for route in routes:
        if route.status is Status.MET:
            score = "，".join(
                f"{check.label} {check.points.display}（{check.threshold}）" for check in route.score_checks
            )
            yield f"符合“{route.label}”。{score}" if score else f"符合“{route.label}”。"


def _unmet(
    conditions: tuple[ConditionResult, ...], routes: tuple[RouteResult, ...], by_id: dict[str, ConditionResult]
) -> Iterator[str]:
    for condition in conditions:
        if condition.role == "gate" and condition.status is Status.UNMET and condition.modality == "must":
            yield _unmet_sentence(condition)
    if any(route.status is Status.MET for route in routes):
        return
    for route in routes:
        if route.status is not Status.UNMET:
            continue
        asked = [by_id[each] for each in route.conditions]
        unmet = [each for each in asked if each.status is Status.UNMET and each.modality == "must"]
        if len(routes) == 1:
            yield from (_unmet_sentence(each) for each in unmet)
        elif unmet:
            yield f"“{route.label}”未满足：{'、'.join(each.label for each in unmet)}。"
        yield from (_score_sentence(check) for check in route.score_checks if check.status is Status.UNMET)


def _unmet_sentence(condition: ConditionResult) -> str:
    failed = [check for check in condition.checks if check.status is Status.UNMET]
    if condition.offers_a_choice and len(condition.checks) > 1:
        values = "；".join(dict.fromkeys(f"{check.label}为{check.value}" for check in failed))
        parts = [f"{check.label}{check.threshold}" for check in condition.checks]
        detail = f"{values}。要求{condition.asked(parts, of=Status.UNMET)}"
    else:
        detail = "；".join(f"{check.label}为{check.value}，要求{check.threshold}" for check in failed)
    return f"不符合“{condition.label}”：{detail}（{condition.clause}）。"


def _score_sentence(check: ScoreCheck) -> str:
    most = check.points.display
    return f"{check.label}为 {most}，要求{check.threshold}。"


def _to_decide(
    conditions: tuple[ConditionResult, ...], routes: tuple[RouteResult, ...], by_id: dict[str, ConditionResult]
) -> Iterator[str]:
    asked = {each for route in routes if route.status is not Status.MET for each in route.conditions}
    decided = any(route.status is Status.MET for route in routes)
    for condition in conditions:
        if condition.status is not Status.MANUAL_REVIEW or condition.modality != "must":
            continue
        if condition.role != "gate" and (decided or (condition.role == "requirement" and condition.id not in asked)):
            continue
        why = "；".join(condition.notes)
        yield f"“{condition.label}”须人工核定{'：' + why if why else ''}（{condition.clause}）。"


def _undefined(conditions: tuple[ConditionResult, ...]) -> Iterator[str]:
    """Nothing is missing, and still it cannot be computed: a share without a whole (A-07)."""
    for condition in conditions:
        if condition.status is Status.UNKNOWN and not condition.missing and condition.modality == "must":
            yield f"“{condition.label}”无法判断：{'；'.join(condition.notes)}。"


def _to_supply(found: Assessment) -> Iterator[str]:
    necessity = Necessity(found)
    needed: list[str] = []
    rest: list[str] = []
    for each in found.missing:
        if each.kind != "finding":
            (needed if necessity.matters([key_of(each)]) else rest).append(each.label)
    if needed:
        yield f"请补充：{'、'.join(dict.fromkeys(needed))}。"
    if rest:
        yield f"另缺（不影响本次结论）：{'、'.join(dict.fromkeys(rest))}。"


def _soft(conditions: tuple[ConditionResult, ...]) -> Iterator[str]:
    for condition in conditions:
        if condition.modality != "must" and condition.status not in (Status.MET, Status.NOT_APPLICABLE):
            where = condition.document.name
            yield f"提示：“{condition.label}”{condition.status.label}（{where}，不影响本次结论）。"
