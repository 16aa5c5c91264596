"""Many events at once: the same rows as one by one, in order, and only if the transaction commits."""

import uuid

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


def test_events_announced_from_a_table_are_the_rows_that_single_ones_would_be(db: Database) -> None:
    events = [an_event(number) for number in (2, 1, 3)]
    with db.transaction() as tx:
        tx.emit(an_event(0))
        tx.session.execute(text("CREATE TEMPORARY TABLE told (subject text, payload jsonb) ON COMMIT DROP"))
        tx.copy("told", ("subject", "payload"), ((each.key, each.model_dump_json()) for each in events))
        assert tx.emit_from(AssignmentChanged, "told") == 3
    with db.reading() as tx:
        single, *others = tx.session.scalars(select(OutboxRow).order_by(OutboxRow.id))
        assert [row.key for row in others] == ["U1", "U2", "U3"]
        for row in others:
            assert row.payload == single.payload | {"uscc": row.key}
            assert (row.topic, row.type, row.subject, row.headers) == (
                single.topic,
                single.type,
                row.key,
                single.headers,
            )
            assert (row.event_id.version, row.event_id.variant) == (7, uuid.RFC_4122)
            assert abs((row.event_id.int >> 80) - (single.event_id.int >> 80)) < 2**32, "of this time, in milliseconds"
        assert len({row.event_id for row in others}) == 3


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
