"""Messages that could not be acted upon: kept with the reason, announced on dlq.<consumer>, redriven by an operator."""

from __future__ import annotations

from sqlalchemy import insert, select

from chassis import clock, context, ids, tracing
from chassis.bus import Envelope, Received, Subscriptions, Undecodable, decode
from chassis.db import OUTBOX_CHANNEL, Database, Transaction
from chassis.errors import Conflict, NotFound
from chassis.plumbing import DeadLetterRow, OutboxRow
from contracts.events.base import Event

TYPE = "chassis.dead-lettered.v1"
REASON_CHARACTERS = 4000


class DeadLetterNotFound(NotFound):
    """No dead letter with that number in this service's database."""

    code = "dead-letter-not-found"


class DeadLetterWithoutHandler(Conflict):
    """The message cannot be read, or the service reacts to nothing of its type: redriving would do nothing."""

    code = "dead-letter-without-handler"


def dlq_topic(consumer: str) -> str:
    return f"dlq.{consumer}"


def keep(
    tx: Transaction, consumer: str, received: Received, envelope: Envelope | None, reason: str, attempts: int
) -> int:
    """Put a message aside and announce it on the dead-letter topic, all in `tx`; the row's number."""
    row = DeadLetterRow(
        consumer=consumer,
        event_id=_storable(envelope.id if envelope else ""),
        topic=received.topic,
        partition=received.partition,
        offset=received.offset,
        key=_storable(received.key),
        type=_storable(envelope.type if envelope else ""),
        payload=received.value,
        headers={_storable(name): _storable(value.decode(errors="replace")) for name, value in received.headers},
        reason=_storable(reason)[:REASON_CHARACTERS],
        attempts=attempts,
        failed_at=clock.now(),
    )
    tx.session.add(row)
    tx.session.flush()
    # The message itself stays here: twice its size might be more than the bus takes.
    announcement = {
        name: getattr(row, name)
        for name in ("id", "consumer", "event_id", "topic", "partition", "offset", "key", "type", "reason", "attempts")
    }
    tx.session.execute(
        insert(OutboxRow).values(
            event_id=ids.new_id(),
            topic=dlq_topic(consumer),
            type=TYPE,
            key=row.key,
            subject=row.key,
            payload=announcement | {"failed_at": row.failed_at.isoformat()},
            headers={"correlation_id": tx.context.correlation_id, "traceparent": tx.context.traceparent},
            occurred_at=row.failed_at,
        )
    )
    tx.notify(OUTBOX_CHANNEL)
    return row.id


def list_dead_letters(
    tx: Transaction, *, after: int = 0, limit: int = 100, redriven: bool = False
) -> list[DeadLetterRow]:
    """Dead letters by number; only those that wait for a decision, unless `redriven`."""
    query = select(DeadLetterRow).where(DeadLetterRow.id > after).order_by(DeadLetterRow.id).limit(limit)
    if not redriven:
        query = query.where(DeadLetterRow.redriven_at.is_(None))
    return list(tx.session.scalars(query))


def get_dead_letter(tx: Transaction, number: int, *, lock: bool = False) -> DeadLetterRow:
    query = select(DeadLetterRow).where(DeadLetterRow.id == number)
    row = tx.session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise DeadLetterNotFound(f"没有编号为 {number} 的死信；用 peiyu dlq list 查看现有编号")
    return row


def redrive(db: Database, subscriptions: Subscriptions, number: int) -> bool:
    """Run the handlers on a dead letter again, in one transaction with the mark; False when it was marked before.

    What a handler raises goes to the caller and leaves the letter as it was.
    """
    with db.transaction() as tx:
        row = get_dead_letter(tx, number, lock=True)
        if row.redriven_at is not None:
            return False
        envelope = _envelope(row)
        events = {event.type: event for event in subscriptions}
        if envelope is None or envelope.type not in events:
            raise DeadLetterWithoutHandler(
                f"死信 {number} 无法识别或本服务不处理该类型（{row.type or '无类型'}），无需重放"
            )
        here = context.from_headers(envelope.correlation_id, envelope.traceparent, event_id=envelope.event_id)
        event = read_event(events[envelope.type], row.payload)
        with tracing.recording(here, f"redrive {row.topic}", "consumer", {"cloudevents.event_type": row.type}) as span:
            tx.context = span.context
            for handler in subscriptions[type(event)]:
                handler(tx, event)
        row.redriven_at = clock.now()
        return True


def read_event(event: type[Event], payload: bytes) -> Event:
    """Parse tolerantly: a field that was added later breaks nobody."""
    return event.model_validate_json(payload, extra="ignore")


def _envelope(row: DeadLetterRow) -> Envelope | None:
    headers = tuple((name, value.encode()) for name, value in row.headers.items())
    try:
        return decode(Received(row.topic, row.partition, row.offset, row.key, row.payload, headers))
    except Undecodable:
        return None


def _storable(value: str) -> str:
    """PostgreSQL takes no NUL in text, and nobody takes half of a surrogate pair."""
    return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
