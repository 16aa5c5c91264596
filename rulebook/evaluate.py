"""The traced evaluator: one pack, one enterprise, one application date; every condition with its reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from rulebook.assessment import (
    Assessment,
    ConditionResult,
    GroupScore,
    RouteResult,
    Score,
    ScoreCheck,
)
from rulebook.judge import judge
from rulebook.pack import KINDS, Condition, Indicator, Pack, Route, Test
from rulebook.scene import Scene, Trace
from rulebook.score import Scored, add_points, group_points, judge_score, score_indicator
from rulebook.status import MANUAL_REVIEW, MET, NOT_APPLICABLE, UNMET, Status, all_of, any_of, verdict_of
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
    by_id = {each.line.id: each for each in requirements}
    score = _score(pack, scored)
    routes = tuple([_judge_route(route, by_id, pack, scored, score) for route in pack.routes])
    decision = any_of([route.status for route in routes])
    blocking = [each.status for each in gates if each.modality == "must"]
    return Assessment(
        pack,
        kind,
        application_date,
        verdict=verdict_of(all_of([*blocking, decision])),
        decision=decision,
        routes=routes,
        score=score,
        conditions=tuple(gates + requirements + indicators),
    )


def _judge_condition(condition: Condition, role: str, scene: Scene) -> ConditionResult:
    test, term = condition.tests.get(scene.kind), condition.term
    trace = Trace(scene)
    if test is None or (term is not None and not term.covers(scene.application_date)):
        status = NOT_APPLICABLE
        return ConditionResult(condition.line, role, condition.modality, condition.effort, status, trace)
    own = replace(scene, only_sources=condition.only_sources) if condition.only_sources else scene
    plain = condition.applies_if is None
    status = judge(test, own, trace) if plain else _judge_if_it_applies(condition, test, own, trace)
    review = condition.undefined_review_if
    if trace.undefined and review is not None and judge(review, scene, Trace(scene)) is MET:
        trace = Trace(scene)
        status = _judge_if_it_applies(condition, test, replace(own, undefined=MANUAL_REVIEW), trace)
    if condition.flag is not None and status not in (MET, NOT_APPLICABLE):
        when, text = condition.flag
        if judge(when, scene, Trace(scene)) is MET:
            trace.note(text)
    return ConditionResult(condition.line, role, condition.modality, condition.effort, status, trace)


def _judge_if_it_applies(condition: Condition, test: Test, scene: Scene, trace: Trace) -> Status:
    """Not applicable where `applies_if` is unmet; where that is open, met only if the test holds in any case."""
    if condition.applies_if is None:
        return judge(test, scene, trace)
    applies = judge(condition.applies_if, replace(scene, only_sources=frozenset()), trace)
    if applies is UNMET:
        return NOT_APPLICABLE
    status = judge(test, scene, trace)
    return status if applies is MET or status is MET else applies


def _judge_indicator(indicator: Indicator, scene: Scene, scored: dict[str, Scored]) -> ConditionResult:
    trace = Trace(scene)
    own = replace(scene, only_sources=indicator.only_sources) if indicator.only_sources else scene
    outcome = scored[indicator.line.id] = score_indicator(indicator, own, trace)
    return ConditionResult(
        indicator.line,
        "indicator",
        "must",
        indicator.effort,
        outcome.status,
        trace,
        group=indicator.group,
        points=outcome.points,
        words=outcome.words,
        better=outcome.better,
    )


def _judge_route(
    route: Route, results: dict[str, ConditionResult], pack: Pack, scored: dict[str, Scored], score: Score | None
) -> RouteResult:
    parts = [results[each].status for each in route.all_of if results[each].modality == "must"]
    if route.any_of:
        parts.append(any_of([results[each].status for each in route.any_of if results[each].modality == "must"]))
    checks = _score_checks(route, pack, scored, score)
    parts += [check.status for check in checks]
    return RouteResult(route.id, route.label, all_of(parts), (*route.all_of, *route.any_of), checks)


def _score_checks(route: Route, pack: Pack, scored: dict[str, Scored], score: Score | None) -> tuple[ScoreCheck, ...]:
    if route.score is None or score is None:
        return ()
    checks = []
    limit = route.score.total
    if limit is not None:
        points = score.points
        checks.append(ScoreCheck("评价得分", points, limit.text, judge_score(points, scored.values(), limit)))
    groups = {group.id: group for group in score.groups}
    for name, limit in route.score.groups:
        group = groups[name]
        members = [scored[each.line.id] for each in pack.indicators if each.group == name]
        status = judge_score(group.points, members, limit)
        checks.append(ScoreCheck(f"{group.label}得分", group.points, limit.text, status))
    return tuple(checks)


def _score(pack: Pack, scored: dict[str, Scored]) -> Score | None:
    if not pack.indicators:
        return None
    groups = tuple(
        [GroupScore(group.id, group.label, group_points(group, pack.indicators, scored)) for group in pack.groups]
    )
    return Score(add_points([group.points for group in groups]), groups)
