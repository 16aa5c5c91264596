"""One member of a Kafka consumer group, whose client lives on a thread of its own so that no call waits for ever."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.base import MemberState
from kafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    KafkaError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)
from kafka.structs import OffsetAndMetadata

from chassis import logging
from chassis.bus import BusUnavailable, Partition, PartitionsLost, Received
from chassis.bus_kafka_client import dial, opened

COMMIT_MS = 5_000
LAG_MS = 2_000
JOINING_MS = 1_000
AHEAD_MS = 100
"""How long the client looks for the next batch while the last one is worked on; what asks for it meanwhile waits."""
GRACE_SECONDS = 10.0
"""How much longer than its own timeout a call may take until the client counts as stuck and is made anew."""

LOOK_SECONDS = 5.0
"""How often a member that receives nothing makes sure that the broker and its partitions are there."""
UNSETTLED_SECONDS = 60.0
"""A member that has not been a stable one for so long is made anew."""

_LOST = (CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError)
_VALUE = itemgetter(1)
_T = TypeVar("_T")


class KafkaGroupMember:
    """Implements chassis.bus.Consumer."""

    def __init__(self, connection: dict[str, Any], group: str, topics: Sequence[str], session_timeout_ms: int) -> None:
        self._connection = connection
        self._config = {
            "group_id": group,
            "client_id": f"peiyu-{group}",
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            # The one assignor whose faults are known; the sticky ones had endless loops in the 3.0 line.
            "partition_assignment_strategy": (RangePartitionAssignor,),
            "session_timeout_ms": session_timeout_ms,
            "heartbeat_interval_ms": session_timeout_ms // 5,
            "request_timeout_ms": 10_000,
            "metadata_max_age_ms": 30_000,  # a topic that is made later is noticed within half a minute
            "allow_auto_create_topics": False,
            "metrics_enabled": False,
        }
        self._topics = tuple(topics)
        self._client: _Confined | None = None
        self._polled_from: dict[TopicPartition, int] = {}
        self._polled_to: dict[TopicPartition, int] = {}
        self._ahead: _Ahead | None = None
        self._committing: _Commit | None = None
        self._looked_at = self._settled_at = 0.0

    def poll(self, timeout: float, limit: int) -> list[Received]:
        batches = self._polled_ahead(limit)
        if not batches:
            milliseconds = int(timeout * 1000)
            batches = self._call(lambda consumer: _poll(consumer, milliseconds, limit), timeout)
        if not batches:
            self._look_around()
        received: list[Received] = []
        for part, records in batches.items():
            self._polled_from.setdefault(part, records[0].offset)
            self._polled_to[part] = records[-1].offset + 1
            received.extend(_received(record) for record in records)
        if len(received) == limit and self._client is not None:  # there is probably more
            self._ahead = _Ahead(self._client.begin(lambda consumer: _poll(consumer, AHEAD_MS, limit)), limit)
        return received

    def commit(self, wait: bool = True) -> None:
        commits = [self._committing] if self._committing is not None else []
        self._committing = None
        if self._polled_to:
            if self._client is None:
                self._forget()
                raise PartitionsLost("the client that polled has been given up")
            starts, ends = self._polled_from, self._polled_to
            self._polled_from, self._polled_to = {}, {}
            begun = _Commit(self._client.begin(lambda consumer: _commit(consumer, ends)), starts, ends)
            if wait:
                commits.append(begun)
            else:
                self._committing = begun
        for commit in commits:
            self._make_sure(commit)

    def rewind(self) -> None:
        # Where this member began since its last commit: no need to ask a broker that may be away.
        starts, self._polled_from, self._polled_to = self._polled_from, {}, {}
        self._put_back(starts)

    def seek_to(self, topic: str, partition: int, offset: int) -> None:
        part = TopicPartition(topic, partition)
        self._put_back({})
        if part not in self._call(lambda consumer: consumer.assignment(), 0.0):
            raise LookupError(f"{topic}/{partition} is not assigned to this member")
        self._call(lambda consumer: consumer.seek(part, offset), 0.0)
        self._polled_from[part] = self._polled_to[part] = offset

    def assignment(self) -> set[Partition]:
        if self._client is None:
            return set()
        return {(part.topic, part.partition) for part in self._call(lambda consumer: consumer.assignment(), 0.0)}

    def lag(self) -> dict[Partition, int]:
        if self._client is None:
            return {}
        ahead = self._ahead
        return self._call(
            lambda consumer: _lag(consumer, ahead.starts() if ahead else {}), 2 * LAG_MS / 1000, keep=True
        )

    def close(self) -> None:
        client, self._client = self._client, None
        self._forget()
        if client is not None:
            with suppress(KafkaError, TimeoutError):
                client.call(lambda consumer: consumer.close(timeout_ms=2_000), 2.0 + GRACE_SECONDS)
            client.end()

    def _polled_ahead(self, limit: int) -> dict[TopicPartition, list[Any]]:
        """What the client has found since the last poll. More than is wanted now is polled again."""
        if self._ahead is not None and self._ahead.limit > limit:
            self._put_back({})
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return {}
        with _reported():
            return self._result(ahead.found, AHEAD_MS / 1000)

    def _make_sure(self, commit: _Commit) -> None:
        try:
            with _lost_as_partitions_lost(), _reported():
                self._result(commit.made, COMMIT_MS / 1000, keep=True)
        except BusUnavailable:
            if self._client is not None:  # it is still to be committed
                self._polled_from = self._polled_from | commit.starts
                self._polled_to = commit.ends | self._polled_to
            raise

    def _put_back(self, starts: dict[TopicPartition, int]) -> None:
        """Continue at `starts`, and where what was polled ahead began."""
        ahead, self._ahead = self._ahead, None
        if self._client is not None and (starts or ahead):
            self._call(lambda consumer: _seek(consumer, (ahead.starts() if ahead else {}) | starts), 0.0)

    def _call(self, work: Callable[[KafkaConsumer], _T], timeout: float, keep: bool = False) -> _T:
        """Let the client's thread do it. A client that is stuck or has failed is given up, unless told to keep it."""
        with _reported():
            if self._client is None:
                self._client = _Confined(self._make, timeout=3.0 + GRACE_SECONDS)
                self._looked_at = self._settled_at = time.monotonic()
            return self._result(self._client.begin(work), timeout, keep)

    def _result(self, begun: Future[_T], timeout: float, keep: bool = False) -> _T:
        try:
            return begun.result(timeout + GRACE_SECONDS)
        except TimeoutError:
            logging.get(__name__).error("kafka client is stuck", group=self._config["group_id"])
            self._give_up()
            raise
        except KafkaError as error:
            if not keep and not isinstance(error, _LOST):
                self._give_up()
            raise

    def _look_around(self) -> None:
        """Nothing came: because there is nothing, because nobody is there, or because nothing is assigned?

        A client whose broker has gone keeps trying, and leaks a descriptor each time until the garbage collector
        runs; it says nothing either. One that has missed an update of the metadata stays without partitions.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            dial(self._connection["bootstrap_servers"])
        except KafkaError as error:
            self._give_up()
            raise BusUnavailable(f"Kafka 暂时无法访问：{error}") from error
        if self._call(lambda consumer: consumer.group_metadata().state is MemberState.STABLE, 0.0):
            self._settled_at = now
        elif now - self._settled_at > UNSETTLED_SECONDS:
            logging.get(__name__).error("kafka client does not settle in its group", group=self._config["group_id"])
            self._give_up()
        elif not self.assignment():
            self._call(lambda consumer: consumer.topics(), 0.0)

    def _make(self) -> KafkaConsumer:
        consumer = opened(KafkaConsumer, self._connection, **self._config)
        try:
            consumer.subscribe(self._topics)
            # A client that joins its group before it knows its topics is assigned nothing, and forgets to ask for
            # them when a request for metadata is under way just then: nothing until the metadata expires.
            consumer.topics()
        except BaseException:
            consumer.close(timeout_ms=0)
            raise
        return consumer

    def _give_up(self) -> None:
        if self._client is not None:
            self._client.end()
        self._client = None
        self._forget()

    def _forget(self) -> None:
        self._polled_from, self._polled_to = {}, {}
        self._ahead = self._committing = None


class _Commit(NamedTuple):
    """A commit under way on the client's thread, of what was polled from `starts` on and up to `ends`."""

    made: Future[None]
    starts: dict[TopicPartition, int]
    ends: dict[TopicPartition, int]


class _Ahead(NamedTuple):
    """A poll under way on the client's thread. What it finds is handed out by the next poll."""

    found: Future[dict[TopicPartition, list[Any]]]
    limit: int

    def starts(self) -> dict[TopicPartition, int]:
        """Where it began; for the client's thread, which is through with it."""
        if self.found.exception() is not None:
            return {}
        return {part: records[0].offset for part, records in self.found.result().items()}


class _Confined:
    """A Kafka consumer and the one thread that touches it."""

    def __init__(self, make: Callable[[], KafkaConsumer], timeout: float) -> None:
        self._tasks: queue.SimpleQueue[tuple[Callable[[KafkaConsumer], Any], Future[Any]] | None] = queue.SimpleQueue()
        made: Future[None] = Future()
        # A daemon: a stuck client must not keep the process from ending.
        threading.Thread(target=self._serve, args=(make, made), name="kafka-consumer", daemon=True).start()
        try:
            made.result(timeout)
        except TimeoutError:
            self.end()
            raise

    def _serve(self, make: Callable[[], KafkaConsumer], made: Future[None]) -> None:
        try:
            consumer = make()
        except Exception as error:
            made.set_exception(error)
            return
        made.set_result(None)
        while (task := self._tasks.get()) is not None:
            work, done = task
            try:
                done.set_result(work(consumer))
            except Exception as error:
                done.set_exception(error)
        with suppress(KafkaError):
            consumer.close(timeout_ms=1_000)

    def begin(self, work: Callable[[KafkaConsumer], _T]) -> Future[_T]:
        """To be done after everything that was begun before."""
        done: Future[_T] = Future()
        self._tasks.put((work, done))
        return done

    def call(self, work: Callable[[KafkaConsumer], _T], timeout: float) -> _T:
        return self.begin(work).result(timeout)

    def end(self) -> None:
        """Close the client as soon as it can be reached, without waiting for that."""
        self._tasks.put(None)


def _poll(consumer: KafkaConsumer, milliseconds: int, limit: int) -> dict[TopicPartition, list[Any]]:
    coordinator = consumer._coordinator
    if coordinator._join_task is not None:
        # 3.0.12: a leader that joins again because the metadata has changed, and whose poll ends before the join
        # does, never comes back to it, since its own assignment makes the reason disappear. So it is told to. And a
        # join that ends between two polls is thrown away and begun anew, for all members: so the poll is a long one.
        coordinator.request_rejoin()
        milliseconds = max(milliseconds, JOINING_MS)
    batches: dict[TopicPartition, list[Any]] = consumer.poll(milliseconds, max_records=limit)
    return batches


def _seek(consumer: KafkaConsumer, starts: dict[TopicPartition, int]) -> None:
    assigned = consumer.assignment()
    for part, offset in starts.items():
        if part in assigned:  # what was lost is delivered to its new owner from the last commit on
            consumer.seek(part, offset)


def _commit(consumer: KafkaConsumer, ends: dict[TopicPartition, int]) -> None:
    """A partition that went to another member is that member's to commit."""
    assigned = consumer.assignment()
    offsets = {part: OffsetAndMetadata(offset, "", -1) for part, offset in ends.items() if part in assigned}
    if offsets:
        consumer.commit(offsets, timeout_ms=COMMIT_MS)


def _lag(consumer: KafkaConsumer, ahead: dict[TopicPartition, int]) -> dict[Partition, int]:
    parts = list(consumer.assignment())
    ends = consumer.end_offsets(parts, timeout_ms=LAG_MS) if parts else {}
    positions = {part: consumer.position(part, timeout_ms=LAG_MS) for part in parts} | ahead
    return {(part.topic, part.partition): max(0, ends[part] - (positions[part] or 0)) for part in parts}


def _received(record: Any) -> Received:
    return Received(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=(record.key or b"").decode(errors="replace"),
        value=record.value or b"",
        headers=tuple(record.headers)
        if all(map(_VALUE, record.headers))
        else tuple((name, value or b"") for name, value in record.headers),
    )


@contextmanager
def _lost_as_partitions_lost() -> Iterator[None]:
    try:
        yield
    except _LOST as error:
        raise PartitionsLost(str(error)) from error


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except _LOST:
        raise
    except TimeoutError as error:
        raise BusUnavailable("Kafka 客户端没有响应，正在重新连接") from error
    except KafkaError as error:
        raise BusUnavailable(f"Kafka 暂时无法访问：{error}") from error
