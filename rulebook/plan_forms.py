"""Every form of test and how it is closed. An architecture test holds the table against the model of the pack."""

from __future__ import annotations

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
from rulebook.plan_draft import Draft
from rulebook.plan_entries import close_entries, close_total
from rulebook.plan_figures import by_levers
from rulebook.plan_remedies import Asking, Form, Remedies, Way, cheapest
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
    measure = test.measure
    if isinstance(measure, DaysSince) and remedies.held(measure.fact, POINT, draft) is not None:
        remedies.block(f"{measure.fact.label}至申报日尚不满 {test.limit.written}")  # a date only moves away with time
        return []

    def reached(after: Draft) -> bool:
        return remedies.status(test, after, asking) is Status.MET

    return by_levers(remedies, [measure], reached, draft, asking)


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
