"""Exactly one commissioner per enterprise, the loads balanced, nobody forgotten."""

import threading
from decimal import Decimal

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from chassis import clock, ids
from chassis.plumbing import AuditRow, OutboxRow
from services.notification.handlers import cover_enterprise
from services.notification.store.tables import AssignmentRow, CommissionerRow
from services.notification.use_cases.change_commissioner import change_commissioner
from services.notification.use_cases.register_commissioner import register_commissioner
from services.notification.worker import schedules
from tests.service.notification.conftest import Suite, assessed, registered, titled, updated, uscc


def change(suite: Suite, code: str, **wanted: object) -> int:
    with suite.db.transaction() as tx:
        change_commissioner(tx, code, wanted)
    return suite.run_jobs()


def announced(suite: Suite) -> list[dict[str, object]]:
    with suite.db.reading() as tx:
        return [row.payload for row in tx.session.scalars(select(OutboxRow).order_by(OutboxRow.id))]


def test_an_enterprise_gets_the_commissioner_of_its_district_and_it_is_announced(suite: Suite) -> None:
    suite.commissioner("city", "3413")
    suite.commissioner("yongqiao", "341302")
    suite.tell(registered(uscc(1)))
    suite.tell(registered(uscc(2), "341321"))
    assert suite.holders() == {uscc(1): "yongqiao", uscc(2): "city"}
    first, second = announced(suite)
    assert (first["uscc"], first["reason"], first["previous_commissioner_id"]) == (uscc(1), "registered", None)
    assert first["commissioner_id"] != second["commissioner_id"]
    assert "专员" not in str([first, second])


def test_eight_threads_registering_at_once_balance_by_weight(suite: Suite) -> None:
    weights = {"a": Decimal(1), "b": Decimal(1), "c": Decimal("0.5"), "d": Decimal(2)}
    for code, weight in weights.items():
        suite.commissioner(code, "341302", weight=str(weight))
    start = threading.Barrier(8)
    failures: list[BaseException] = []

    def register(part: int) -> None:
        start.wait()
        try:
            for number in range(part, 200, 8):
                suite.tell(registered(uscc(number)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=register, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    loads = suite.loads()
    assert sum(loads.values()) == 200
    for code, load in loads.items():
        for other, lighter in loads.items():
            assert (load - 1) / weights[code] <= lighter / weights[other]
    assert abs(loads["a"] - loads["b"]) <= 1


def test_commissioners_coming_and_going_while_enterprises_arrive_leave_no_gap(suite: Suite) -> None:
    """Registration, arrival, departure and jobs at the same time: at the end everybody has one who may have them."""
    failures: list[BaseException] = []
    done = threading.Event()

    def guarded(work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            failures.append(error)

    def arrive(part: int) -> None:
        for number in range(part, 90, 3):
            suite.tell(assessed(uscc(number)))
            suite.tell(registered(uscc(number), "341302" if number % 2 else "341321"))

    def staff() -> None:
        for number in range(6):
            with suite.db.transaction() as tx:
                register_commissioner(tx, code=f"c{number}", display_name="专员", areas=["3413"], weight=Decimal(1))
            if number >= 2:
                with suite.db.transaction() as tx:
                    change_commissioner(tx, f"c{number - 2}", {"active": False})

    def settle() -> None:
        while not done.is_set():
            suite.run_jobs()

    working = [threading.Thread(target=guarded, args=(lambda part=part: arrive(part),)) for part in range(3)]
    working.append(threading.Thread(target=guarded, args=(staff,)))
    settling = threading.Thread(target=guarded, args=(settle,))
    for thread in [*working, settling]:
        thread.start()
    for thread in working:
        thread.join()
    done.set()
    settling.join()
    suite.run_jobs()
    assert failures == []
    assert set(suite.holders().values()) == {"c4", "c5"}
    assert sum(suite.loads().values()) == 90
    assert {message.state for message in suite.messages()} == {"delivered"}
    assert len(suite.messages()) == 90


def test_the_database_itself_refuses_a_second_active_assignment(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.tell(registered(uscc(1)))
    with suite.db.reading() as tx:
        commissioner_id = tx.session.scalars(select(CommissionerRow.id)).one()
    values = {
        "id": ids.new_id(),
        "uscc": uscc(1),
        "commissioner_id": commissioner_id,
        "reason": "by_hand",
        "correlation_id": "c",
        "started_at": clock.now(),
    }
    with pytest.raises(IntegrityError, match="uq_assignments_active"), suite.db.transaction() as tx:
        tx.session.execute(insert(AssignmentRow).values(values))


def test_a_move_within_the_area_keeps_the_commissioner_and_announces_nothing(suite: Suite) -> None:
    suite.commissioner("city", "3413")
    suite.commissioner("dangshan", "341321")
    suite.tell(registered(uscc(1)))
    suite.tell(updated(uscc(1), "341321", version=2))
    assert suite.holders() == {uscc(1): "city"}
    assert len(announced(suite)) == 1


def test_a_move_out_of_the_area_hands_over(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.commissioner("dangshan", "341321")
    suite.tell(registered(uscc(1)))
    suite.tell(updated(uscc(1), "341321", version=2))
    assert suite.holders() == {uscc(1): "dangshan"}
    assert suite.loads() == {"yongqiao": 0, "dangshan": 1}
    last = announced(suite)[-1]
    assert last["reason"] == "moved"
    assert last["previous_commissioner_id"] == announced(suite)[0]["commissioner_id"]


def test_an_older_update_changes_nothing(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.commissioner("dangshan", "341321")
    suite.tell(updated(uscc(1), "341321", version=5))
    suite.tell(registered(uscc(1), "341302", version=1))
    suite.tell(updated(uscc(1), "341302", version=4))
    assert suite.holders() == {uscc(1): "dangshan"}
    assert len(announced(suite)) == 1


def test_a_move_to_where_nobody_serves_leaves_a_visible_gap(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.tell(registered(uscc(1)))
    suite.tell(assessed(uscc(1)))
    suite.tell(updated(uscc(1), "321102", version=2))
    assert suite.holders() == {}
    assert suite.loads() == {"yongqiao": 0}
    assert announced(suite)[-1]["commissioner_id"] is None
    assert [message.state for message in suite.messages()] == ["pending"]
    coverage = suite.http.get("/api/notification/v1/coverage", headers=suite.officer()).json()
    assert (coverage["unassigned"], coverage["pending_messages"]) == (1, 1)
    assert coverage["districts"][0]["district_code"] == "321102"


def test_the_first_commissioner_of_an_area_takes_what_waited_in_steps(suite: Suite) -> None:
    for number in range(20):
        suite.tell(registered(uscc(number)))
        suite.tell(assessed(uscc(number)))
    suite.tell(registered(uscc(90), "321102"))
    suite.tell(registered(uscc(91), None))
    assert suite.holders() == {}
    with suite.db.transaction() as tx:
        register_commissioner(tx, code="a", display_name="专员", areas=["3413"], weight=Decimal(1))
    assert suite.run_jobs() == 3  # 20 enterprises in steps of 7
    assert suite.holders() == {uscc(number): "a" for number in range(20)}
    inbox = suite.inbox("a", limit=200)
    assert inbox["unread"] == len(inbox["items"]) == 20
    with suite.db.reading() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM jobs WHERE state <> 'done'")) == 0


def test_who_leaves_hands_everything_over_and_loads_stay_balanced(suite: Suite) -> None:
    for code in ("a", "b", "c"):
        suite.commissioner(code, "341302")
    for number in range(30):
        suite.tell(registered(uscc(number)))
        suite.tell(assessed(uscc(number)))
    read = suite.inbox("a", limit=1)["items"][0]
    suite.http.post(f"/api/notification/v1/inbox/{read['id']}/read", headers=suite.as_commissioner("a"))
    change(suite, "a", active=False)
    assert suite.loads() == {"a": 0, "b": 15, "c": 15}
    assert suite.inbox("a")["unread"] == 0
    assert [item["id"] for item in suite.inbox("a", state="all")["items"]] == [read["id"]]
    assert suite.inbox("b")["unread"] + suite.inbox("c")["unread"] == 29
    reasons = {event["reason"] for event in announced(suite)[30:]}
    assert reasons == {"departure"}
    change(suite, "a", active=True)
    assert suite.loads()["a"] == 0  # who comes back gets the next ones, nobody is moved for it


def test_the_last_one_leaving_lists_everything_as_uncovered(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    for number in range(3):
        suite.tell(registered(uscc(number)))
    change(suite, "a", active=False)
    assert suite.holders() == {}
    coverage = suite.http.get("/api/notification/v1/coverage", headers=suite.officer()).json()
    assert coverage["unassigned"] == 3
    assert coverage["districts"][0]["commissioners"] == 0


def test_giving_up_an_area_hands_over_only_what_lies_in_it(suite: Suite) -> None:
    suite.commissioner("a", "341302", "341321")
    suite.tell(registered(uscc(1), "341302"))
    suite.tell(registered(uscc(2), "341321"))
    suite.commissioner("b", "341321")
    change(suite, "a", areas=["341302"])
    assert suite.holders() == {uscc(1): "a", uscc(2): "b"}
    assert announced(suite)[-1]["reason"] == "rebalanced"


def test_a_change_that_changes_nothing_leaves_no_trace(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    with suite.db.reading() as tx:
        before = len(tx.session.scalars(select(AuditRow)).all())
    assert change(suite, "a", areas=["341302", " 341302"], weight=Decimal("1.00"), active=True) == 0
    with suite.db.reading() as tx:
        assert len(tx.session.scalars(select(AuditRow)).all()) == before
        assert tx.session.scalars(select(CommissionerRow.version)).one() == 1


def test_the_sweep_repairs_what_a_failed_job_left(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.tell(registered(uscc(1)))
    suite.tell(registered(uscc(2), "341321"))
    with suite.db.transaction() as tx:  # as if the jobs had failed for good
        register_commissioner(tx, code="b", display_name="专员", areas=["3413"], weight=Decimal(1))
        change_commissioner(tx, "a", {"active": False})
        tx.session.flush()
        tx.session.execute(text("UPDATE jobs SET state = 'failed' WHERE state = 'queued'"))
    assert suite.run_jobs() == 0
    [sweep] = schedules(suite.settings)
    with suite.db.transaction() as tx:
        sweep.work(tx)
    assert suite.holders() == {uscc(1): "b", uscc(2): "b"}


def test_a_title_makes_an_enterprise_known_that_nobody_registered_yet(suite: Suite) -> None:
    suite.commissioner("a", "341302")
    suite.tell(titled(uscc(1), version=3))
    suite.tell(registered(uscc(1), "341321", version=1))
    assert suite.holders() == {uscc(1): "a"}
    assert suite.inbox("a")["items"][0]["enterprise"]["name"] == "宿州示例0000001有限公司"


def test_an_older_event_that_waited_for_the_lock_does_not_overwrite_the_newer_one(suite: Suite) -> None:
    suite.commissioner("yongqiao", "341302")
    suite.commissioner("dangshan", "341321")
    older = threading.Thread(target=suite.tell, args=(registered(uscc(1), "341302", version=4),))
    with suite.db.transaction() as tx:
        cover_enterprise(tx, updated(uscc(1), "341321", version=5))
        older.start()
        older.join(0.5)
        assert older.is_alive()  # the newer one is not committed, so it waits
    older.join()
    assert suite.holders() == {uscc(1): "dangshan"}
    assert len(announced(suite)) == 1
