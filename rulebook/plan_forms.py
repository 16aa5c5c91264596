"""Every form of test and how it is closed. An architecture test holds the table against the model of the pack."""

from __future__ import annotations

from fractions import Fraction

from rulebook.pack import (
    AllOf,
    AnyOf,
    Compare,
    CompareTotal,
    DaysSince,
    Entries,
    Equals,
    Found,
    Holds,
    InPlan,
    LeftOpen,
    NoBan,
    Review,
    SizeIn,
    Test,
)
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_entries import close_entries, close_total
from rulebook.plan_model import Kind
from rulebook.plan_remedies import Asking, Form, Remedies, Way, cheapest, source_of
from rulebook.plan_states import close_ban, close_equals, close_found, close_size, close_titles
from rulebook.status import Status
from rulebook.subject import POINT


def close_all(remedies: Remedies, test: AllOf, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    return remedies.together(((each, asking) for each in test.tests), draft)


def close_any(remedies: Remedies, test: AnyOf, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    return cheapest(way for each in test.tests for way in remedies.ways(each, draft, asking))


def close_review(remedies: Remedies, test: Review, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    return remedies.ways(test.test, draft, asking)


def close_figure(remedies: Remedies, test: Compare, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    if isinstance(test.measure, DaysSince):
        return _days(remedies, test, test.measure, draft, asking)

    def reached(after: Draft) -> bool:
        return remedies.status(test, after, asking) is Status.MET

    return remedies.by_levers([test.measure], reached, draft, asking)


def _days(remedies: Remedies, test: Compare, days: DaysSince, draft: Draft, asking: Asking) -> list[Way]:
    """A date that is missing is supplied; one that is known only moves away with time."""
    if remedies.held(days.fact, POINT, draft) is not None:
        remedies.block(f"{days.fact.label}至申报日尚不满 {test.limit.written}")
        return []
    wanted = f"至申报日{test.limit.text}"
    edit = Edit(
        slot=("fact", days.fact.id, POINT),
        kind=Kind.SUPPLY,
        value=remedies.day_before(test.limit.value).isoformat(),
        effort="paperwork",
        ready=remedies.clock.as_of,
        condition=asking.condition,
        fact=days.fact,
        source=source_of(days.fact, asking),
        supplied=True,
        distance=Fraction(0),
        words=wanted,
    )
    after = draft.with_edits((edit,))
    fits = after is not None and remedies.status(test, after, asking) is Status.MET
    return [(edit,)] if fits else []


def left_to_people(remedies: Remedies, test: Test, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    """Nothing that an enterprise does decides it: 需人工判断."""
    return [()]


FORMS: dict[type, Form] = {
    AllOf: close_all,
    AnyOf: close_any,
    Review: close_review,
    Compare: close_figure,
    CompareTotal: close_total,
    Equals: close_equals,
    Entries: close_entries,
    Holds: close_titles,
    NoBan: close_ban,
    SizeIn: close_size,
    Found: close_found,
    LeftOpen: left_to_people,
    InPlan: left_to_people,
}
