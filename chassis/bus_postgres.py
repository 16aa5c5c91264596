"""The embedded bus: a partitioned log in PostgreSQL, consumer groups by advisory locks, woken by NOTIFY.

Offsets are given while the partition's row is locked until commit, so they become visible in order and without a
gap: who only advances misses nothing. A partition is read by the session that holds its advisory lock, and offsets
are committed on that same session: who has lost the lock has lost the session and cannot commit.
"""

from __future__ import annotations

import datetime as dt
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import psycopg

from chassis import clock, connections
from chassis.bus import (
    MIN_RETENTION,
    BusUnavailable,
    Consumer,
    Message,
    MessageRejected,
    Partition,
    Producer,
    TopicApplied,
    TopicMismatch,
    TopicsApplied,
    TopicSpec,
    differing,
    log_settings,
    refusal,
    undeclared,
)
from chassis.bus_postgres_group import CHANNEL, GroupMember
from chassis.connections import Connection
from chassis.db import libpq_url

STATEMENT_SECONDS = 30

FORGOTTEN_GROUP = dt.timedelta(days=30)
"""A group that has committed nothing for so long no longer holds messages back from the purge."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS bus_topics (
    topic text COLLATE "C" PRIMARY KEY, partitions integer NOT NULL, retention interval NOT NULL);
ALTER TABLE bus_topics ADD COLUMN IF NOT EXISTS compacted boolean NOT NULL DEFAULT false;
CREATE TABLE IF NOT EXISTS bus_partitions (
    topic text COLLATE "C", partition integer, next_offset bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS bus_log (
    topic text COLLATE "C", partition integer, "offset" bigint,
    key text NOT NULL, value bytea NOT NULL, headers json NOT NULL,
    appended_at timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, "offset"));
CREATE INDEX IF NOT EXISTS ix_bus_log_appended_at ON bus_log USING brin (appended_at);
CREATE TABLE IF NOT EXISTS bus_offsets (
    "group" text COLLATE "C", topic text COLLATE "C", partition integer,
    next_offset bigint NOT NULL, committed_at timestamptz NOT NULL,
    PRIMARY KEY ("group", topic, partition)) WITH (fillfactor = 50);
CREATE UNLOGGED TABLE IF NOT EXISTS bus_members (
    "group" text COLLATE "C", member uuid, lock_key bigint NOT NULL, topics text[] NOT NULL,
    beat_at timestamptz NOT NULL, PRIMARY KEY ("group", member));
"""


class PostgresBus:
    """A bus in a PostgreSQL database of its own."""

    system = "postgresql"

    def __init__(self, url: str, *, member_timeout: float = 120.0) -> None:
        """`member_timeout`: seconds after which a member that does not poll is put out of its group."""
        self._url = libpq_url(url).replace("postgres://", "postgresql://", 1)
        self._member_timeout = member_timeout

    def producer(self) -> Producer:
        return PostgresProducer(self._url)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        return GroupMember(lambda: connect(self._url, f"bus {group}"), group, topics, self._member_timeout)

    def apply_topics(self, specs: Sequence[TopicSpec]) -> TopicsApplied:
        with _reported(), connect(self._url, "bus topics") as connection, connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('bus schema', 7))")
            connection.execute(_SCHEMA)
            applied = tuple(_apply(connection, spec) for spec in specs)
            existing = [name for (name,) in connection.execute("SELECT topic FROM bus_topics")]
        return TopicsApplied(applied, undeclared(specs, existing))

    def check(self) -> None:
        with _reported(), connect(self._url, "bus check") as connection:
            connection.execute("SELECT FROM bus_topics LIMIT 1")

    def purge(self) -> int:
        """Delete messages older than their topic's retention that every living group has read; how many.

        Of a compacted topic the last message of each key stays however old it is.
        """
        forgotten = clock.now() - FORGOTTEN_GROUP
        with _reported(), connect(self._url, "bus purge") as connection, connection.transaction():
            connection.execute("SET LOCAL statement_timeout = '10min'")
            connection.patience = connections.patience_for(600)
            alone = connection.execute("SELECT pg_try_advisory_xact_lock(hashtextextended('bus purge', 7))").fetchone()
            if alone != (True,):
                return 0
            deleted = connection.execute(
                """
                DELETE FROM bus_log USING bus_topics
                WHERE bus_log.topic = bus_topics.topic AND appended_at < %s - greatest(retention, %s)
                  AND NOT EXISTS (SELECT FROM bus_offsets o WHERE o.topic = bus_log.topic
                                  AND o.partition = bus_log.partition AND o.next_offset <= bus_log."offset"
                                  AND o.committed_at >= %s)
                  AND (NOT compacted OR (bus_log.topic, bus_log.partition, bus_log."offset") NOT IN (
                       SELECT l.topic, l.partition, max(l."offset") FROM bus_log l JOIN bus_topics t USING (topic)
                       WHERE t.compacted GROUP BY l.topic, l.partition, l.key))
                """,
                (clock.now(), MIN_RETENTION, forgotten),
            )
            return deleted.rowcount

    def close(self) -> None:
        """Nothing is shared: producers and consumers have connections of their own."""


class PostgresProducer:
    """Appends a batch in one transaction; one connection, opened when first needed and again when lost."""

    atomic = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._partitions: dict[str, int] = {}

    def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        outcomes: list[Exception | None] = [refusal(message) for message in messages]
        sound = [place for place, outcome in enumerate(outcomes) if outcome is None]
        try:
            for place, outcome in zip(sound, self._append([messages[place] for place in sound]), strict=True):
                outcomes[place] = outcome
        except psycopg.Error as error:
            self.close()
            for place in sound:
                outcomes[place] = BusUnavailable(f"内置总线暂时无法写入：{error}")
        return outcomes

    def _append(self, messages: Sequence[Message]) -> list[Exception | None]:
        connection = self._connected()
        if any(message.topic not in self._partitions for message in messages):
            self._partitions = dict(connection.execute("SELECT topic, partitions FROM bus_topics").fetchall())
        outcomes: list[Exception | None] = []
        placed: list[tuple[Partition, Message]] = []
        for message in messages:
            count = self._partitions.get(message.topic)
            if count is None:
                outcomes.append(MessageRejected(f"topic {message.topic} does not exist; apply deploy/topics.yaml"))
                continue
            outcomes.append(None)
            placed.append(((message.topic, partition_of(message.key, count)), message))
        if placed:
            with connection.transaction():
                self._insert(connection, placed)
        return outcomes

    def _insert(self, connection: Connection, placed: Sequence[tuple[Partition, Message]]) -> None:
        counts = Counter(partition for partition, _ in placed)
        touched = [[topic for topic, _ in counts], [number for _, number in counts]]
        # One order for all writers, or two of them would wait for each other.
        locked = connection.execute(
            """SELECT topic, partition, next_offset FROM bus_partitions
               WHERE (topic, partition) IN (SELECT * FROM unnest(%s::text[], %s::int[]))
               ORDER BY topic, partition FOR UPDATE""",
            touched,
        ).fetchall()
        following: dict[Partition, int] = {(topic, number): offset for topic, number, offset in locked}
        appended_at = clock.now()
        with (
            connection.cursor() as cursor,
            cursor.copy(
                'COPY bus_log (topic, partition, "offset", key, value, headers, appended_at) FROM STDIN'
            ) as rows,
        ):
            for partition, message in placed:
                # One JSON text, not two arrays: psycopg takes twice as long for a row with arrays.
                headers = json.dumps([(name, value.decode("latin-1")) for name, value in message.headers])
                offset = following[partition]
                rows.write_row((*partition, offset, message.key, message.value, headers, appended_at))
                following[partition] = offset + 1
        connection.execute(
            """UPDATE bus_partitions p SET next_offset = n.next_offset
               FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS n (topic, partition, next_offset)
               WHERE p.topic = n.topic AND p.partition = n.partition""",
            [*touched, [following[partition] for partition in counts]],
        )
        for topic in {topic for topic, _ in counts}:
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, topic))

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url, "bus producer")
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def partition_of(key: str, partitions: int) -> int:
    """The partition of a key: the same in every process and release."""
    return zlib.crc32(key.encode()) % partitions


def connect(url: str, name: str) -> Connection:
    """A connection that soon notices that the other side is gone or frozen.

    The server ends a transaction whose client is frozen: it must not hold a partition's row for ever.
    """
    return connections.connect(url, name, statement_seconds=STATEMENT_SECONDS, lock_seconds=10)


def _apply(connection: Connection, spec: TopicSpec) -> TopicApplied:
    found = connection.execute(
        "SELECT partitions, retention, compacted FROM bus_topics WHERE topic = %s", (spec.name,)
    ).fetchone()
    if found is not None and found[0] != spec.partitions:
        raise TopicMismatch(
            f"主题 {spec.name} 已有 {found[0]} 个分区，不能改为 {spec.partitions} 个；请恢复原值，或另建主题并迁移"
        )
    connection.execute(
        """INSERT INTO bus_topics (topic, partitions, retention, compacted) VALUES (%s, %s, %s, %s)
           ON CONFLICT (topic) DO UPDATE SET retention = excluded.retention, compacted = excluded.compacted""",
        (spec.name, spec.partitions, spec.retention, spec.compacted),
    )
    connection.execute(
        """INSERT INTO bus_partitions (topic, partition) SELECT %s, generate_series(0, %s - 1)
           ON CONFLICT DO NOTHING""",
        (spec.name, spec.partitions),
    )
    if found is None:
        return TopicApplied(spec.name, made=True)
    wanted = log_settings(spec.retention, spec.compacted)
    return TopicApplied(spec.name, changed=differing(log_settings(found[1], found[2]), wanted))


@contextmanager
def _reported() -> Iterator[None]:
    """Say 'unavailable' for the database's errors."""
    try:
        yield
    except psycopg.Error as error:
        raise BusUnavailable(f"内置总线暂时无法访问：{error}") from error
