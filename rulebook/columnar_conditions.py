"""Gates and requirements compiled for populations: when they apply, and what is read to judge them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rulebook.columnar_codes import (
    MANUAL_REVIEW,
    MET,
    NOT_APPLICABLE,
    UNMET,
    Codes,
    flags,
)
from rulebook.columnar_frame import Frame, Judge, Manner
from rulebook.columnar_judge import compile_test, leaves, undefined_rows
from rulebook.columnar_read import Reads, keys_read, reads_of
from rulebook.pack import Condition, Pack, Test


@dataclass(frozen=True, slots=True)
class CompiledLine:
    """A gate or requirement, compiled for one kind; no judge: not applicable."""

    condition: Condition
    judge: Judge | None


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """A pack compiled for one kind of application."""

    gates: tuple[CompiledLine, ...]
    requirements: tuple[CompiledLine, ...]
    reads: tuple[Reads, ...]


def compile_rules(pack: Pack, kind: str) -> CompiledRules:
    conditions = (*pack.gates, *pack.conditions)
    reads = [each for condition in conditions if kind in condition.tests for each in _condition_reads(condition, kind)]
    for indicator in pack.indicators:
        for test in (*indicator.each, *(choice.test for choice in indicator.choices)):
            reads += [] if test is None else _test_reads(test)
        for measure in (indicator.measure, *(scale.measure for scale in indicator.better_of)):
            reads += [] if measure is None else reads_of(measure)
        if indicator.expert is not None:
            reads.append(Reads(indicator.expert.fact, indicator.expert.offset, conditional=True, expert=True))
    return CompiledRules(
        gates=tuple(CompiledLine(each, _condition(each, kind)) for each in pack.gates),
        requirements=tuple(CompiledLine(each, _condition(each, kind)) for each in pack.conditions),
        reads=tuple(dict.fromkeys(reads)),
    )


def _test_reads(test: Test) -> list[Reads]:
    return [each for leaf in leaves(test) for each in reads_of(leaf)]


def _condition_reads(condition: Condition, kind: str) -> list[Reads]:
    found = _test_reads(condition.tests[kind])
    if condition.term is not None:  # on other days nobody reads it
        found = [replace(each, term=condition.term) for each in found]
    if condition.applies_if is not None:
        found = [replace(each, conditional=True) for each in found]
        found += [replace(each, term=condition.term) for each in _test_reads(condition.applies_if)]
    if condition.undefined_review_if is not None:
        found += [replace(each, silent=True) for each in _test_reads(condition.undefined_review_if)]
    return found


def _condition(condition: Condition, kind: str) -> Judge | None:
    test = condition.tests.get(kind)
    if test is None:
        return None
    manner = Manner(only_sources=condition.only_sources)
    judge = _within_term(condition, _where_it_applies(condition, test, manner))
    if condition.undefined_review_if is None:
        return judge
    asked = [undefined_rows(test, manner)]
    if condition.applies_if is not None:
        asked.append(undefined_rows(condition.applies_if, Manner()))
    for_people = Manner(only_sources=condition.only_sources, undefined=MANUAL_REVIEW, silent=True)
    again = _within_term(condition, _where_it_applies(condition, test, for_people))
    review = compile_test(condition.undefined_review_if, Manner(silent=True))

    def judge_twice(frame: Frame) -> Codes:
        codes = judge(frame)
        undefined = [rows for each in asked if (rows := each(frame)) is not None]
        if not undefined:
            return codes
        twice = np.logical_or.reduce(undefined) & (review(frame) == MET)
        return flags(~twice) * codes | flags(twice) * again(frame)

    return judge_twice


def _within_term(condition: Condition, judge: Judge) -> Judge:
    term = condition.term
    if term is None:
        return judge

    def judge_in_time(frame: Frame) -> Codes:
        return judge(frame) if term.covers(frame.day) else np.full(frame.size, NOT_APPLICABLE, np.uint8)

    return judge_in_time


def _where_it_applies(condition: Condition, test: Test, manner: Manner) -> Judge:
    """Not applicable where `applies_if` is unmet; where that is open, met only if the test holds in any case."""
    judge = compile_test(test, manner)
    if condition.applies_if is None:
        return judge
    applies_to = compile_test(condition.applies_if, replace(manner, only_sources=frozenset()))
    named = [] if manner.silent else [each for each in _test_reads(test) if not each.dynamic]

    def judge_some(frame: Frame) -> Codes:
        applies = applies_to(frame)
        frame.active = applies != UNMET
        codes = judge(frame)
        for read in named:
            (key,) = keys_read(read, frame.day)
            assert read.fact is not None  # what is not dynamic is a fact
            lacking = frame.missing(read.fact, read.year(frame.day))
            if lacking is not None:
                frame.miss(key, lacking != 0)
        as_asked = (applies == MET) | (codes == MET)
        found = flags(as_asked) * codes | flags(~as_asked) * applies
        found[~frame.active] = NOT_APPLICABLE
        frame.active = None
        return found

    return judge_some
