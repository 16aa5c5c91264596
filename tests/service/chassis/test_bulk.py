"""Many events at once: the same rows as one by one, in order, and only if the transaction commits."""

from sqlalchemy import select, text

from chassis.db import Database
from chassis.plumbing import OutboxRow
from contracts.events.notification import AssignmentChanged


def an_event(number: int) -> AssignmentChanged:
    return AssignmentChanged(uscc=f"U{number}", commissioner_id="c\t1\n\\", reason="registered")


def test_events_announced_in_bulk_are_the_rows_that_single_ones_would_be(db: Database) -> None:
    with db.transaction() as tx:
        tx.emit(an_event(0))
        assert tx.emit_all(an_event(number) for number in range(1, 4)) == 3
        tx.emit(an_event(4))
    with db.reading() as tx:
        rows = list(tx.session.scalars(select(OutboxRow).order_by(OutboxRow.id)))
        assert [row.key for row in rows] == [f"U{number}" for number in range(5)]
        single, bulk = rows[0], rows[1]
        assert bulk.payload == single.payload | {"uscc": "U1"}
        assert (bulk.topic, bulk.type, bulk.subject) == (single.topic, single.type, "U1")
        assert bulk.headers.keys() == single.headers.keys()
        assert bulk.headers["correlation_id"] == single.headers["correlation_id"]
        assert len({row.event_id for row in rows}) == 5


def test_copied_rows_go_with_the_transaction(db: Database) -> None:
    try:
        with db.transaction() as tx:
            assert tx.copy("notes", ["text"], [["a"], ["b\tc"]]) == 2
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    with db.transaction() as tx:
        assert tx.session.scalar(text("SELECT count(*) FROM notes")) == 0
        tx.copy("notes", ["text"], [["b\tc\n"]])
    with db.reading() as tx:
        assert tx.session.scalar(text("SELECT text FROM notes")) == "b\tc\n"
