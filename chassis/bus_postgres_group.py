"""One member of a consumer group on the embedded bus: which partitions it reads, and how far the group is.

Each member holds an advisory lock of its own for as long as its session lives, so a dead member is seen at once;
each partition is read by the member that holds the partition's lock. Members share the partitions of a topic by
the same simple rule over the same table and let go between two polls; a lock decides when two views differ.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from chassis.bus import BusUnavailable, Partition, PartitionsLost, Received
from chassis.connections import Connection

CHANNEL = "bus"
"""Notified with a topic when it has grown, with `@group` when its members have changed."""

REBALANCE_SECONDS = 1.0
"""How often a member looks who else is there; also the longest sleep without a look at the log."""

_LOCK_HOLDERS = """
    SELECT (classid::bigint << 32) | objid::bigint AS lock_key, pid FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class GroupMember:
    """Implements chassis.bus.Consumer."""

    def __init__(
        self, connect: Callable[[], Connection], group: str, topics: Sequence[str], member_timeout: float
    ) -> None:
        self._connect = connect
        self._group = group
        self._topics = sorted(topics)
        self._member_timeout = member_timeout
        self._member = uuid.uuid4()
        self._life = 0  # the advisory lock that shows others that this member lives
        self._connection: Connection | None = None
        self._forget()

    def _forget(self) -> None:
        self._position: dict[Partition, int] = {}
        self._committed: dict[Partition, int] = {}
        self._look_at = 0.0
        self._turn = 0

    def poll(self, timeout: float, limit: int) -> list[Received]:
        deadline = time.monotonic() + timeout
        with self._session() as connection:
            while True:
                if time.monotonic() >= self._look_at:
                    self._rebalance(connection)
                if (records := self._fetch(connection, limit)) or time.monotonic() >= deadline:
                    return records
                self._sleep(connection, deadline)

    def commit(self, wait: bool = True) -> None:
        changed = {part: offset for part, offset in self._position.items() if self._committed[part] != offset}
        if not changed:
            return
        if self._connection is None:
            raise PartitionsLost("the session with the partitions' locks has ended")
        try:
            self._connection.execute(
                """INSERT INTO bus_offsets ("group", topic, partition, next_offset, committed_at)
                   SELECT %s, u.*, now() FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS u
                   ON CONFLICT ("group", topic, partition)
                   DO UPDATE SET next_offset = excluded.next_offset, committed_at = excluded.committed_at""",
                (self._group, *_columns(changed)),
            )
        except psycopg.Error as error:
            self._lose()
            raise PartitionsLost(f"the session with the partitions' locks has ended: {error}") from error
        self._committed.update(changed)

    def rewind(self) -> None:
        self._position = dict(self._committed)

    def seek_to(self, topic: str, partition: int, offset: int) -> None:
        if (topic, partition) not in self._position:
            raise LookupError(f"{topic}/{partition} is not assigned to this member")
        self._position[topic, partition] = offset

    def assignment(self) -> set[Partition]:
        return set(self._position)

    def lag(self) -> dict[Partition, int]:
        with self._session() as connection:
            ends = self._ends(connection)
        return {part: ends[part] - position for part, position in self._position.items()}

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.execute("DELETE FROM bus_members WHERE member = %s", (self._member,))
                self._connection.execute("SELECT pg_advisory_unlock_all()")
                self._announce(self._connection)
        self._lose()

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        """The connection; made anew, as a new member with nothing assigned, when the old one is gone."""
        try:
            if self._connection is None:
                self._connection = self._connect()
                self._join(self._connection)
            yield self._connection
        except psycopg.Error as error:
            self._lose()
            raise BusUnavailable(f"内置总线暂时无法访问：{error}") from error

    def _join(self, connection: Connection) -> None:
        # A new identity each time: the old session may not be dead on the server yet.
        self._member = uuid.uuid4()
        self._life = secrets.randbits(63)
        connection.execute(f"LISTEN {CHANNEL}".encode())
        connection.execute("SELECT pg_advisory_lock(%s)", (self._life,))
        self._beat(connection)
        self._announce(connection)

    def _beat(self, connection: Connection) -> None:
        connection.execute(
            """INSERT INTO bus_members ("group", member, lock_key, topics, beat_at) VALUES (%s, %s, %s, %s, now())
               ON CONFLICT ("group", member) DO UPDATE SET beat_at = excluded.beat_at""",
            (self._group, self._member, self._life, self._topics),
        )

    def _lose(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
        self._connection = None
        self._forget()

    def _announce(self, connection: Connection) -> None:
        connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"@{self._group}"))

    def _rebalance(self, connection: Connection) -> None:
        wanted = self._fair_share(connection)
        released = set(self._position) - wanted
        for part in released:
            connection.execute("SELECT pg_advisory_unlock(%s)", (_lock_key(self._group, part),))
            del self._position[part], self._committed[part]
        if released:
            self._announce(connection)
        for part in sorted(wanted - set(self._position)):
            locked = connection.execute("SELECT pg_try_advisory_lock(%s)", (_lock_key(self._group, part),)).fetchone()
            if locked == (True,):
                self._committed[part] = self._position[part] = self._start(connection, part)
        self._look_at = time.monotonic() + REBALANCE_SECONDS

    def _fair_share(self, connection: Connection) -> set[Partition]:
        """Beat, bury the dead, and say which partitions this member should read."""
        self._beat(connection)
        members = connection.execute(
            f"""WITH holders AS ({_LOCK_HOLDERS})
                SELECT m.member, m.topics, h.pid, m.beat_at < now() - make_interval(secs => %s)
                FROM bus_members m LEFT JOIN holders h USING (lock_key) WHERE m."group" = %s ORDER BY m.member""",  # noqa: S608 - a constant
            (self._member_timeout, self._group),
        ).fetchall()
        dead = [member for member, _, pid, _ in members if pid is None]
        if dead:
            connection.execute("DELETE FROM bus_members WHERE member = ANY(%s)", (dead,))
        for _, _, pid, stale in members:
            if pid is not None and stale:
                # Alive on the server but silent: frozen, or cut off. Ending its session takes its locks away,
                # and with them its right to commit.
                connection.execute("SELECT pg_terminate_backend(%s)", (pid,))
        living = [(member, topics) for member, topics, pid, _ in members if pid is not None]
        counts = connection.execute(
            "SELECT topic, partitions FROM bus_topics WHERE topic = ANY(%s) ORDER BY topic", (self._topics,)
        ).fetchall()
        share: set[Partition] = set()
        turn = 0
        for topic, partitions in counts:
            readers = [member for member, topics in living if topic in topics]
            for number in range(partitions):
                if readers[(turn + number) % len(readers)] == self._member:
                    share.add((topic, number))
            turn += partitions  # or small topics would all go to the first member
        return share

    def _start(self, connection: Connection, part: Partition) -> int:
        """Where the group goes on reading a partition: at its last commit, or at the oldest message there is."""
        row = connection.execute(
            """SELECT greatest(
                 (SELECT next_offset FROM bus_offsets WHERE "group" = %s AND topic = %s AND partition = %s),
                 (SELECT min("offset") FROM bus_log WHERE topic = %s AND partition = %s), 0)""",
            (self._group, *part, *part),
        ).fetchone()
        return int(row[0]) if row else 0

    def _fetch(self, connection: Connection, limit: int) -> list[Received]:
        while waiting := self._waiting(connection):
            upto = self._allot(waiting, limit)
            begins = {part: self._position[part] for part in upto}
            rows = connection.execute(
                """SELECT l.topic, l.partition, l."offset", l.key, l.value, l.headers
                   FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[]) AS w (topic, partition, begins, ends)
                   JOIN bus_log l ON l.topic = w.topic AND l.partition = w.partition
                                 AND l."offset" >= w.begins AND l."offset" < w.ends
                   ORDER BY 1, 2, 3""",
                (*_columns(begins), list(upto.values())),
            ).fetchall()
            self._position.update(upto)
            if rows:  # else the purge has taken them: look further on
                return [
                    Received(
                        topic,
                        number,
                        offset,
                        key,
                        value,
                        tuple((name, each.encode("latin-1")) for name, each in headers),
                    )
                    for topic, number, offset, key, value, headers in rows
                ]
        return []

    def _waiting(self, connection: Connection) -> dict[Partition, int]:
        """Assigned partitions with messages not yet polled, and where they end."""
        return {part: end for part, end in self._ends(connection).items() if end > self._position.get(part, end)}

    def _ends(self, connection: Connection) -> dict[Partition, int]:
        rows = connection.execute(
            "SELECT topic, partition, next_offset FROM bus_partitions WHERE topic = ANY(%s)", (self._topics,)
        ).fetchall()
        return {(topic, number): end for topic, number, end in rows}

    def _allot(self, waiting: dict[Partition, int], limit: int) -> dict[Partition, int]:
        """Up to where to read each partition: equal shares, another one first each time, what is over to the first."""
        parts = sorted(waiting)
        self._turn = (self._turn + 1) % len(parts)
        turned = (parts[self._turn :] + parts[: self._turn])[:limit]
        share, left = limit // len(turned), limit
        upto: dict[Partition, int] = {}
        for part in turned:
            upto[part] = min(waiting[part], self._position[part] + share)
            left -= upto[part] - self._position[part]
        for part in turned:
            more = min(left, waiting[part] - upto[part])
            upto[part] += more
            left -= more
        return upto

    def _sleep(self, connection: Connection, deadline: float) -> None:
        """Until one of the topics has grown, the group has changed, or it is time to look for oneself."""
        while (left := min(deadline, self._look_at) - time.monotonic()) > 0:
            # The generator is read to its end: it drops what arrived with the first and was not taken.
            woken = {notice.payload for notice in connection.notifies(timeout=left, stop_after=1)}
            if f"@{self._group}" in woken:
                self._look_at = 0.0
            elif woken.isdisjoint(self._topics):
                continue
            return


def _lock_key(group: str, part: Partition) -> int:
    digest = hashlib.sha256(f"{group}\0{part[0]}\0{part[1]}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _columns(offsets: dict[Partition, int]) -> list[list[Any]]:
    """Three arrays for unnest: topics, partitions, offsets."""
    return [[topic for topic, _ in offsets], [number for _, number in offsets], list(offsets.values())]
