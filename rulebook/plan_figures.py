"""How a figure that is known is moved: the smallest step that suffices, within what the figure can come to.

The evaluator itself is the oracle: the target of a figure is the smallest step for which the test holds when judged
on the changed facts, so no formula of a share, a growth rate or a sum is written down twice, and a figure that is
shown suffices by construction. Steps are what people write: 0.01 万元, one item, 0.01 percent; an amount of money moves
by what is worth planning at least (plan_steps.WORTH), where the bounds allow it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from rulebook.dictionary import Fact
from rulebook.pack import Ref
from rulebook.plan_bounds import least_move
from rulebook.plan_draft import Draft, Edit, merge
from rulebook.plan_missing import lacks
from rulebook.plan_model import Kind
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest, source_of
from rulebook.plan_steps import (
    FEWEST,
    STEPS,
    THOUSANDFOLD,
    canonical,
    distance,
    least,
    least_worth,
    levers,
    on_grid,
    read_by,
)
from rulebook.plan_walk import refs_of
from rulebook.wording import period_label

Reached = Callable[[Draft], bool]


def by_levers(
    remedies: Remedies, measures: Iterable[object], reached: Reached, draft: Draft, asking: Asking, *, ask: bool = True
) -> list[Way]:
    """Ways to move one figure of a measure until `reached`; of a measure that lacks figures, to ask for them."""
    found: list[Way] = []
    for measure in measures:
        lacking = lacks(measure, draft, remedies.clock)
        if lacking:
            way = tuple(remedies.ask(*each, asking) for each in lacking if not draft.asks((each[0].id, each[1])))
            found += [way] if way and ask else []
            continue
        confirmed = _confirmed(remedies, measure, draft, asking)
        filled = draft.with_edits(confirmed)
        if filled is None:
            continue
        if reached(filled):
            found.append(confirmed)
            continue
        for ref, falls in levers(measure):
            for direction in (1, -1) if falls else (1,):
                edit = _moved(remedies, ref, direction, reached, filled, asking)
                merged = merge((*confirmed, edit)) if edit is not None else None
                if merged is not None:
                    found.append(merged)
    return cheapest(found)


def _confirmed(remedies: Remedies, measure: object, draft: Draft, asking: Asking) -> Way:
    """Figures whose source does not count for the line, to be had from one that does."""
    edits = []
    for ref in read_by(measure, refs_of(measure)) if asking.only_sources else []:
        year = remedies.year_of(ref)
        held = draft.subject.facts.get((ref.fact.id, year))
        if held is not None and held.value is not None and held.source not in asking.only_sources:
            edits.append(remedies.confirmed(ref.fact, year, held.value, asking))
    return tuple(each for each in edits if each is not None)


def _moved(remedies: Remedies, ref: Ref, direction: int, reached: Reached, draft: Draft, asking: Asking) -> Edit | None:
    """The smallest step of one figure in one direction that suffices, or None."""
    fact, year = ref.fact, remedies.year_of(ref)
    key, label = (fact.id, year), period_label(ref.fact, year)
    held = draft.subject.facts.get(key)
    if held is None or held.value is None:
        return None  # of a year that the measure does not ask for
    if remedies.frozen(*key):
        remedies.block(f"{label}属于已结束的年度，不能再改变")
        return None
    if fact.elapses:
        remedies.block(f"{label}只随时间增加")
        return None
    if direction < 0 and fact.scale:
        remedies.block(f"{label}高于上限，不宜以缩减规模取得称号")
        return None
    known = next((edit for edit in draft.edits if edit.slot == ("fact", *key)), None)
    if known is not None and known.direction * direction < 0:
        return None
    effort, ready = remedies.timing(fact, year, asking)
    before = Fraction(str(held.value))
    on_file = draft.base.facts[key].value  # not what an earlier edit or a part made of it

    def at(steps: int) -> Edit:
        value = on_grid(fact, before, direction, steps)
        return Edit(
            slot=("fact", *key),
            kind=Kind.REACH,
            value=canonical(fact, value),
            effort=effort,
            ready=ready,
            condition=asking.condition,
            fact=fact,
            before=on_file,
            source=source_of(fact, asking) if asking.only_sources else held.source,
            direction=direction,
        )

    def suffices(steps: int) -> bool:
        after = draft.with_edits((at(steps),))
        return after is not None and reached(after)

    def in_a_whole_year() -> bool:
        """Whether only the time left is too short: to tell why a figure is not moved."""
        unpaced = draft.unpaced()
        steps = _farthest(fact, year, before, direction, unpaced)
        after = unpaced.with_edits((at(steps),))
        return after is not None and reached(after)

    farthest = _farthest(fact, year, before, direction, draft)
    reachable = min(farthest, _paced(fact, year, before, direction, draft, farthest))
    steps = least(suffices, reachable)
    if steps is None and draft.bounds.pace(key, draft.base.facts) is not None and in_a_whole_year():
        pace = f"{label}按 {year - 1} 年的进度，在余下的 {remedies.clock.days_left} 天里达不到所需数值"
        remedies.block(f"{pace}，须安排在下一个完整年度")
    if steps is None:
        return None
    had = Fraction(str(on_file))
    worth = steps + max(0, least_worth(fact, had) - steps_of(at(steps)))
    edit = at(worth if steps < worth <= reachable and suffices(worth) else steps)
    return remedies.edit(replace(edit, distance=distance(had, Fraction(str(edit.value)))))


def moves(edit: Edit) -> bool:
    """Whether the edit is a figure that is moved, which could be moved less far."""
    return edit.kind is Kind.REACH and edit.direction != 0 and edit.fact is not None and edit.slot[0] == "fact"


def steps_of(edit: Edit) -> int:
    """How many steps a moved figure is from what is on file."""
    assert edit.fact is not None
    before, value = Fraction(str(edit.before)), Fraction(str(edit.value))
    step = Fraction(STEPS.get(edit.fact.type, STEPS["integer"]))
    start = floor(before / step) if edit.direction > 0 else ceil(before / step)
    return abs(int(value / step) - start)


def worth_of(edit: Edit) -> int:
    """How few steps of the figure are worth planning; never more than it is moved."""
    assert edit.fact is not None
    return min(steps_of(edit), least_worth(edit.fact, Fraction(str(edit.before))))


def moved_to(edit: Edit, steps: int) -> Edit:
    """The same figure moved so many steps from what is on file."""
    assert edit.fact is not None
    before = Fraction(str(edit.before))
    value = on_grid(edit.fact, before, edit.direction, steps)
    return replace(edit, value=canonical(edit.fact, value), distance=distance(before, Fraction(value)))


def _paced(fact: Fact, year: int, before: Fraction, direction: int, draft: Draft, farthest: int) -> int:
    """Steps that the days left of the running year can bring; all there are where it is another year."""
    pace = draft.bounds.pace((fact.id, year), draft.base.facts)
    if pace is None:
        return farthest
    held = draft.base.facts[(fact.id, year)].value
    step = Fraction(STEPS[fact.type])
    end = Fraction(str(held)) + direction * max(pace, least_move(held))
    return max(0, floor(end / step) - floor(before / step) if direction > 0 else ceil(before / step) - ceil(end / step))


def _farthest(fact: Fact, year: int, before: Fraction, direction: int, draft: Draft) -> int:
    """Steps to the end of what the figure can be: its bounds, its wholes and parts, a thousandfold."""
    step = Fraction(STEPS.get(fact.type, STEPS["integer"]))
    end = before + direction * max(abs(before) * THOUSANDFOLD, step * FEWEST)
    if direction < 0:
        bottoms = draft.bounds.parts(fact, year, draft.subject.facts)
        bottoms += [Fraction(fact.minimum)] if fact.minimum is not None else [Fraction(0)] if before >= 0 else []
        end = max((end, *bottoms))
    else:
        ceiling = draft.bounds.ceiling(fact, year, draft.base.facts)
        tops = [Fraction(each) for each in (fact.maximum, ceiling) if each is not None]
        end = min((end, *tops))
    start = floor(before / step) if direction > 0 else ceil(before / step)
    last = floor(end / step) if direction > 0 else ceil(end / step)
    return max(0, direction * (last - start))
