"""Titles that presuppose each other: looked at day by day, by the editions that serve side by side on that day."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from rulebook.editions import EditionsCollide, find_pack
from rulebook.pack import PACK_TITLES, AllOf, AnyOf, Condition, Holds, Pack, Review, Term, Test
from rulebook.source import Problem

ALWAYS = Term(date.min)


class Barrier(NamedTuple):
    """What keeps every new applicant out: the pack's condition, and the titles any of which it asks for."""

    pack: Pack
    condition: Condition
    titles: tuple[str, ...]

    def told(self) -> str:
        line, asked = self.condition.line, "或".join(f"“{_name(each)}”" for each in self.titles)
        place = f"{self.pack.id}，{self.pack.file} 第 {line.source_line} 行 {line.id} {line.label}"
        return f"“{_name(self.pack.title)}”（{place}）要求先有{asked}"


def circles(packs: Sequence[Pack], days: Mapping[str, Term]) -> Iterator[Problem]:
    """Titles that nobody can be granted for the first time on some day, because each asks for another one of them.

    On each day and in each area the edition that judges new applications counts for its title (find_pack): one that
    has ended, or that another has followed, opens no way in. `days` are those on which a version serves, by its hash;
    one that is not named serves always. A title without an edition is held by some already. What an alternative
    leaves open is open. The problem stands at the pack that comes last in `packs`.
    """
    asking = [pack for pack in packs if any(_asks(each) for each in (*pack.gates, *pack.conditions))]
    if not asking:
        return
    order = {pack.sha256: number for number, pack in enumerate(packs)}
    told: set[frozenset[tuple[str, str]]] = set()
    for day in _turning_days(packs, days):
        serving = [pack for pack in packs if days.get(pack.sha256, ALWAYS).covers(day)]
        for district in _districts(serving):
            chosen = _judging(serving, day, district)
            for circle in _closed(chosen, day):
                lines = frozenset((each.pack.sha256, each.condition.line.id) for each in circle)
                if lines not in told:
                    told.add(lines)
                    last = max(range(len(circle)), key=lambda place: order[circle[place].pack.sha256])
                    yield _problem([*circle[last:], *circle[:last]], day)


def _problem(circle: Sequence[Barrier], day: date) -> Problem:
    names = " → ".join(_name(each.pack.title) for each in (*circle, circle[0]))
    at = circle[0]
    line = at.condition.line
    return Problem(
        at.pack.file,
        line.source_line,
        f"{line.id} {line.label}",
        "不回到自身的前提关系",
        f"称号互为前提：{names}，{day} 的新申请人谁也无法首次取得。{'；'.join(each.told() for each in circle)}。"
        "请改正其中一个规则包的 holds：不再要求该称号、写明另一个可以先取得的称号，或只用于复核（kinds: [review]）；"
        "前后两版不应同时施行的，请改正 in_force。",
        "cycle",
    )


def _turning_days(packs: Sequence[Pack], days: Mapping[str, Term]) -> list[date]:
    """The days on which something begins or has ended; between them nothing changes."""
    terms = [term for pack in packs if (term := pack.term("new")) is not None]
    terms += [days[pack.sha256] for pack in packs if pack.sha256 in days]
    terms += [each.term for pack in packs for each in (*pack.gates, *pack.conditions) if each.term is not None]
    found = {each.start for each in terms}
    found.update(each.end + timedelta(days=1) for each in terms if each.end is not None and each.end < date.max)
    return sorted(found)


def _districts(packs: Sequence[Pack]) -> list[str | None]:
    """One enterprise of every area that a pack knows, and one that lies in none of them."""
    return [None, *sorted({prefix for pack in packs for prefix in pack.area})]


def _judging(packs: Sequence[Pack], day: date, district: str | None) -> dict[str, Pack]:
    """Title → the edition that judges a new application; two of one day are refused as that."""
    chosen: dict[str, Pack] = {}
    for title in sorted({pack.title for pack in packs}):
        try:
            pack = find_pack(packs, title, "new", day, district)
        except EditionsCollide:
            continue
        if pack is not None:
            chosen[title] = pack
    return chosen


def _closed(chosen: Mapping[str, Pack], day: date) -> Iterator[list[Barrier]]:
    """Every circle among the titles that nobody can enter."""
    closed = set(chosen)
    while entered := {title for title in closed if _barrier(chosen[title], closed, day) is None}:
        closed -= entered
    told: set[str] = set()
    for title in sorted(closed):
        path: list[Barrier] = []
        while title not in told:
            told.add(title)
            barrier = _barrier(chosen[title], closed, day)
            assert barrier is not None  # it is closed
            path.append(barrier)
            title = next((each for each in barrier.titles if each != title), title)
        begun = next((number for number, each in enumerate(path) if each.pack.title == title), None)
        if begun is not None:
            yield path[begun:]


def _barrier(pack: Pack, closed: Collection[str], day: date) -> Barrier | None:
    """What keeps everybody out while nobody holds a title of `closed`: a gate, or one condition of the first route."""
    for gate in pack.gates:
        if (titles := _refused(gate, closed, day)) is not None:
            return Barrier(pack, gate, titles)
    known = {each.line.id: each for each in pack.conditions}
    first: Barrier | None = None
    for route in pack.routes:
        found = [(known[each], _refused(known[each], closed, day)) for each in route.all_of]
        choice = [(known[each], _refused(known[each], closed, day)) for each in route.any_of]
        if choice and all(titles is not None for _, titles in choice):
            found.append(choice[0])
        barriers = [Barrier(pack, condition, titles) for condition, titles in found if titles is not None]
        if not barriers:
            return None
        first = first or barriers[0]
    return first


def _refused(condition: Condition, closed: Collection[str], day: date) -> tuple[str, ...] | None:
    """The titles for want of which nobody meets the condition; None where somebody may."""
    test = condition.tests.get("new")
    if test is None or condition.modality != "must" or condition.applies_if is not None:
        return None
    if condition.term is not None and not condition.term.covers(day):
        return None
    return _wanting(test, closed)


def _wanting(test: Test, closed: Collection[str]) -> tuple[str, ...] | None:
    match test:
        case Holds(forbidden=False):
            return test.titles if all(each in closed for each in test.titles) else None
        case AllOf():
            return next((found for each in test.tests if (found := _wanting(each, closed)) is not None), None)
        case AnyOf():
            offered = [_wanting(each, closed) for each in test.tests]
            titles = dict.fromkeys(title for each in offered for title in each or ())
            return None if None in offered else tuple(titles)
        case Review():
            return _wanting(test.test, closed)
        case _:
            return None


def _asks(condition: Condition) -> bool:
    test = condition.tests.get("new")
    return test is not None and _wanting(test, PACK_TITLES) is not None


def _name(title: str) -> str:
    return PACK_TITLES.get(title, title)
