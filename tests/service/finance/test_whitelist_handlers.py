"""What the registry says becomes the whitelist: in any order, any number of times."""

import datetime as dt

import pytest
from sqlalchemy import func, select

from chassis import clock
from chassis.context import Context
from chassis.db import Database
from chassis.plumbing import AuditRow, OutboxRow
from contracts.events.registry import EnterpriseMerged, SuccessorCard, TitleRenewed
from services.finance.handlers import list_title
from services.finance.migrations import MIGRATIONS
from services.finance.store.tables import ChangeRow, EntryRow, TitleRow
from services.finance.use_cases.begin_titles import begin_titles
from services.finance.use_cases.expire_titles import expire_titles
from tests.service.finance.world import cancelled, card, deliver, number, recorded, registered, updated, uscc

A = uscc(1)
NOON = dt.datetime(2026, 3, 4, 4, 0, tzinfo=dt.UTC)


def changes(db: Database) -> list[tuple[str, str]]:
    """(type, reason) of everything appended so far."""
    with db.reading() as tx:
        query = select(ChangeRow.type, ChangeRow.reason).order_by(ChangeRow.id)
        return [(kind, reason) for kind, reason in tx.session.execute(query)]


def listed(db: Database) -> set[str]:
    number(db)
    with db.reading() as tx:
        return set(tx.session.scalars(select(EntryRow.title_id)))


def test_the_migrations_build_exactly_the_tables_in_code(db: Database) -> None:
    assert MIGRATIONS.differences(db) == []


def test_a_recorded_title_enters_and_is_announced(db: Database) -> None:
    deliver(db, registered(A), recorded(A, "t-1", 2))
    assert changes(db) == [("entered", "title_recorded")]
    assert listed(db) == {"t-1"}
    with db.reading() as tx:
        [event] = tx.session.scalars(select(OutboxRow))
        assert event.type == "finance.whitelist-changed.v1"
        assert event.key == A
        assert event.payload["seq"] == 1
        assert event.payload["change"] == "entered"
        assert event.payload["reason"] == "title_recorded"
        assert event.payload["effective_on"] == "2025-08-15"
        audited = select(AuditRow.details).where(AuditRow.subject == A, AuditRow.action == "whitelist.entered")
        assert [details["title_id"] for details in tx.session.scalars(audited)] == ["t-1"]


def test_the_event_continues_the_trace_of_what_caused_it(db: Database) -> None:
    with db.transaction(Context(correlation_id="from-the-import")) as tx:
        list_title(tx, recorded(A, "t-1", 2))
    number(db)
    with db.reading() as tx:
        assert tx.session.scalars(select(OutboxRow)).one().headers["correlation_id"] == "from-the-import"


def test_a_title_whose_enterprise_is_not_known_yet_brings_its_card(db: Database) -> None:
    deliver(db, recorded(A, "t-1", 2, card(A, name="后到的公司")), registered(A, 1, name="先前的名称"))
    assert changes(db) == [("entered", "title_recorded")]
    with db.reading() as tx:
        assert "后到的公司" in tx.session.scalars(select(TitleRow.listed)).one()


def test_a_title_that_is_not_in_force_stays_away(db: Database) -> None:
    deliver(db, recorded(A, "t-1", 2, state="publicized"), recorded(A, "t-2", 3, valid_to=dt.date(2020, 1, 1)))
    assert changes(db) == []
    assert listed(db) == set()


def test_under_review_stays_on_the_list_with_a_flag(db: Database) -> None:
    deliver(db, recorded(A, "t-1", 2), recorded(A, "t-1", 3, state="under_review", valid_to=dt.date(2020, 1, 1)))
    assert changes(db) == [("entered", "title_recorded"), ("changed", "under_review")]
    assert listed(db) == {"t-1"}


def test_a_passed_review_moves_the_end_on_the_list(db: Database) -> None:
    ends = dt.date(2020, 1, 1)
    under_review = recorded(A, "t-1", 3, state="under_review", valid_to=ends)
    passed = recorded(A, "t-1", 4, valid_to=dt.date(2099, 1, 1))
    renewed = TitleRenewed(**dict(passed), previous_valid_to=ends)
    deliver(db, under_review, renewed)
    assert changes(db)[-1] == ("changed", "review_passed")
    with db.reading() as tx:
        assert "2099-01-01" in tx.session.scalars(select(TitleRow.listed)).one()


def test_cancelled_before_it_was_recorded_never_enters(db: Database) -> None:
    deliver(db, cancelled(A, "t-1", 3), recorded(A, "t-1", 2))
    assert changes(db) == []
    assert listed(db) == set()


def test_a_cancellation_counts_even_if_its_card_says_otherwise(db: Database) -> None:
    deliver(db, recorded(A, "t-1", 2), cancelled(A, "t-1", 3, state="valid"))
    assert changes(db) == [("entered", "title_recorded"), ("left", "title_cancelled")]


def test_an_older_version_changes_nothing(db: Database) -> None:
    deliver(db, registered(A), recorded(A, "t-1", 5, card(A, name="新名称")))
    before = changes(db)
    deliver(
        db,
        updated(A, 4, name="旧名称", district_code="321102"),
        recorded(A, "t-1", 3, card(A, name="更旧的名称"), state="cancelled"),
        cancelled(A, "t-1", 4),
    )
    assert changes(db) == before
    assert listed(db) == {"t-1"}


def test_renaming_moving_and_striking_off_reach_every_title(db: Database) -> None:
    deliver(db, registered(A), recorded(A, "t-1", 2), recorded(A, "t-2", 3, title="innovative_sme"))
    deliver(db, updated(A, 4, name="新名称有限公司"))
    deliver(db, updated(A, 5, name="新名称有限公司", district_code="321102"))
    deliver(db, updated(A, 6, name="新名称有限公司", district_code="321102", status="deregistered"))
    assert [reason for _, reason in changes(db)] == [
        *["title_recorded"] * 2,
        *["renamed"] * 2,
        *["moved"] * 2,
        *["struck_off"] * 2,
    ]
    assert listed(db) == set()


def test_an_update_that_changes_no_row_appends_nothing(db: Database) -> None:
    deliver(db, registered(A), recorded(A, "t-1", 2), updated(A, 3))
    assert len(changes(db)) == 1


def test_replaying_everything_from_the_start_changes_nothing(db: Database) -> None:
    history = [
        registered(A),
        recorded(A, "t-1", 2),
        updated(A, 3, name="改名后"),
        recorded(A, "t-2", 4, card(A, name="改名后"), title="innovative_sme"),
        cancelled(A, "t-1", 5, card(A, name="改名后")),
        updated(A, 6, name="改名后", district_code="321102"),
    ]
    deliver(db, *history)
    before, standing = changes(db), listed(db)
    deliver(db, *history)
    deliver(db, *reversed(history))
    assert changes(db) == before
    assert number(db) == 0
    assert listed(db) == standing == {"t-2"}


def test_delivery_backwards_ends_where_delivery_in_order_ends(db: Database) -> None:
    history = [
        registered(A),
        recorded(A, "t-1", 2, valid_to=dt.date(2027, 1, 1)),
        recorded(A, "t-1", 3, valid_to=dt.date(2030, 1, 1)),
        updated(A, 4, name="改名后"),
    ]
    deliver(db, *reversed(history))
    number(db)
    with db.reading() as tx:
        line = tx.session.scalars(select(EntryRow.line)).one()
    assert '"name":"改名后"' in line
    assert '"valid_to":"2030-01-01"' in line


@pytest.mark.parametrize(
    ("instant", "left"),
    [
        # The last day is 2026-03-04 in Shanghai, which begins and ends at 16:00 UTC.
        (dt.datetime(2026, 3, 4, 15, 59, 59, tzinfo=dt.UTC), False),
        (dt.datetime(2026, 3, 4, 16, 0, 0, tzinfo=dt.UTC), True),
    ],
)
def test_the_calendar_of_shanghai_ends_a_title(db: Database, instant: dt.datetime, left: bool) -> None:
    with clock.frozen(NOON):
        deliver(db, recorded(A, "t-1", 2, valid_to=dt.date(2026, 3, 4)), recorded(A, "t-2", 3))
        assert listed(db) == {"t-1", "t-2"}
    with clock.frozen(instant):
        with db.transaction() as tx:
            assert expire_titles(tx) == int(left)
        with db.transaction() as tx:
            assert expire_titles(tx) == 0  # once is enough
        assert listed(db) == ({"t-2"} if left else {"t-1", "t-2"})
    if left:
        with db.reading() as tx:
            last = tx.session.scalars(select(ChangeRow).order_by(ChangeRow.id.desc()).limit(1)).one()
            assert (last.type, last.reason, last.effective_on) == ("left", "title_expired", dt.date(2026, 3, 5))


def test_the_calendar_of_shanghai_begins_a_title(db: Database) -> None:
    with clock.frozen(NOON):
        deliver(db, recorded(A, "t-1", 2, valid_from=dt.date(2026, 3, 5)))
        assert listed(db) == set(), "recorded, and not in force yet"
        with db.transaction() as tx:
            assert begin_titles(tx) == 0
    with clock.frozen(dt.datetime(2026, 3, 4, 16, 0, 0, tzinfo=dt.UTC)):
        with db.transaction() as tx:
            assert begin_titles(tx) == 1
        with db.transaction() as tx:
            assert begin_titles(tx) == 0  # once is enough
        assert changes(db) == [("entered", "title_recorded")]
        assert listed(db) == {"t-1"}


def test_a_renewal_after_expiry_brings_the_title_back(db: Database) -> None:
    with clock.frozen(NOON):
        deliver(db, recorded(A, "t-1", 2, valid_to=dt.date(2026, 3, 4)))
    with clock.frozen(NOON + dt.timedelta(days=1)):
        with db.transaction() as tx:
            expire_titles(tx)
        deliver(db, recorded(A, "t-1", 3, valid_to=dt.date(2029, 3, 4)))
        assert changes(db)[-1] == ("entered", "title_renewed")
        assert listed(db) == {"t-1"}


def test_the_calendar_passes_by_what_a_handler_works_on(db: Database) -> None:
    with clock.frozen(NOON):
        deliver(db, recorded(A, "t-1", 2, valid_to=dt.date(2026, 3, 4)))
    with clock.frozen(NOON + dt.timedelta(days=1)):
        with db.transaction() as handler:
            handler.session.execute(select(TitleRow.title_id).with_for_update()).all()
            with db.transaction() as calendar:
                assert expire_titles(calendar) == 0
        with db.transaction() as calendar:
            assert expire_titles(calendar) == 1


def test_the_list_is_always_at_the_end_of_the_numbered_feed(db: Database) -> None:
    deliver(db, recorded(A, "t-1", 2))
    with db.reading() as tx:  # decided, but not numbered: nobody may see it yet
        assert tx.session.scalar(select(func.count()).select_from(EntryRow)) == 0
    assert listed(db) == {"t-1"}


def test_a_merger_takes_the_old_rows_off_and_leaves_those_of_the_successor(db: Database) -> None:
    """The title that goes on has a record of its own; the merger may be heard before the end of the old one."""
    b = uscc(2)
    merged = EnterpriseMerged(
        uscc=A,
        version=4,
        successor=SuccessorCard(uscc=b, name="承继有限公司"),
        effective_on=dt.date(2026, 3, 1),
        document="登记通知书",
        enterprise=card(A, status="deregistered"),
    )
    deliver(db, registered(A), recorded(A, "t-1", 2), registered(b))
    deliver(db, merged, recorded(b, "t-2", 2))
    assert changes(db) == [("entered", "title_recorded"), ("left", "struck_off"), ("entered", "title_recorded")]
    assert listed(db) == {"t-2"}
