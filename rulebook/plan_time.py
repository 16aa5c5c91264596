"""When a plan can apply, and what the years until then look like.

Application year Y judges fiscal year t = Y − 1. Seen from the day the plan is made, a fiscal year that has ended is
history and a fiscal year that has not ended is a target. A plan for a later year therefore shifts the year columns:
what was t becomes t−1, and the new t starts from the last known figures, unchanged (the plan says so).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from rulebook.dictionary import Fact
from rulebook.pack import Compare, Condition, DaysSince, Entries, Holds, NoBan, Pack, Term
from rulebook.plan_model import Opportunity, Window
from rulebook.plan_walk import leaves_of, tests_of
from rulebook.subject import POINT, FactValue, Subject
from rulebook.units import plain_decimal

LEAD_DAYS = {"paperwork": 0, "months": 92, "year": 366, "years": 731}
"""How long a change of each effort class takes. A planning assumption of ours, no rule: shown with every change."""

YEARS_AHEAD = 4
"""t, t−1 and t−2 all lie in the future after three years, and no window of the law reaches back further."""

FactKey = tuple[str, int]


def harder(*efforts: str) -> str:
    """The hardest of the classes; nothing and paperwork are the easiest."""
    return max(efforts, key=lambda each: (list(LEAD_DAYS).index(each) + 1) if each else 0, default="")


def effort_until(ready: date, as_of: date) -> str:
    """The class of what can be complete on that day and not before."""
    days = (ready - as_of).days
    return next((effort for effort in ("months", "year") if days <= LEAD_DAYS[effort]), "years")


@dataclass(frozen=True, slots=True)
class Clock:
    """The day the plan is made, and the day on which it would apply."""

    as_of: date
    day: date

    def history(self, fact: Fact | None, year: int) -> bool:
        """Whether that year has ended: what is recorded for it can no longer be changed."""
        return year != POINT and year < self.as_of.year

    def running(self, year: int) -> bool:
        return year == self.as_of.year

    def last_known(self, fact: Fact, year: int) -> int:
        """The year to ask for: that year if it has come, else the last one that has, which is carried forward."""
        return min(year, self.as_of.year - (fact.year_of != "calendar"))

    @property
    def days_left(self) -> int:
        """Of the running year, today not counted."""
        return (date(self.as_of.year, 12, 31) - self.as_of).days

    @property
    def share_left(self) -> Fraction:
        """What a year can still bring at the pace of the year before. A planning assumption of ours, no rule."""
        return Fraction(self.days_left, date(self.as_of.year, 12, 31).timetuple().tm_yday)


def opportunities(
    pack: Pack, subject: Subject, *, as_of: date, application_date: date, kind: str, windows: Sequence[Window]
) -> list[Opportunity]:
    """The days to try, in order: the first and the last day of every window, or of every application year.

    Days on which the edition has ended are among them: what follows usually asks for much the same, and the plan says
    that it was made with this one (plan_assumptions.ending).
    """
    known = sorted(
        (each for each in windows if each.title == pack.title and each.closes >= application_date),
        key=lambda each: (each.opens, each.closes),
    )
    found: list[Opportunity] = []
    for window in known:
        label = window.label or f"{window.opens.year} 年申报窗口（{window.opens} 至 {window.closes}）"
        found += [Opportunity(day, label, window) for day in _both(max(window.opens, application_date), window.closes)]
    last = as_of.year + YEARS_AHEAD
    if known:
        opens, closes = known[-1].opens, known[-1].closes
        for ahead in range(1, last - closes.year + 1):
            label = f"{closes.year + ahead} 年申报（窗口以当年通知为准）"
            both = _both(_shifted(opens, ahead), _shifted(closes, ahead))
            found += [Opportunity(day, label) for day in both]
    else:
        days = {application_date, *_waits(pack, subject, kind)}
        for year in range(application_date.year, last + 1):
            days |= {_shifted(application_date, year - application_date.year), date(year, 12, 31)}
        found = [Opportunity(day, f"{day.year} 年申报") for day in sorted(days) if application_date <= day]
    term = pack.term(kind)
    return [each for each in found if term is not None and term.start <= each.day and each.day.year <= last]


def _both(first: date, last: date) -> list[date]:
    return [first] if first == last else [first, last]


def _shifted(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def _waits(pack: Pack, subject: Subject, kind: str) -> Iterator[date]:
    """Days on which something that bars the enterprise is over: an accident, a ban, a title that excludes."""
    for test in (leaf for each in tests_of(pack, kind) for leaf in leaves_of(each)):
        if isinstance(test, Entries) and test.forbidden and test.window is not None:
            held = subject.facts.get((test.fact.id, POINT))
            entries = held.value if held is not None and isinstance(held.value, list) else []
            for entry in entries:
                if isinstance(entry, Mapping) and entry.get(test.window.field.name):
                    happened = date.fromisoformat(str(entry[test.window.field.name]))
                    if test.window.rolling_days:
                        yield happened + timedelta(days=test.window.rolling_days)
                    elif test.window.calendar_years:
                        yield date(happened.year + test.window.calendar_years, 1, 1)
        elif isinstance(test, Compare) and isinstance(test.measure, DaysSince):
            held = subject.facts.get((test.measure.fact.id, POINT))
            if held is not None and held.value is not None:
                yield date.fromisoformat(str(held.value)) + timedelta(days=int(test.limit.value))
        elif isinstance(test, NoBan):
            for title in subject.titles or ():
                if title.state == "cancelled" and title.cancelled_on is not None and title.code in test.titles:
                    yield _shifted(title.cancelled_on, test.years)
        elif isinstance(test, Holds) and test.forbidden:
            for title in subject.titles or ():
                if title.code in test.titles and title.valid_to is not None:
                    yield title.valid_to + timedelta(days=1)


def standing(pack: Pack, day: date) -> Pack:
    """The pack as later years may ask it: what this year's notice demands is taken to be demanded again.

    A notice of one year runs out; that alone satisfies nobody, since the next year's notice usually repeats it.
    """

    def again(condition: Condition) -> Condition:
        term = condition.term
        return condition if term is None or not _passing(condition, day) else replace(condition, term=Term(term.start))

    if not any(_passing(each, day) for each in (*pack.gates, *pack.conditions)):
        return pack
    gates, conditions = (tuple(again(each) for each in lines) for lines in (pack.gates, pack.conditions))
    return replace(pack, gates=gates, conditions=conditions)


def run_out(pack: Pack, kind: str, day: date, later: date) -> list[Condition]:
    """Binding lines of a notice that is in force on `day` and has ended on the `later` one."""
    return [
        each
        for each in (*pack.gates, *pack.conditions)
        if kind in each.tests and _passing(each, day) and each.term is not None and not each.term.covers(later)
    ]


def _passing(condition: Condition, day: date) -> bool:
    term = condition.term
    return condition.modality == "must" and term is not None and term.end is not None and term.covers(day)


def project(
    facts: Mapping[FactKey, FactValue], known: Mapping[str, Fact], clock: Clock
) -> tuple[dict[FactKey, FactValue], frozenset[FactKey]]:
    """The facts as they would stand on that day if nothing changed, and which of them are assumed.

    A fiscal year that has not ended takes the figures of the year before; what counts elapsed years grows by one.
    """
    projected = dict(facts)
    assumed: set[FactKey] = set()
    for fact_id in sorted({fact_id for fact_id, year in facts if year != POINT}):
        fact = known.get(fact_id)
        calendar = fact is not None and fact.year_of == "calendar"
        first, last = (clock.as_of.year + 1, clock.day.year) if calendar else (clock.as_of.year, clock.day.year - 1)
        for year in range(first, last + 1):
            before = projected.get((fact_id, year - 1))
            if (fact_id, year) in projected or before is None or before.value is None:
                continue
            value = before.value
            if fact is not None and fact.elapses:
                value = _one_more(value)
            projected[(fact_id, year)] = FactValue(value, before.source)
            assumed.add((fact_id, year))
    return projected, frozenset(assumed)


def _one_more(value: object) -> object:
    if isinstance(value, int):
        return value + 1
    return plain_decimal(Decimal(str(value)) + 1)


def seasons(found: Iterable[Opportunity]) -> list[list[Opportunity]]:
    """The opportunities of one window, or of one application year, together and in order."""
    grouped: dict[tuple[str, int], list[Opportunity]] = {}
    for each in found:
        grouped.setdefault((each.label, each.day.year), []).append(each)
    return list(grouped.values())
