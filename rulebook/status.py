"""The logic of conditions: met, unmet, unknown, manual review (A-36); missing is never false."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Status(StrEnum):
    MET = "met"
    UNMET = "unmet"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> str:
        return _LABELS[self]


class Verdict(StrEnum):
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    UNKNOWN = "unknown"
    MANUAL_REVIEW = "manual_review"

    @property
    def label(self) -> str:
        return _VERDICTS[self]


MET, UNMET, UNKNOWN = Status.MET, Status.UNMET, Status.UNKNOWN
MANUAL_REVIEW, NOT_APPLICABLE = Status.MANUAL_REVIEW, Status.NOT_APPLICABLE
"""The members again as plain names: Python 3.11 looks a member up in ten times the time of a name, and an evaluation
asks for some two hundred of them."""

_LABELS = {
    MET: "符合",
    UNMET: "不符合",
    UNKNOWN: "资料不足",
    MANUAL_REVIEW: "需人工核定",
    NOT_APPLICABLE: "不适用",
}
_VERDICTS = {
    Verdict.ELIGIBLE: "测算符合条件",
    Verdict.NOT_ELIGIBLE: "测算不符合条件",
    Verdict.UNKNOWN: "资料不足，暂不能判断",
    Verdict.MANUAL_REVIEW: "需人工核定",
}
_OF_VERDICT: dict[str, Verdict] = {
    MET._value_: Verdict.ELIGIBLE,
    UNMET._value_: Verdict.NOT_ELIGIBLE,
    UNKNOWN._value_: Verdict.UNKNOWN,
    MANUAL_REVIEW._value_: Verdict.MANUAL_REVIEW,
    NOT_APPLICABLE._value_: Verdict.ELIGIBLE,
}
"""By the plain text: a member of an enum is hashed in Python."""


def all_of(statuses: Iterable[Status]) -> Status:
    """AND: unmet > unknown > manual review > met; what is not applicable does not count; nothing asked is met."""
    found = MET
    for status in statuses:
        if status is not MET:
            found = both(found, status)
    return found


def both(found: Status, status: Status) -> Status:
    if found is MET:
        return MET if status is NOT_APPLICABLE else status
    if status is UNMET or (status is UNKNOWN and found is MANUAL_REVIEW):
        return status
    return found


def any_of(statuses: Iterable[Status]) -> Status:
    """OR: met > unknown > manual review > unmet; what is not applicable does not count; nothing offered is unmet."""
    found = UNMET
    for status in statuses:
        if status is not UNMET:
            found = either(found, status)
    return found


def either(found: Status, status: Status) -> Status:
    if found is UNMET:
        return UNMET if status is NOT_APPLICABLE else status
    if status is MET or (status is UNKNOWN and found is MANUAL_REVIEW):
        return status
    return found


def opposite(status: Status) -> Status:
    if status is MET:
        return UNMET
    return MET if status is UNMET else status


def verdict_of(status: Status) -> Verdict:
    return _OF_VERDICT[status._value_]
