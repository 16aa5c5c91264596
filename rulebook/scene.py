"""What one evaluation reads from, and the trace it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from rulebook.assessment import Check, Input, Missing
from rulebook.dictionary import NUMERIC, SOURCE_KINDS, Fact
from rulebook.pack import Ref
from rulebook.status import Status
from rulebook.subject import POINT, FactValue, Subject
from rulebook.wording import age, period_label, shown, shown_value

_LARGEST_EXPONENT = 40


class FactUnreadable(ValueError):
    """A stored value is not in canonical form: it should have been refused when it was recorded."""

    def __init__(self, fact_id: str, year: int, value: object) -> None:
        super().__init__(f"事实 {fact_id}（{year}）的值“{value}”格式不正确，请重新登记")
        self.fact_id, self.year, self.value = fact_id, year, value


@dataclass(slots=True)
class Trace:
    """Everything one condition looked at."""

    checks: list[Check] = field(default_factory=list)
    inputs: dict[tuple[str, int], Input] = field(default_factory=dict)
    missing: dict[tuple[str, int, str], Missing] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    undefined: bool = False

    def check(self, label: str, value: str, threshold: str, status: Status, note: str = "") -> Status:
        self.checks.append(Check(label, value or status.label, threshold, status, note))
        return status

    def miss(self, fact_id: str, label: str, year: int = POINT, kind: str = "fact") -> None:
        self.missing[(fact_id, year, label)] = Missing(fact_id, label, year, kind)

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass(frozen=True, slots=True)
class Scene:
    """One subject on one application date. `fiscal_year` is t, the last complete year before that date (A-03)."""

    subject: Subject
    application_date: date
    kind: str
    only_sources: frozenset[str] = frozenset()
    undefined: Status = Status.UNKNOWN
    """What a share without a whole comes to (A-07)."""

    @property
    def fiscal_year(self) -> int:
        return self.application_date.year - 1

    def year_of(self, ref: Ref) -> int:
        if ref.offset is None:
            return POINT
        calendar = ref.fact.year_of == "calendar"
        return self.application_date.year - (0 if calendar else 1) + ref.offset

    def read(self, ref: Ref, trace: Trace) -> object | Status:
        """The stored value, or why there is none: unknown when missing, manual review when its source may not count."""
        return self.read_fact(ref.fact, self.year_of(ref), trace)

    def read_fact(self, fact: Fact, year: int, trace: Trace) -> object | Status:
        label = period_label(fact, year)
        held = self.subject.facts.get((fact.id, year))
        if held is None or held.value is None:
            trace.miss(fact.id, label, year, "finding" if fact.type == "finding" else "fact")
            return Status.UNKNOWN
        trace.inputs[(fact.id, year)] = self._input(fact, year, label, held)
        if self.only_sources and held.source not in self.only_sources:
            accepted = "、".join(SOURCE_KINDS[kind] for kind in sorted(self.only_sources))
            own = SOURCE_KINDS.get(held.source, held.source)
            trace.note(f"{label}只认可{accepted}的数据，现为{own}，请人工核实（A-30）")
            return Status.MANUAL_REVIEW
        return held.value

    def number(self, ref: Ref, trace: Trace) -> Decimal | Status:
        value = self.read(ref, trace)
        if isinstance(value, Status):
            return value
        return exact_decimal(ref.fact.id, self.year_of(ref), value)

    def _input(self, fact: Fact, year: int, label: str, held: FactValue) -> Input:
        return Input(
            fact_id=fact.id,
            label=fact.label,
            fiscal_year=year,
            period_label=label,
            value=held.value,
            display=shown(fact, exact_decimal(fact.id, year, held.value))
            if fact.type in NUMERIC
            else shown_value(fact, held.value),
            unit=fact.unit,
            source=held.source,
            source_label=SOURCE_KINDS.get(held.source, held.source),
            as_of=held.as_of,
            recorded_at=held.recorded_at,
            age=age(held.as_of, self.application_date),
        )


def exact_decimal(fact_id: str, year: int, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise FactUnreadable(fact_id, year, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise FactUnreadable(fact_id, year, value) from None
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise FactUnreadable(fact_id, year, value)
    return number
