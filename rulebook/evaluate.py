"""The traced evaluator: one pack, one enterprise, one application date; every condition with its reason.

A pack is compiled once for a kind and a year of application, into functions that have everything bound which is the
same for everybody, and the compiled program stays with the pack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from rulebook.assessment import Assessment, ConditionResult, Heading, RouteResult, Score
from rulebook.conditions import compile_condition
from rulebook.pack import KINDS, Pack
from rulebook.points import Scored
from rulebook.routes import Scoring, Tally, Way, compile_route
from rulebook.scene import END_OF_LINE, Basis, Scene
from rulebook.score import compile_indicator
from rulebook.status import UNMET, Status, all_of, both, either, verdict_of
from rulebook.subject import Subject
from rulebook.trace import lines_of

Program = Callable[[Scene], Assessment]
_MOST_PROGRAMS = 12
"""Kept with a pack: its kinds in the few years that anybody asks for; anyone may ask for any year."""


class KindNotServed(ValueError):
    """The pack has no rules for this kind of application."""

    def __init__(self, pack: Pack, kind: str) -> None:
        served = "、".join(KINDS[each] for each in pack.kinds)
        super().__init__(f"“{pack.label}”适用于{served}，不适用于“{KINDS.get(kind, kind)}”")
        self.pack_id, self.kind = pack.id, kind


def evaluate(pack: Pack, subject: Subject, *, application_date: date, kind: str = "new") -> Assessment:
    """Judge every line of the pack. Pure: the same arguments give the same assessment, years later too."""
    program: Program
    try:
        program = pack.programs[(kind, application_date.year)]
    except (AttributeError, KeyError):
        program = _compiled(pack, kind, application_date.year)
    return program(Scene(subject, application_date))


def _compiled(pack: Pack, kind: str, year: int) -> Program:
    if kind not in pack.kinds:
        raise KindNotServed(pack, kind)
    programs = getattr(pack, "programs", {})
    if len(programs) >= _MOST_PROGRAMS:
        programs = {}
    program = _compile(pack, kind, Basis(year))
    # replaced, not changed: another thread may be reading it
    object.__setattr__(pack, "programs", {**programs, (kind, year): program})
    return program


def _compile(pack: Pack, kind: str, basis: Basis) -> Program:
    """The lines in the order of an assessment: gates, conditions, indicators."""
    judges = [compile_condition(each, kind, basis) for each in (*pack.gates, *pack.conditions)]
    scorers = [compile_indicator(each, replace(basis, only_sources=each.only_sources)) for each in pack.indicators]
    scoring, ways = Scoring(pack), [compile_route(each, pack) for each in pack.routes]
    routes = [(way.judge, [each.judge for each in way.thresholds]) for way in ways]
    blocking = [at for at, each in enumerate(pack.gates) if each.modality == "must"]
    reading = _Reading(_headings(pack, kind), scoring, ways)

    def program(scene: Scene) -> Assessment:
        trace = scene.trace
        statuses: list[Status] = []
        for judge in judges:
            statuses.append(judge(scene))
            trace.append(END_OF_LINE)
        scored: list[Scored] = []
        for scorer in scorers:
            scored.append(scorer(scene))
            trace.append(END_OF_LINE)
        tally = scoring.tally(scored)
        taken: list[tuple[Status, list[Status]]] = []
        decision = UNMET
        for judge_way, thresholds in routes:
            reached = [threshold(tally, scored) for threshold in thresholds]
            status = judge_way(statuses, reached)
            taken.append((status, reached))
            decision = either(decision, status)
        verdict = verdict_of(both(all_of([statuses[at] for at in blocking]), decision))
        judged = _Judged(reading, scene, statuses, scored, tally, taken)
        return Assessment(pack, kind, scene.day, verdict, decision, judged)

    return program


def _headings(pack: Pack, kind: str) -> list[Heading]:
    asked = [
        Heading(each.line, role, each.modality, each.effort, test=each.tests.get(kind), premise=each.applies_if)
        for role, lines in (("gate", pack.gates), ("requirement", pack.conditions))
        for each in lines
    ]
    scored = [Heading(each.line, "indicator", "must", each.effort, each.group) for each in pack.indicators]
    return [*asked, *scored]


class _Reading(NamedTuple):
    """What the raw outcome is read with."""

    headings: list[Heading]
    scoring: Scoring
    ways: list[Way]


class _Judged(NamedTuple):
    """The outcome as it was kept; `taken` is the status of each route with those of its thresholds."""

    reading: _Reading
    scene: Scene
    statuses: list[Status]
    scored: list[Scored]
    tally: Tally
    taken: list[tuple[Status, list[Status]]]

    def conditions(self) -> tuple[ConditionResult, ...]:
        day, lines = self.scene.day, zip(self.reading.headings, lines_of(self.scene.trace), strict=True)
        judged = zip(self.statuses, lines, strict=False)  # the statuses first: they end before the indicators
        found = [ConditionResult(heading, status, part, day) for status, (heading, part) in judged]
        for scored, (heading, part) in zip(self.scored, lines, strict=True):
            found.append(ConditionResult(heading, scored[0].status, part, day, scored))
        return tuple(found)

    def score(self) -> Score | None:
        return self.reading.scoring.score(self.tally)

    def routes(self) -> tuple[RouteResult, ...]:
        score, ways = self.score(), zip(self.reading.ways, self.taken, strict=True)
        return tuple([way.result(status, reached, score) for way, (status, reached) in ways])
