"""Walks a compiled pack: which tests, facts and measures it is made of, whatever forms they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from typing import TypeVar, get_args

from rulebook.dictionary import Fact
from rulebook.pack import Condition, Holds, Indicator, Measure, NoBan, Pack, Ref, Scale, SizeIn, Test, Total

Found = TypeVar("Found")
_MOST_KEPT = 10_000

TEST_FORMS: tuple[type, ...] = get_args(Test)
MEASURE_FORMS: tuple[type, ...] = get_args(Measure)


def inside(node: object, wanted: tuple[type, ...]) -> Iterator[object]:
    """Every node of the wanted classes, the node itself included, outermost first."""
    if isinstance(node, wanted):
        yield node
    if isinstance(node, dict):
        for each in node.values():
            yield from inside(each, wanted)
    elif isinstance(node, tuple | list | frozenset):
        for each in node:
            yield from inside(each, wanted)
    elif is_dataclass(node) and not isinstance(node, type | Fact):
        for each in fields(node):
            yield from inside(getattr(node, each.name), wanted)


def once(walk: Callable[[object], Found]) -> Callable[[object], Found]:
    """What a walk over a part of a compiled pack found; the part is kept with it: while it lives, its id is its own.

    Packs never change and few are in use; what belonged to others goes when there is too much of it.
    """
    known: dict[int, tuple[object, Found]] = {}

    def walked(node: object) -> Found:
        held = known.get(id(node))
        if held is None:
            if len(known) >= _MOST_KEPT:
                known.clear()
            held = known[id(node)] = (node, walk(node))
        return held[1]

    return walked


@once
def facts_of(pack: object) -> dict[str, Fact]:
    """Every fact the pack reads, by id."""
    return {fact.id: fact for fact in facts_in(pack)}


@once
def facts_in(node: object) -> list[Fact]:
    """Every fact that a test or measure reads, as often as it does."""
    return [fact for fact in inside(node, (Fact,)) if isinstance(fact, Fact)]


@once
def totals_in(measure: object) -> list[Total]:
    return [each for each in inside(measure, (Total,)) if isinstance(each, Total)]


@once
def reads_size(node: object) -> bool:
    return any(True for _ in inside(node, (SizeIn,)))


@once
def reads_titles(node: object) -> bool:
    return any(True for _ in inside(node, (Holds, NoBan)))


def tests_of(pack: Pack, kind: str) -> Iterator[Test]:
    """The test of every condition of that kind."""
    for condition in (*pack.gates, *pack.conditions):
        test = condition.tests.get(kind)
        if test is not None:
            yield test


@once
def leaves_of(test: object) -> list[Test]:
    """The tests inside a test, itself included."""
    return list(inside(test, TEST_FORMS))  # type: ignore[arg-type]


@once
def refs_of(measure: object) -> list[Ref]:
    """The figures that a measure is made of, in the order they are written."""
    found: dict[tuple[str, int | None], Ref] = {}
    for each in inside(measure, (Ref,)):
        if isinstance(each, Ref):
            found.setdefault((each.fact.id, each.offset), each)
    return list(found.values())


def condition_of(pack: Pack, condition_id: str) -> Condition:
    return next(each for each in (*pack.gates, *pack.conditions) if each.line.id == condition_id)


def scales_of(indicator: Indicator) -> list[Scale]:
    """The measures whose bands score the indicator, each with its bands."""
    own = [Scale(indicator.measure, indicator.bands)] if indicator.measure is not None else []
    return [*own, *indicator.better_of]


def measures_of(indicator: Indicator) -> list[Measure]:
    return [each.measure for each in scales_of(indicator)]


def tests_scoring(indicator: Indicator) -> list[Test]:
    """The tests whose holding earns points."""
    chosen = [each.test for each in indicator.choices if each.test is not None]
    return [*chosen, *indicator.each]
