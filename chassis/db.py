"""One transaction per edge: it commits here and nowhere else, with its events and its audit rows."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

from psycopg import sql
from sqlalchemy import Connection as EngineConnection
from sqlalchemy import Engine, create_engine, event, insert, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from chassis import clock, connections, ids
from chassis.connections import Connection
from chassis.context import Context, current
from chassis.errors import Unavailable
from chassis.plumbing import AuditRow, OutboxRow
from contracts.events.base import Event

OUTBOX_CHANNEL = "outbox"
JOBS_CHANNEL = "jobs"
FEED_CHANNEL = "feed"
_OUTBOX_COLUMNS = ("event_id", "topic", "type", "key", "subject", "payload", "headers", "occurred_at")


class DatabaseUnavailable(Unavailable):
    """The database does not answer or has no free connection."""

    code = "database-unavailable"


class OutcomeUnknown(DatabaseUnavailable):
    """The database fell silent while it was asked to commit: the change may have been made or not."""

    code = "outcome-unknown"


class DatabaseBusy(Unavailable):
    """Another transaction holds what this one needs for longer than it may wait; nothing was changed."""

    code = "database-busy"


class Transaction:
    """What a use case receives. It may read, write, announce and record; it never commits."""

    def __init__(self, session: Session, context: Context) -> None:
        self.session = session
        self.context = context
        self._events: list[dict[str, Any]] = []
        self._audits: list[dict[str, Any]] = []
        self._channels: set[str] = set()

    def emit(self, event: Event) -> uuid.UUID:
        """Announce `event`: it reaches the bus if and only if this transaction commits."""
        event_id = ids.new_id()
        self._events.append(
            {
                "event_id": event_id,
                "topic": event.topic,
                "type": event.type,
                "key": event.key,
                "subject": event.key,
                "payload": event.model_dump(mode="json"),
                "headers": self._headers(),
                "occurred_at": clock.now(),
            }
        )
        return event_id

    def emit_all(self, events: Iterable[Event], payloads: Iterable[str] | None = None) -> int:
        """Announce many events in the order given, by COPY; how many. For imports: `emit` is for single changes.

        `payloads`: the events as JSON, where the caller has that text already.
        """
        self.flush()
        headers = json.dumps(self._headers())
        moment = clock.now()
        pairs = (
            zip(events, payloads, strict=True)
            if payloads is not None
            else ((event, event.model_dump_json()) for event in events)
        )
        rows = (
            (ids.new_id(), event.topic, event.type, event.key, event.key, payload, headers, moment)
            for event, payload in pairs
        )
        count = self.copy("outbox", _OUTBOX_COLUMNS, rows)
        if count:
            self._channels.add(OUTBOX_CHANNEL)
        return count

    def emit_from(self, event: type[Event], table: str) -> int:
        """Announce one `event` for each row of a temporary table, in the order of `subject`; how many.

        The table has the columns `subject`, the event's key, and `payload`, its JSON. For imports, whose events are
        made in the database: the caller answers for the payload being what the event's class would carry.
        """
        self.flush()
        count = int(
            self.session.execute(
                text(
                    f"""
                    INSERT INTO outbox ({", ".join(_OUTBOX_COLUMNS)})
                    SELECT {ids.NEW_ID}, :topic, :type, subject, subject, payload, CAST(:headers AS jsonb), :moment
                    FROM {table} ORDER BY subject
                    """  # noqa: S608 - names of the code's own
                ),
                {
                    "milliseconds": ids.milliseconds(),
                    "topic": event.topic,
                    "type": event.type,
                    "headers": json.dumps(self._headers()),
                    "moment": clock.now(),
                },
            ).rowcount  # type: ignore[attr-defined]
        )
        if count:
            self._channels.add(OUTBOX_CHANNEL)
        return count

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Append `rows` to `table` by COPY; how many. JSON goes in as text; names are the code's, never input."""
        target = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        count = 0
        with driver_of(self.session.connection()).cursor() as cursor, cursor.copy(target) as copying:
            for row in rows:
                copying.write_row(row)
                count += 1
        return count

    def _headers(self) -> dict[str, str]:
        return {
            "correlation_id": self.context.correlation_id,
            "traceparent": self.context.traceparent,
            "actor": self.context.actor,
        }

    def audit(self, action: str, subject: str, details: Mapping[str, Any] | None = None) -> None:
        """Record who did what to which subject; a change whose record cannot be written is not made."""
        self._audits.append(
            {
                "at": clock.now(),
                "actor": self.context.actor,
                "action": action,
                "subject": subject,
                "details": dict(details or {}),
                "correlation_id": self.context.correlation_id,
            }
        )

    def notify(self, channel: str) -> None:
        """Wake who LISTENs on `channel` when this transaction has committed."""
        self._channels.add(channel)

    def flush(self) -> None:
        """Write what is pending: rows first, so that ids of events rise in the order of their row locks."""
        self.session.flush()
        if self._events:
            self.session.execute(insert(OutboxRow), self._events)
            self._events.clear()
            self._channels.add(OUTBOX_CHANNEL)
        if self._audits:
            self.session.execute(insert(AuditRow), self._audits)
            self._audits.clear()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """What can fail alone: leaving by an exception undoes what was done inside and keeps the transaction.

        Errors of the database are told as at the end of a transaction.
        """
        self.flush()
        channels = set(self._channels)
        try:
            with _reported(), self.session.begin_nested():
                yield
                self.flush()
        except BaseException:
            self._events.clear()
            self._audits.clear()
            self._channels = channels
            raise

    def _before_commit(self) -> None:
        self.flush()
        for channel in sorted(self._channels):
            self.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})


class Database:
    """One service's own PostgreSQL database: a pool, and the only place that commits."""

    def __init__(
        self,
        url: str,
        *,
        name: str = "peiyu",
        pool_size: int = 10,
        statement_timeout_seconds: int = 30,
        lock_timeout_seconds: int = 10,
    ) -> None:
        self.url = sqlalchemy_url(url)
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={
                "application_name": name,
                "connect_timeout": connections.CONNECT_SECONDS,
                "options": f"-c statement_timeout={statement_timeout_seconds}s -c lock_timeout={lock_timeout_seconds}s"
                " -c timezone=UTC",
                **connections.NOTICING,
            },
        )
        _bound(self.engine, connections.patience_for(statement_timeout_seconds))

    @contextmanager
    def transaction(
        self, context: Context | None = None, *, timeout_seconds: int | None = None
    ) -> Iterator[Transaction]:
        """Open a transaction; leaving normally commits it, leaving by an exception rolls it back.

        `timeout_seconds` replaces the statement timeout for long work (jobs, rebuilds); 0 means none.
        Raises DatabaseUnavailable soon after it when the database has not answered, OutcomeUnknown when that was the
        commit.
        """
        with _reported(), Session(self.engine, expire_on_commit=False) as session:
            tx = Transaction(session, context or current())
            if timeout_seconds is not None:
                _limit(session, timeout_seconds)
            yield tx
            tx._before_commit()
            with _committing():
                session.commit()

    @contextmanager
    def reading(self, context: Context | None = None) -> Iterator[Transaction]:
        """A transaction that sees one moment and can change nothing."""
        with _reported(), Session(self.engine, expire_on_commit=False) as session:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            yield Transaction(session, context or current())
            session.rollback()

    def check(self) -> None:
        """Raise DatabaseUnavailable unless a query is answered."""
        with _reported(), self.engine.connect() as connection:
            driver_of(connection).patience = connections.IDLE_SECONDS
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()


def driver_of(connection: EngineConnection) -> Connection:
    """The driver's own connection behind one of the pool's."""
    return cast("Connection", connection.connection.driver_connection)


def _bound(engine: Engine, patience: float) -> None:
    """Let the pool hold connections that wait `patience` seconds while in use, less to be found alive."""

    @event.listens_for(engine, "do_connect")
    def _(dialect: object, record: object, args: list[Any], named: dict[str, Any]) -> Connection:
        return Connection.connect(*args, **named)

    @event.listens_for(engine, "checkout")
    def _(connection: Connection, record: object, proxy: object) -> None:
        connection.patience = patience

    @event.listens_for(engine, "checkin")
    def _(connection: Connection | None, record: object) -> None:
        if connection is not None:  # None: it was found broken and given up
            connection.patience = connections.IDLE_SECONDS


def sqlalchemy_url(url: str) -> str:
    """Accept libpq's `postgresql://` too; psycopg 3 is the only driver."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def libpq_url(url: str) -> str:
    """The form psycopg itself wants (LISTEN, COPY on a connection of its own)."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def _reported() -> Iterator[None]:
    """Say 'unavailable' for what only the database's absence explains; let everything else through."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("数据库连接已用尽，请稍后重试") from error
    except (OperationalError, InterfaceError) as error:
        if isinstance(error, DBAPIError) and (error.connection_invalidated or _no_answer(error)):
            raise DatabaseUnavailable("数据库暂时无法访问，请稍后重试") from error
        if getattr(error.orig, "sqlstate", None) in _BUSY:
            raise DatabaseBusy("该数据正被另一项操作（例如导入）占用，本次没有改动任何内容，请稍后重试") from error
        raise


def _limit(session: Session, seconds: int) -> None:
    driver_of(session.connection()).patience = connections.patience_for(seconds)
    session.execute(text(f"SET LOCAL statement_timeout = '{int(seconds)}s'"))


@contextmanager
def _committing() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        if error.connection_invalidated or _no_answer(error):
            raise OutcomeUnknown(
                "数据库在提交时失去响应，本次操作是否生效尚不确定：请查询结果后再决定是否重试；"
                "带 Idempotency-Key 的请求可以原样重发"
            ) from error
        raise


_BUSY = ("55P03", "40P01", "40001")
"""Lock timeout, deadlock, serialization failure. Not statement timeout: the same statement would time out again."""


def _no_answer(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state.startswith(("08", "57P", "53"))
