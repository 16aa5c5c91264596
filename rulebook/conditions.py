"""Gates and requirements compiled to functions of a scene: when a line applies at all, and what goes to a person."""

from __future__ import annotations

from dataclasses import replace

from rulebook.judge import compile_test
from rulebook.pack import Condition, Term, Test
from rulebook.scene import Basis, Judge, Scene
from rulebook.status import MANUAL_REVIEW, MET, NOT_APPLICABLE, UNMET, Status


def compile_condition(condition: Condition, kind: str, basis: Basis) -> Judge:
    test = condition.tests.get(kind)
    if test is None:
        return lambda scene: NOT_APPLICABLE
    own = replace(basis, only_sources=condition.only_sources)
    judge = _if_it_applies(condition.applies_if, test, own)
    if condition.undefined_review_if is not None:
        for_people = _if_it_applies(condition.applies_if, test, replace(own, undefined=MANUAL_REVIEW))
        judge = _reviewed_if_undefined(judge, for_people, compile_test(condition.undefined_review_if, basis))
    if condition.flag is not None:
        when, text = condition.flag
        judge = _flagged(judge, compile_test(when, basis), text)
    return judge if condition.term is None else _within(condition.term, judge)


def _if_it_applies(applies_if: Test | None, test: Test, basis: Basis) -> Judge:
    """Not applicable where `applies_if` is unmet; where that is open, met only if the test holds in any case."""
    judge = compile_test(test, basis)
    if applies_if is None:
        return judge
    whether = compile_test(applies_if, replace(basis, only_sources=frozenset()))

    def judge_if_it_applies(scene: Scene) -> Status:
        applies = whether(scene)
        if applies is UNMET:
            return NOT_APPLICABLE
        status = judge(scene)
        return status if applies is MET or status is MET else applies

    return judge_if_it_applies


def _reviewed_if_undefined(judge: Judge, for_people: Judge, review: Judge) -> Judge:
    """A share without a whole leaves the line undecided; where `review` holds, it is a person's to decide (A-07)."""

    def judge_or_leave(scene: Scene) -> Status:
        start, scene.undefined = len(scene.trace), False
        status = judge(scene)
        if not scene.undefined or _aside(review, scene) is not MET:
            return status
        del scene.trace[start:]
        return for_people(scene)

    return judge_or_leave


def _flagged(judge: Judge, when: Judge, text: str) -> Judge:
    def judge_and_say(scene: Scene) -> Status:
        status = judge(scene)
        if status not in (MET, NOT_APPLICABLE) and _aside(when, scene) is MET:
            scene.note(text)
        return status

    return judge_and_say


def _aside(judge: Judge, scene: Scene) -> Status:
    """Judged without a trace: it says how to treat the line and is no part of it."""
    start = len(scene.trace)
    status = judge(scene)
    del scene.trace[start:]
    return status


def _within(term: Term, judge: Judge) -> Judge:
    return lambda scene: judge(scene) if term.covers(scene.day) else NOT_APPLICABLE
