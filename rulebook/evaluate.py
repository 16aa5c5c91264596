"""The traced evaluator: one pack, one enterprise, one application date; every condition with its reason.

A pack is compiled once for a kind and a year of application, into functions that have everything bound which is the
same for everybody, and the compiled program stays with the pack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from rulebook.assessment import Assessment, ConditionResult, Heading
from rulebook.conditions import compile_condition
from rulebook.pack import KINDS, Indicator, Pack
from rulebook.routes import compile_route, compile_score
from rulebook.scene import Basis, Scene
from rulebook.score import Scored, compile_indicator
from rulebook.status import all_of, any_of, verdict_of
from rulebook.subject import Subject

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
    gates = [compile_condition(each, "gate", kind, basis) for each in pack.gates]
    blocking = [at for at, each in enumerate(pack.gates) if each.modality == "must"]
    requirements = [compile_condition(each, "requirement", kind, basis) for each in pack.conditions]
    indicators = [(_heading(each), compile_indicator(each, _basis_of(each, basis))) for each in pack.indicators]
    score_of, ways = compile_score(pack), [compile_route(each, pack) for each in pack.routes]

    def program(scene: Scene) -> Assessment:
        barring = [judge(scene) for judge in gates]
        asked = [judge(scene) for judge in requirements]
        scored: list[Scored] = []
        lines = barring + asked
        for heading, scorer in indicators:
            scene.trace = []
            earned = scorer(scene)
            scored.append(earned)
            lines.append(ConditionResult(heading, earned.status, scene.trace, scene.day, earned))
        score = score_of(scored)
        routes = tuple([way(asked, score, scored) for way in ways])
        decision = any_of([route.status for route in routes])
        return Assessment(
            pack,
            kind,
            scene.day,
            verdict=verdict_of(all_of([*[barring[at].status for at in blocking], decision])),
            decision=decision,
            routes=routes,
            score=score,
            conditions=tuple(lines),
        )

    return program


def _heading(indicator: Indicator) -> Heading:
    return Heading(indicator.line, "indicator", "must", indicator.effort, indicator.group)


def _basis_of(indicator: Indicator, basis: Basis) -> Basis:
    return replace(basis, only_sources=indicator.only_sources)
