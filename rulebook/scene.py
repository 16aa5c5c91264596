"""What one evaluation reads from, and the trace it leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from rulebook.assessment import Check, Input, Missing
from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.pack import Ref
from rulebook.status import MANUAL_REVIEW, UNKNOWN, Status
from rulebook.subject import POINT, FactValue, Subject
from rulebook.wording import age, period_label, shown, shown_value

_LARGEST_EXPONENT = 40


class FactUnreadable(ValueError):
    """A stored value is not in canonical form: it should have been refused when it was recorded."""

    def __init__(self, fact_id: str, year: int, value: object) -> None:
        super().__init__(f"事实 {fact_id}（{year}）的值“{value}”格式不正确，请重新登记")
        self.fact_id, self.year, self.value = fact_id, year, value


Words = Callable[[], tuple[str, str, str]]
"""Label, value and threshold of a comparison."""


class Trace:
    """Everything one condition looked at: values, comparisons and gaps as they were, put into words when asked."""

    __slots__ = ("_checks", "_missing", "_notes", "_scene", "reads", "undefined")

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._checks: list[tuple[Words, Status, str]] = []
        self.reads: dict[tuple[str, int], tuple[Fact, FactValue]] = {}
        self._missing: list[tuple[str, str | Fact, int, str]] | None = None
        self._notes: list[str] | None = None
        self.undefined = False

    def check(self, status: Status, words: Words, note: str = "") -> Status:
        self._checks.append((words, status, note))
        return status

    def miss(self, fact_id: str, label: str | Fact, year: int = POINT, kind: str = "fact") -> None:
        """Something is not there; a fact given as its own label is named with the year."""
        if self._missing is None:
            self._missing = []
        self._missing.append((fact_id, label, year, kind))

    def note(self, text: str) -> None:
        if self._notes is None:
            self._notes = []
        if text not in self._notes:
            self._notes.append(text)

    @property
    def notes(self) -> Sequence[str]:
        return self._notes or ()

    def checks(self) -> tuple[Check, ...]:
        found = []
        for words, status, note in self._checks:
            label, value, threshold = words()
            found.append(Check(label, value or status.label, threshold, status, note))
        return tuple(found)

    @property
    def checked(self) -> int:
        """How many comparisons there are so far."""
        return len(self._checks)

    def checks_so_far(self, since: int = 0) -> Callable[[], tuple[Check, ...]]:
        count = len(self._checks)
        return lambda: self.checks()[since:count]

    def inputs(self) -> tuple[Input, ...]:
        day = self._scene.application_date
        return tuple(_input(fact, year, held, day) for (_, year), (fact, held) in self.reads.items())

    def missing(self) -> tuple[Missing, ...]:
        found: dict[tuple[str, int, str], Missing] = {}
        for fact_id, name, year, kind in self._missing or ():
            label = name if isinstance(name, str) else period_label(name, year)
            found[(fact_id, year, label)] = Missing(fact_id, label, year, kind)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Scene:
    """One subject on one application date. `fiscal_year` is t, the last complete year before that date (A-03)."""

    subject: Subject
    application_date: date
    kind: str
    only_sources: frozenset[str] = frozenset()
    undefined: Status = UNKNOWN
    """What a share without a whole comes to (A-07)."""

    @property
    def fiscal_year(self) -> int:
        return self.application_date.year - 1

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        year = self.application_date.year + ref.offset
        return year if ref.fact.year_of == "calendar" else year - 1

    def read(self, ref: Ref, trace: Trace) -> object | Status:
        """The stored value, or why there is none: unknown when missing, manual review when its source may not count."""
        return self.read_fact(ref.fact, self.year_of(ref), trace)

    def read_fact(self, fact: Fact, year: int, trace: Trace) -> object | Status:
        key = (fact.id, year)
        held = self.subject.facts.get(key)
        if held is None or held.value is None:
            trace.miss(fact.id, fact, year, "finding" if fact.type == "finding" else "fact")
            return UNKNOWN
        trace.reads[key] = (fact, held)
        if self.only_sources and held.source not in self.only_sources:
            if fact.type in NUMERIC:
                exact_decimal(fact.id, year, held.value)  # unreadable is unreadable, whoever said it
            accepted = "、".join(SOURCE_KINDS[kind] for kind in sorted(self.only_sources))
            own = SOURCE_KINDS.get(held.source, held.source)
            trace.note(f"{period_label(fact, year)}只认可{accepted}的数据，现为{own}，请人工核实（A-30）")
            return MANUAL_REVIEW
        return held.value

    def number(self, ref: Ref, trace: Trace) -> Decimal | Status:
        fact, year = ref.fact, self.year_of(ref)
        value = self.read_fact(fact, year, trace)
        return value if type(value) is Status else exact_decimal(fact.id, year, value)


def _input(fact: Fact, year: int, held: FactValue, day: date) -> Input:
    return Input(
        fact_id=fact.id,
        label=fact.label,
        fiscal_year=year,
        period_label=period_label(fact, year),
        value=held.value,
        display=shown(fact, exact_decimal(fact.id, year, held.value))
        if fact.type in NUMERIC
        else shown_value(fact, held.value),
        unit=fact.unit,
        source=held.source,
        source_label=SOURCE_KINDS.get(held.source, held.source),
        as_of=held.as_of,
        recorded_at=held.recorded_at,
        age=age(held.as_of, day),
    )


def exact_decimal(fact_id: str, year: int, value: object) -> Decimal:
    if type(value) is not str and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise FactUnreadable(fact_id, year, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise FactUnreadable(fact_id, year, value) from None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise FactUnreadable(fact_id, year, value)
    return number
