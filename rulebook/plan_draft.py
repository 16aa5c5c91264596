"""The subject as the plan would have it: edits by what they touch, applied to a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rulebook.dictionary import NUMERIC, Fact
from rulebook.plan_bounds import Bounds
from rulebook.plan_model import Kind
from rulebook.plan_time import FactKey
from rulebook.size import SizeResult
from rulebook.subject import POINT, FactValue, Subject, Title

EFFORT_RANK = {"paperwork": 3, "months": 2, "year": 1, "years": 0}
Cost = tuple[int, int, int, int, Fraction]
"""Changes of the classes years, year, months and paperwork, then the distance: compared in that order."""

Signature = tuple[tuple[tuple[str, str, int], str], ...]
Rungs = tuple[tuple[int, int], ...]
"""Of every title asked for: how many days away it is, and how high it stands."""
Order = tuple[Cost, int, Rungs, Signature]

GRANTED = (Kind.OBTAIN, Kind.TITLE, Kind.DECIDE)
"""What others grant: an award, a recognised institution, an investor's money, another title, a finding."""

SIZE_FACTS = frozenset(("headcount", "revenue_yuan", "total_assets_yuan"))
"""What the size class is made of."""

Resize = Callable[[Mapping[FactKey, FactValue], int], SizeResult | None]
"""The size class for a fiscal year from the facts (rulebook.size)."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One elementary change. `slot` names what it touches: two edits of one slot are one change.

    `direction` is 1 for a figure that rises, −1 for one that falls, 0 otherwise. What is only `asked` for has no value:
    it stays missing in the draft, and nothing is derived from it.
    """

    slot: tuple[str, str, int]
    kind: Kind
    value: object
    effort: str
    ready: date
    condition: str
    fact: Fact | None = None
    before: object = None
    source: str = ""
    direction: int = 0
    asked: bool = False
    position: int = 0
    field_name: str = ""
    distance: Fraction = Fraction(1)
    words: str = ""
    rung: tuple[int, int] | None = None
    """Of a title: days until its own plan has it, and its place among the titles, the lower first."""

    @property
    def year(self) -> int:
        return self.slot[2]

    @property
    def work(self) -> str:
        """The effort class that it is ranked by: a figure of a fiscal year is the work of one year, however long it is
        until that year comes; of two ways to close a line on one day the wait tells nothing."""
        own_year = self.slot[0] == "fact" and self.fact is not None and self.fact.yearly
        fiscal = own_year and self.fact is not None and self.fact.year_of == "fiscal"
        return "year" if fiscal and self.effort == "years" else self.effort


@dataclass(frozen=True, slots=True)
class Draft:
    """A copy of the subject on one day, with the edits made so far."""

    base: Subject
    fiscal_year: int
    bounds: Bounds
    resize: Resize | None = None
    edits: tuple[Edit, ...] = ()
    size: SizeResult | None = None
    """The size class without any edit."""
    _made: dict[bool, Subject] = field(default_factory=dict, compare=False)

    def with_edits(self, more: Iterable[Edit]) -> Draft | None:
        """A further draft, or None when an edit contradicts another or lifts a whole beyond what it can come to."""
        merged = merge((*self.edits, *more))
        if merged is None:
            return None
        draft = replace(self, edits=merged, _made={})
        return draft if draft.consistent() else None

    def consistent(self) -> bool:
        for key, value in self.lifted().items():
            most = self.bounds.most(key, self.base.facts)
            if most is not None and Fraction(str(value)) > most:
                return False
        return True

    def unpaced(self) -> Draft:
        """As if a year could bring anything until its last day."""
        return replace(self, bounds=replace(self.bounds, paced=frozenset()), _made={})

    def asks(self, key: FactKey) -> bool:
        """Whether that figure is asked for."""
        return any(edit.asked and edit.slot == ("fact", *key) for edit in self.edits)

    def touched(self) -> set[FactKey]:
        """The facts that the edits give another value, the wholes they lift included."""
        return {edit.slot[1:] for edit in self.edits if edit.slot[0] == "fact" and not edit.asked} | set(self.lifted())

    def lifted(self) -> dict[FactKey, object]:
        """Wholes that rise because a part would exceed them; a whole may itself be part of another."""
        found: dict[FactKey, object] = {}
        rising = [
            (edit.slot[1:], edit.value)
            for edit in self.edits
            if edit.slot[0] == "fact" and not edit.asked and edit.slot[1] in self.bounds.wholes
        ]
        while rising:
            (fact_id, year), value = rising.pop()
            for whole_id in self.bounds.wholes.get(fact_id, ()):
                key = (whole_id, year)
                whole = self._stated(key)
                if whole is not None and Decimal(str(value)) > Decimal(str(found.get(key, whole))):
                    found[key] = value
                    rising.append((key, value))
        return found

    def _stated(self, key: FactKey) -> object:
        own = next((edit.value for edit in self.edits if edit.slot == ("fact", *key) and not edit.asked), None)
        held = self.base.facts.get(key)
        return own if own is not None else (held.value if held is not None else None)

    @property
    def cost(self) -> Cost:
        return cost_of(self.edits)

    @property
    def order(self) -> tuple[Cost, int, Order]:
        """Of drafts that cost the same, first the one with the fewest consequences."""
        return self.cost, len(self.lifted()), order_of(self.edits)

    @property
    def subject(self) -> Subject:
        """The subject with the edits."""
        if True not in self._made:
            self._made[True] = self._sized(self.unsized)
        return self._made[True]

    @property
    def unsized(self) -> Subject:
        """As `subject`, its size class not worked out anew."""
        if False not in self._made:
            self._made[False] = self._apply()
        return self._made[False]

    def _sized(self, changed: Subject) -> Subject:
        if any(edit.slot[0] == "size" for edit in self.edits) or self.resize is None:
            return changed
        if not {fact_id for fact_id, _ in self.touched()} & SIZE_FACTS:
            return changed
        return replace(changed, size=self.resize(changed.facts, self.fiscal_year) or changed.size)

    def _apply(self) -> Subject:
        facts = dict(self.base.facts)
        titles = self.base.titles
        size: SizeResult | None = None
        for edit in self.edits:
            what, name, year = edit.slot
            if edit.asked:
                continue
            if what in ("title", "row"):
                assert isinstance(edit.value, Title)
                titles = (*(each for each in titles or () if each.code != edit.value.code or each.state == "cancelled"),
                          edit.value)  # fmt: skip
            elif what == "ledger":
                titles = titles or ()
            elif what == "size":
                assert isinstance(edit.value, SizeResult)
                size = edit.value
            elif what == "entry":
                facts[(name, POINT)] = _with_entry(facts.get((name, POINT)), edit)
            elif what == "field":
                facts[(name.partition(".")[0], POINT)] = _with_field(facts[(name.partition(".")[0], POINT)], edit)
            else:
                held = facts.get((name, year))
                source = edit.source or (held.source if held is not None else "self_declared")
                facts[(name, year)] = FactValue(edit.value, source)
        for key, value in self.lifted().items():
            held = facts[key]
            facts[key] = FactValue(value, held.source)
        return Subject(facts, titles, size or self.size or self.base.size, self.base.ledger_complete)


def _with_entry(held: FactValue | None, edit: Edit) -> FactValue:
    entries = list(held.value) if held is not None and isinstance(held.value, list) else []
    return FactValue([*entries, edit.value], edit.source or (held.source if held is not None else "self_declared"))


def _with_field(held: FactValue, edit: Edit) -> FactValue:
    assert isinstance(held.value, list)
    entries = [dict(each) for each in held.value]
    entries[edit.position][edit.field_name] = edit.value
    return FactValue(entries, held.source)


def merge(edits: Iterable[Edit]) -> tuple[Edit, ...] | None:
    """One edit per slot: of two figures the one that satisfies both; None when they pull apart."""
    found: dict[tuple[str, str, int], Edit] = {}
    for edit in edits:
        known = found.get(edit.slot)
        if known is None:
            found[edit.slot] = edit
            continue
        both = _both(known, edit)
        if both is None:
            return None
        found[edit.slot] = both
    return tuple(found.values())


def _both(known: Edit, edit: Edit) -> Edit | None:
    """The later edit was made knowing the earlier one, except where two lines asked side by side."""
    if known.asked or edit.asked:  # one line takes any value, the other says which
        return edit if known.asked else known
    if known.value == edit.value:
        return known if known.kind is not Kind.CONFIRM else edit
    numeric = edit.fact is not None and edit.fact.type in NUMERIC and edit.slot[0] == "fact"
    if not numeric:
        return edit if edit.slot[0] in ("entry", "size") else None
    if known.direction * edit.direction < 0:
        return None
    direction = known.direction or edit.direction
    if direction == 0:
        return replace(edit, condition=known.condition)
    chosen = max if direction > 0 else min
    best = chosen((known, edit), key=lambda each: Fraction(str(each.value)))
    return replace(best, condition=known.condition, direction=direction)


def cost_of(edits: Iterable[Edit]) -> Cost:
    counts = [0, 0, 0, 0]
    distance = Fraction(0)
    for edit in edits:
        counts[EFFORT_RANK[edit.work]] += 1
        distance += edit.distance
    return (counts[0], counts[1], counts[2], counts[3], distance)


def order_of(edits: Iterable[Edit]) -> Order:
    """Cheapest first; of equals what the enterprise brings about itself comes before what somebody else must grant, and
    the title that is nearer before the one that is higher."""
    made = tuple(edits)
    rungs = tuple(sorted(edit.rung for edit in made if edit.rung is not None))
    return cost_of(made), sum(edit.kind in GRANTED for edit in made), rungs, signature(made)


def bare(draft: Draft) -> Draft:
    """The same day without any edit."""
    return replace(draft, edits=(), _made={})


def signature(edits: Iterable[Edit]) -> Signature:
    """Which change it is, whatever the order it was found in; breaks ties stably."""
    return tuple(sorted((edit.slot, str(edit.value)) for edit in edits))
