"""What can never be met: tests that exclude each other, titles that presuppose each other, editions that collide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import combinations, product

from rulebook.circles import ALWAYS, circles
from rulebook.expressions import shape_of
from rulebook.pack import (
    KINDS,
    PACK_TITLES,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Entries,
    Equals,
    Holds,
    Limit,
    Pack,
    Review,
    SizeIn,
    Term,
    Test,
)
from rulebook.phrases import test_phrase
from rulebook.source import Problem, Reader

MOST_BRANCHES = 256
"""A test with more alternatives is not examined: what is not shown to be impossible passes."""

_Atoms = tuple[Test, ...]


def check_contradictions(reader: Reader, pack: Pack) -> None:
    """Note every condition of a pack that cannot hold by itself, or beside another one that must hold too."""
    for condition in (*pack.gates, *pack.conditions):
        tests = [*condition.tests.values(), *([condition.applies_if] if condition.applies_if else [])]
        if any(_impossible(_branches(test)) for test in dict.fromkeys(tests)):
            _note(
                reader, condition, "自身可以满足的条件", "其中的要求互相矛盾，永远达不到，请核对数值、单位和“且/或”。"
            )
    told: set[tuple[str, str]] = set()
    for kind in pack.kinds:
        for first, second in _together(pack, kind):
            pair = (first.line.id, second.line.id)
            if pair not in told and _impossible(_joined(first.tests[kind], second.tests[kind])):
                told.add(pair)
                expected = f"能与 {first.line.id}（第 {first.line.source_line} 行）同时满足的条件"
                remedy = (
                    f"两项都必须满足（{KINDS[kind]}），但互相矛盾：{test_phrase(first.tests[kind])}。请改正其中一项。"
                )
                _note(reader, second, expected, remedy)
    if "new" in pack.kinds and (asked := _presupposing(pack, pack.title)) is not None:
        name = PACK_TITLES.get(pack.title, pack.title)
        remedy = (
            f"新申请“{name}”不能以已经持有它为前提：循环，谁也达不到。请改正称号，或只用于复核（kinds: [review]）。"
        )
        _note(reader, asked, "新申请人可以满足的条件", remedy)


def problems_together(packs: Sequence[Pack], days: Mapping[str, Term] | None = None) -> tuple[Problem, ...]:
    """What is wrong with packs side by side: two editions of one day, titles that presuppose each other in a circle.

    `days` are those on which a version serves, by its hash, where they are limited.
    """
    limited = days or {}
    return (*_collisions(packs, limited), *circles(packs, limited))


# -- tests that exclude each other --------------------------------------------------------------------------------


def _together(pack: Pack, kind: str) -> Iterator[tuple[Condition, Condition]]:
    """Pairs of conditions that must both hold whichever way is taken, or on one of the routes."""

    def binding(conditions: Iterable[Condition]) -> list[Condition]:
        return [
            each
            for each in conditions
            if each.modality == "must"
            and kind in each.tests
            and _always(each)
            and not _impossible(_branches(each.tests[kind]))  # said already, by itself
        ]

    gates = binding(pack.gates)
    seen: set[tuple[str, str]] = set()
    for route in pack.routes:
        asked = binding(each for each in pack.conditions if each.line.id in route.all_of)
        for first, second in combinations([*gates, *asked], 2):
            if (first.line.id, second.line.id) not in seen:
                seen.add((first.line.id, second.line.id))
                yield first, second


def _always(condition: Condition) -> bool:
    """A condition that may not apply excludes nothing for certain."""
    return condition.applies_if is None and condition.term is None


def _branches(test: Test) -> list[_Atoms]:
    """The alternatives of a test, each a list of what must hold together; empty when there are too many to look at."""
    match test:
        case AllOf():
            found = [_branches(each) for each in test.tests]
            if any(not each for each in found) or _count(found) > MOST_BRANCHES:
                return []
            return [tuple(atom for part in parts for atom in part) for parts in product(*found)]
        case AnyOf():
            found = [_branches(each) for each in test.tests]
            flat = [each for branches in found for each in branches]
            return flat if all(found) and len(flat) <= MOST_BRANCHES else []
        case Review():
            return _branches(test.test)
        case _:
            return [(test,)]


def _joined(first: Test, second: Test) -> list[_Atoms]:
    found = [_branches(first), _branches(second)]
    if not all(found) or _count(found) > MOST_BRANCHES:
        return []
    return [(*one, *other) for one, other in product(*found)]


def _count(found: Sequence[Sequence[_Atoms]]) -> int:
    count = 1
    for each in found:
        count *= len(each)
    return count


def _impossible(branches: Sequence[_Atoms]) -> bool:
    """Every alternative contains two tests that exclude each other."""
    return bool(branches) and all(any(_exclude(*pair) for pair in combinations(atoms, 2)) for atoms in branches)


def _exclude(first: Test, second: Test) -> bool:
    match first, second:
        case Compare(), Compare():
            return first.measure == second.measure and _disjoint(first.limit, second.limit, _whole(first))
        case Equals(), Equals():
            return first.ref == second.ref and first.value != second.value
        case SizeIn(), SizeIn():
            return not first.sizes & second.sizes
        case Holds(), Holds() if first.forbidden != second.forbidden:
            asked, refused = (second, first) if first.forbidden else (first, second)
            return set(asked.titles) <= set(refused.titles)
        case Entries(), Entries() if first.fact == second.fact and first.forbidden != second.forbidden:
            wanted, none = (second, first) if first.forbidden else (first, second)
            everything = not none.where and none.window is None
            return everything or (wanted.where, wanted.window) == (none.where, none.window)
        case _:
            return False


def _whole(test: Compare) -> bool:
    return shape_of(test.measure).type == "integer"


def _disjoint(first: Limit, second: Limit, whole: bool) -> bool:
    """No value satisfies both; between 2 and 3 there is none either where only whole numbers occur."""
    low, high = Decimal("-Infinity"), Decimal("Infinity")
    open_low = open_high = False
    for limit in (first, second):
        strict = limit.operator in ("<", ">")
        if limit.operator in (">", ">=", "=") and (limit.value, strict) > (low, open_low):
            low, open_low = limit.value, strict
        if limit.operator in ("<", "<=", "=") and (limit.value, not strict) < (high, not open_high):
            high, open_high = limit.value, strict
    if whole and low.is_finite() and high.is_finite():
        least = (
            low.to_integral_value(rounding="ROUND_FLOOR") + 1 if open_low else low.to_integral_value("ROUND_CEILING")
        )
        most = high.to_integral_value("ROUND_CEILING") - 1 if open_high else high.to_integral_value("ROUND_FLOOR")
        return least > most
    return low > high or (low == high and (open_low or open_high))


def _note(reader: Reader, condition: Condition, expected: str, remedy: str) -> None:
    line = condition.line
    reader.problem(line.source_line, f"{line.id} {line.label}", expected, remedy, "contradiction")


# -- packs side by side -------------------------------------------------------------------------------------------


def _presupposing(pack: Pack, title: str) -> Condition | None:
    """The condition by which a new application presupposes the title on every way, if there is one."""
    gates = [each for each in pack.gates if _demands(each, title)]
    if gates:
        return gates[0]
    demanding = {each.line.id: each for each in pack.conditions if _demands(each, title)}
    ways = [
        next((demanding[each] for each in route.all_of if each in demanding), None)
        or (demanding[route.any_of[0]] if route.any_of and all(each in demanding for each in route.any_of) else None)
        for route in pack.routes
    ]
    return ways[0] if ways and all(ways) else None


def _demands(condition: Condition, title: str) -> bool:
    """Nobody without the title can meet it, whatever else holds."""
    test = condition.tests.get("new")
    if condition.modality != "must" or test is None or not _always(condition):
        return False
    branches = _branches(test)
    return bool(branches) and all(
        any(isinstance(atom, Holds) and not atom.forbidden and set(atom.titles) == {title} for atom in atoms)
        for atoms in branches
    )


def _collisions(packs: Sequence[Pack], days: Mapping[str, Term]) -> Iterator[Problem]:
    """Two packs of one title, kind, first day and area: which of them applies is nowhere written (EditionsCollide)."""
    for first, second in combinations(packs, 2):
        if not days.get(first.sha256, ALWAYS).meets(days.get(second.sha256, ALWAYS)):
            continue
        if first.title != second.title or first.id == second.id or bool(first.area) != bool(second.area):
            continue
        if first.area and not any(a.startswith(b) or b.startswith(a) for a in first.area for b in second.area):
            continue
        for kind in sorted({*first.kinds} & {*second.kinds}):
            old, new = first.term(kind), second.term(kind)
            if old is not None and new is not None and old.start == new.start:
                found = f"{second.id} 自 {new.start} 施行（{KINDS[kind]}）"
                expected = f"与 {first.id}（{first.file}）不同的施行日"
                yield Problem(
                    second.file,
                    1,
                    found,
                    expected,
                    "同一称号同日施行的两个规则包无法取舍，请改正 in_force 或 area。",
                    "collision",
                )
                break
