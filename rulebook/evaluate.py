"""The traced evaluator: one pack, one enterprise, one application date; every condition with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rulebook.assessment import (
    Assessment,
    ConditionResult,
    GroupScore,
    Missing,
    RouteResult,
    Score,
    ScoreCheck,
)
from rulebook.judge import judge
from rulebook.pack import KINDS, PACK_TITLES, Condition, Indicator, Line, Pack, Route, Test
from rulebook.reasons import reasons_of
from rulebook.scene import Scene, Trace
from rulebook.score import Scored, group_points, judge_score, score_indicator, total_points
from rulebook.status import Status, all_of, any_of, verdict_of
from rulebook.subject import Subject


class KindNotServed(ValueError):
    """The pack has no rules for this kind of application."""

    def __init__(self, pack: Pack, kind: str) -> None:
        served = "、".join(KINDS[each] for each in pack.kinds)
        super().__init__(f"“{pack.label}”适用于{served}，不适用于“{KINDS.get(kind, kind)}”")
        self.pack_id, self.kind = pack.id, kind


def evaluate(pack: Pack, subject: Subject, *, application_date: date, kind: str = "new") -> Assessment:
    """Judge every line of the pack. Pure: the same arguments give the same assessment, years later too."""
    if kind not in pack.kinds:
        raise KindNotServed(pack, kind)
    scene = Scene(subject, application_date, kind)
    gates = [_judge_condition(each, "gate", scene) for each in pack.gates]
    requirements = [_judge_condition(each, "requirement", scene) for each in pack.conditions]
    scored: dict[str, Scored] = {}
    indicators = [_judge_indicator(each, scene, scored) for each in pack.indicators]
    by_id = {each.id: each for each in requirements}
    routes = tuple(_judge_route(route, by_id, pack, scored) for route in pack.routes)
    decision = any_of(route.status for route in routes)
    verdict = verdict_of(all_of([*(each.status for each in gates if each.modality == "must"), decision]))
    conditions = tuple(gates + requirements + indicators)
    missing = _missing(conditions)
    score = _score(pack, scored)
    taken = next((route.id for route in routes if route.status is Status.MET), None)
    return Assessment(
        pack_id=pack.id,
        pack_label=pack.label,
        pack_edition=pack.edition,
        pack_sha256=pack.sha256,
        document=pack.document,
        title=pack.title,
        title_label=PACK_TITLES[pack.title],
        kind=kind,
        application_date=application_date,
        fiscal_year=scene.fiscal_year,
        verdict=verdict,
        verdict_label=verdict.label,
        route=taken,
        decision=decision,
        routes=routes,
        score=score,
        conditions=conditions,
        missing=missing,
        reasons=reasons_of(verdict, conditions, routes, missing),
        notes=pack.notes,
    )


def _judge_condition(condition: Condition, role: str, scene: Scene) -> ConditionResult:
    test, term = condition.tests.get(scene.kind), condition.term
    trace = Trace()
    if test is None or (term is not None and not term.covers(scene.application_date)):
        return _result(condition.line, role, Status.NOT_APPLICABLE, trace, condition.modality, condition.effort)
    own = replace(scene, only_sources=condition.only_sources) if condition.only_sources else scene
    status = _judge_if_it_applies(condition, test, own, trace)
    review = condition.undefined_review_if
    if trace.undefined and review is not None and judge(review, scene, Trace()) is Status.MET:
        trace = Trace()
        status = _judge_if_it_applies(condition, test, replace(own, undefined=Status.MANUAL_REVIEW), trace)
    if condition.flag is not None and status not in (Status.MET, Status.NOT_APPLICABLE):
        when, text = condition.flag
        if judge(when, scene, Trace()) is Status.MET:
            trace.note(text)
    return _result(condition.line, role, status, trace, condition.modality, condition.effort)


def _judge_if_it_applies(condition: Condition, test: Test, scene: Scene, trace: Trace) -> Status:
    """Not applicable where `applies_if` is unmet; where that is open, met only if the test holds in any case."""
    if condition.applies_if is None:
        return judge(test, scene, trace)
    applies = judge(condition.applies_if, replace(scene, only_sources=frozenset()), trace)
    if applies is Status.UNMET:
        return Status.NOT_APPLICABLE
    status = judge(test, scene, trace)
    return status if applies is Status.MET or status is Status.MET else applies


def _judge_indicator(indicator: Indicator, scene: Scene, scored: dict[str, Scored]) -> ConditionResult:
    trace = Trace()
    own = replace(scene, only_sources=indicator.only_sources) if indicator.only_sources else scene
    outcome = scored[indicator.line.id] = score_indicator(indicator, own, trace)
    result = _result(indicator.line, "indicator", outcome.status, trace, "must", indicator.effort)
    return replace(
        result, group=indicator.group, value=outcome.value, threshold=outcome.threshold, points=outcome.points
    )


def _result(line: Line, role: str, status: Status, trace: Trace, modality: str, effort: str) -> ConditionResult:
    checks = tuple(trace.checks)
    blocking = status in (Status.UNKNOWN, Status.MANUAL_REVIEW)
    return ConditionResult(
        id=line.id,
        label=line.label,
        role=role,
        group="",
        modality=modality,
        status=status,
        value=checks[0].value if len(checks) == 1 else "；".join(f"{each.label} {each.value}" for each in checks),
        threshold=checks[0].threshold if len(checks) == 1 else "；".join(each.threshold for each in checks),
        points=None,
        clause=line.clause,
        document=line.document,
        quote=line.quote,
        evidence_grade=line.evidence,
        effort=effort,
        checks=checks,
        inputs=tuple(trace.inputs.values()),
        missing=tuple(
            replace(each, conditions=(line.id,), blocking=blocking and modality == "must")
            for each in trace.missing.values()
        ),
        notes=tuple(trace.notes),
    )


def _judge_route(
    route: Route, results: dict[str, ConditionResult], pack: Pack, scored: dict[str, Scored]
) -> RouteResult:
    parts = [results[each].status for each in route.all_of if results[each].modality == "must"]
    if route.any_of:
        parts.append(any_of(results[each].status for each in route.any_of if results[each].modality == "must"))
    checks = _score_checks(route, pack, scored)
    parts += [check.status for check in checks]
    return RouteResult(route.id, route.label, all_of(parts), (*route.all_of, *route.any_of), checks)


def _score_checks(route: Route, pack: Pack, scored: dict[str, Scored]) -> tuple[ScoreCheck, ...]:
    if route.score is None:
        return ()
    checks = []
    if route.score.total is not None:
        points, limit = total_points(pack.groups, pack.indicators, scored), route.score.total
        checks.append(ScoreCheck("评价得分", points, limit.text, judge_score(points, scored.values(), limit)))
    groups = {group.id: group for group in pack.groups}
    for name, limit in route.score.groups:
        members = [scored[each.line.id] for each in pack.indicators if each.group == name]
        points = group_points(groups[name], pack.indicators, scored)
        checks.append(ScoreCheck(f"{groups[name].label}得分", points, limit.text, judge_score(points, members, limit)))
    return tuple(checks)


def _score(pack: Pack, scored: dict[str, Scored]) -> Score | None:
    if not pack.indicators:
        return None
    groups = tuple(
        GroupScore(group.id, group.label, group_points(group, pack.indicators, scored)) for group in pack.groups
    )
    return Score(total_points(pack.groups, pack.indicators, scored), groups)


def _missing(conditions: tuple[ConditionResult, ...]) -> tuple[Missing, ...]:
    """Every missing thing once, with the conditions that ask for it."""
    found: dict[tuple[str, int, str], Missing] = {}
    for each in (one for condition in conditions for one in condition.missing):
        key = (each.fact_id, each.fiscal_year, each.label)
        known = found.get(key)
        if known is not None:
            each = replace(
                known, conditions=known.conditions + each.conditions, blocking=known.blocking or each.blocking
            )
        found[key] = each
    return tuple(found.values())
