"""An enterprise that was merged or divided has no commissioner any more, in whatever order that is heard."""

from __future__ import annotations

import datetime as dt

import pytest

from contracts.events.registry import EnterpriseMerged, EnterpriseSplit, SuccessorCard
from services.notification.store.queries import unsettled
from tests.service.notification.conftest import PREFIX, Suite, card, registered, titled, updated, uscc

GONE, STAYS = uscc(1), uscc(2)
SUCCESSOR = SuccessorCard(uscc=STAYS, name="承继有限公司")
DAY = dt.date(2026, 3, 1)


def merged(version: int) -> EnterpriseMerged:
    return EnterpriseMerged(
        uscc=GONE,
        version=version,
        successor=SUCCESSOR,
        effective_on=DAY,
        document="登记通知书",
        enterprise=card(GONE).model_copy(update={"status": "deregistered"}),
    )


def split(version: int, *, continues: bool) -> EnterpriseSplit:
    return EnterpriseSplit(
        uscc=GONE,
        version=version,
        successors=(SUCCESSOR,),
        continues=continues,
        effective_on=DAY,
        document="登记通知书",
        enterprise=card(GONE),
    )


def test_the_commissioner_of_a_merged_enterprise_is_free_and_its_successor_keeps_its_own(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.tell(registered(GONE))
    suite.tell(registered(STAYS))
    suite.tell(merged(2))
    assert suite.holders() == {STAYS: "yongqiao"}
    assert suite.loads() == {"yongqiao": 1}
    suite.commissioner("helper", "341302")  # settles everybody again
    assert GONE not in suite.holders()
    with suite.db.reading() as tx:
        assert unsettled(tx, "", 10) == [], "the sweep has nothing to come back for"
    coverage = suite.http.get(f"{PREFIX}/coverage", headers=suite.officer()).json()
    assert (coverage["enterprises"], coverage["unassigned"]) == (1, 0)
    by_hand = {"uscc": GONE, "commissioner": "yongqiao", "reason": "误派"}
    answer = suite.http.post(f"{PREFIX}/assignments", json=by_hand, headers=suite.officer())
    assert (answer.status_code, answer.json()["code"]) == (409, "enterprise-ended")
    past = suite.http.get(f"{PREFIX}/assignments", params={"uscc": GONE, "state": "all"}, headers=suite.officer())
    assert past.status_code == 200


@pytest.mark.parametrize("late", [False, True])
def test_the_end_holds_whatever_is_heard_after_it(suite: Suite, late: bool) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.tell(registered(GONE))
    told = [updated(GONE, version=2, name="改名有限公司"), merged(3), titled(GONE, version=4)]
    for event in reversed(told) if late else told:
        suite.tell(event)
    assert suite.holders() == {}


def test_a_divided_enterprise_that_goes_on_keeps_its_commissioner(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.tell(registered(GONE))
    suite.tell(split(2, continues=True))
    assert suite.holders() == {GONE: "yongqiao"}
    suite.tell(split(3, continues=False))
    assert suite.holders() == {}
