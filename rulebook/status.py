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


_LABELS = {
    Status.MET: "符合",
    Status.UNMET: "不符合",
    Status.UNKNOWN: "资料不足",
    Status.MANUAL_REVIEW: "需人工核定",
    Status.NOT_APPLICABLE: "不适用",
}
_VERDICTS = {
    Verdict.ELIGIBLE: "测算符合条件",
    Verdict.NOT_ELIGIBLE: "测算不符合条件",
    Verdict.UNKNOWN: "资料不足，暂不能判断",
    Verdict.MANUAL_REVIEW: "需人工核定",
}
_AND = (Status.UNMET, Status.UNKNOWN, Status.MANUAL_REVIEW, Status.MET)
_OR = (Status.MET, Status.UNKNOWN, Status.MANUAL_REVIEW, Status.UNMET)
_INVERSE = {Status.MET: Status.UNMET, Status.UNMET: Status.MET}
_OF_VERDICT = {
    Status.MET: Verdict.ELIGIBLE,
    Status.UNMET: Verdict.NOT_ELIGIBLE,
    Status.UNKNOWN: Verdict.UNKNOWN,
    Status.MANUAL_REVIEW: Verdict.MANUAL_REVIEW,
    Status.NOT_APPLICABLE: Verdict.ELIGIBLE,
}


def all_of(statuses: Iterable[Status]) -> Status:
    """AND: unmet > unknown > manual review > met; what is not applicable does not count; nothing asked is met."""
    found = set(statuses)
    return next((status for status in _AND if status in found), Status.MET)


def any_of(statuses: Iterable[Status]) -> Status:
    """OR: met > unknown > manual review > unmet; what is not applicable does not count; nothing offered is unmet."""
    found = set(statuses)
    return next((status for status in _OR if status in found), Status.UNMET)


def opposite(status: Status) -> Status:
    return _INVERSE.get(status, status)


def verdict_of(status: Status) -> Verdict:
    return _OF_VERDICT[status]
