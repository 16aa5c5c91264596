"""After a commissioner came, went or changed areas: no enterprise stays with the wrong one or without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.db import Transaction
from chassis.jobs import Progress, Work, enqueue
from services.notification.store.queries import unsettled
from services.notification.store.repositories import Assignments, Enterprises
from services.notification.use_cases.settle_assignment import settle_assignment

JOB = "settle-coverage"


def request_settling(tx: Transaction, after: str = "") -> None:
    """Queue the next step, for enterprises whose code follows `after`."""
    enqueue(tx, JOB, {"after": after})


def settle_coverage(tx: Transaction, after: str, limit: int) -> int:
    """Settle up to `limit` enterprises and queue the next step when there may be more; how many were settled."""
    Assignments(tx).lock()
    codes = unsettled(tx, after, limit)
    enterprises = Enterprises(tx)
    for code in codes:
        settle_assignment(tx, enterprises.get_or_add_for_update(code), cause="rebalanced")
    if len(codes) == limit:
        request_settling(tx, codes[-1])
    return len(codes)


def settle_job(limit: int) -> Work:
    """The job's work, in steps of `limit` enterprises so that others wait for the lock only briefly."""

    def work(tx: Transaction, payload: Mapping[str, Any], progress: Progress) -> Mapping[str, Any]:
        return {"settled": settle_coverage(tx, str(payload["after"]), limit)}

    return work
