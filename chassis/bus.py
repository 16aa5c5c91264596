"""The bus port: what relay and consumers need of Kafka or of the embedded log, and the form of events on it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import yaml

from chassis.db import Transaction
from chassis.errors import Conflict, Unavailable
from contracts.events.base import Event

MAX_MESSAGE_BYTES = 1_000_000
"""Value and headers together, on every bus: what a Kafka broker with default settings accepts, less some room."""

MIN_RETENTION = dt.timedelta(days=7)

Partition = tuple[str, int]
"""(topic, partition)"""

Handler = Callable[[Transaction, Any], None]
Subscriptions = Mapping[type[Event], tuple[Handler, ...]]
"""Everything a service reacts to: event class → its handlers, called in this order in one transaction."""


class BusUnavailable(Unavailable):
    """The bus does not answer. What was to be published waits in the outbox; what is to be read waits on the bus."""

    code = "bus-unavailable"


class MessageRejected(Exception):
    """The bus answers but will never take this message as it is; others are not affected."""


class PartitionsLost(Exception):
    """Somebody else owns the partitions now: nothing was committed, and what was polled is delivered again."""


class TopicMismatch(Conflict):
    """A topic exists with another number of partitions; changing it would move keys and break their order."""

    code = "topic-mismatch"


class TopicRefused(Conflict):
    """The bus does not take a topic or a setting as it is declared."""

    code = "topic-refused"


class Undecodable(Exception):
    """A message is not a CloudEvent of version 1 in binary mode."""


class Message(NamedTuple):
    """What is appended to a topic. Messages of one key keep their order."""

    topic: str
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class Received(NamedTuple):
    """A message at its place on the bus."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic as it ought to be. None: whatever the cluster's default is.

    `compacted`: of what is older than `retention`, the last message of each key stays.
    """

    name: str
    partitions: int
    retention: dt.timedelta = MIN_RETENTION
    compacted: bool = False
    replication: int | None = None
    min_insync_replicas: int | None = None


@dataclass(frozen=True, slots=True)
class TopicApplied:
    """What `apply_topics` did to a topic; settings by Kafka's names, on the embedded bus too."""

    name: str
    made: bool = False
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """setting → (what it was, what it is now)"""
    replication: tuple[int, int] | None = None
    """(as it is, as it ought to be) where they differ: no bus changes it on being told"""


@dataclass(frozen=True, slots=True)
class TopicsApplied:
    topics: tuple[TopicApplied, ...]
    undeclared: tuple[str, ...]
    """On the bus under a declared topic's first word, and not declared."""


def undeclared(specs: Sequence[TopicSpec], existing: Iterable[str]) -> tuple[str, ...]:
    """Of the topics that exist, those that look like ours and are not among `specs`."""
    ours = {spec.name.partition(".")[0] for spec in specs}
    return tuple(sorted({name for name in existing if name.partition(".")[0] in ours} - {spec.name for spec in specs}))


def log_settings(retention: dt.timedelta, compacted: bool) -> dict[str, str]:
    """Nothing younger than the retention is compacted away, so a consumer that was down so long misses nothing."""
    milliseconds = str(int(retention.total_seconds() * 1000))
    return {
        "cleanup.policy": "compact" if compacted else "delete",
        "retention.ms": milliseconds,
        "min.compaction.lag.ms": milliseconds if compacted else "0",
    }


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """The settings of `after` that were others, with both values."""
    return {name: (before.get(name, ""), value) for name, value in after.items() if before.get(name) != value}


class Producer(Protocol):
    """Used by one thread, the relay's."""

    atomic: bool
    """Whether one call appends its messages in order or none of a topic; otherwise each stands for itself."""

    def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Append; one outcome per message, in order: None when the bus has it for good, else why not.

        Never raises for the bus' sake. A message with an outcome may nevertheless have been appended: who
        publishes it again makes a duplicate, which the consumer's inbox removes.
        """

    def close(self) -> None: ...


class Consumer(Protocol):
    """One member of a group. Used by one thread."""

    def poll(self, timeout: float, limit: int) -> list[Received]:
        """Up to `limit` messages, those of a partition in order; waits `timeout` seconds for the first."""

    def commit(self, wait: bool = True) -> None:
        """Never deliver again to this group what was polled so far. Raises PartitionsLost, BusUnavailable.

        Without `wait` it may go on during the next polls; then it is the next commit that raises what became of it.
        """

    def rewind(self) -> None:
        """Poll again from the last commit on: the work with what was polled has failed."""

    def seek_to(self, topic: str, partition: int, offset: int) -> None:
        """Continue at `offset` of an assigned partition (replay); LookupError when it is not assigned."""

    def assignment(self) -> set[Partition]:
        """The partitions this member reads at the moment."""

    def lag(self) -> dict[Partition, int]:
        """Messages on the bus and not yet polled, for each assigned partition."""

    def close(self) -> None:
        """Leave the group, so that the others take over at once."""


class Bus(Protocol):
    """Opening it and its producers and consumers never waits for the other side."""

    system: str
    """What it is called in traces: `messaging.system` of the semantic conventions."""

    def producer(self) -> Producer: ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer: ...

    def apply_topics(self, specs: Sequence[TopicSpec]) -> TopicsApplied:
        """Make what is missing and give the others the declared settings; messages stay. Says all that it did.

        Raises TopicMismatch, TopicRefused, BusUnavailable.
        """

    def purge(self) -> int:
        """Delete what is older than its topic's retention, where the bus does not do it by itself; how many."""

    def check(self) -> None:
        """Readiness: raise BusUnavailable unless the bus answers within seconds."""

    def close(self) -> None: ...


def open_bus(url: str) -> Bus:
    """The bus at `kafka://host:port[,host:port…]` or `postgresql://…` (the embedded one)."""
    # Imported here: the embedded run has no use for the Kafka client, production none for the other.
    if url.startswith("kafka://"):
        from chassis.bus_kafka import KafkaBus

        return KafkaBus(url)
    if url.startswith(("postgresql://", "postgres://", "postgresql+psycopg://")):
        from chassis.bus_postgres import PostgresBus

        return PostgresBus(url)
    raise ValueError("PEIYU_BUS_URL 必须以 kafka:// 或 postgresql:// 开头")


def load_topics(path: Path) -> list[TopicSpec]:
    """The topics of a file like deploy/topics.yaml."""
    declared = yaml.safe_load(path.read_text(encoding="utf-8"))["topics"]
    return [_declared(name, spec) for name, spec in declared.items()]


_TOPIC_FIELDS = {"partitions", "retention_days", "cleanup", "replication", "min_insync_replicas"}


def _declared(name: str, spec: Mapping[str, Any]) -> TopicSpec:
    cleanup = spec.get("cleanup", "delete")
    if unknown := sorted(set(spec) - _TOPIC_FIELDS):
        raise ValueError(
            f"主题 {name} 的声明中有不认识的字段 {'、'.join(unknown)}；可用：{'、'.join(sorted(_TOPIC_FIELDS))}"
        )
    if cleanup not in ("delete", "compact"):
        raise ValueError(f"主题 {name} 的 cleanup 是 {cleanup}，应为 delete 或 compact")
    return TopicSpec(
        name=name,
        partitions=int(spec["partitions"]),
        retention=max(dt.timedelta(days=spec["retention_days"]), MIN_RETENTION),
        compacted=cleanup == "compact",
        replication=spec.get("replication"),
        min_insync_replicas=spec.get("min_insync_replicas"),
    )


def refusal(message: Message) -> MessageRejected | None:
    """Why no bus takes this message, or None; the same on each, so that nothing depends on which one runs."""
    size, nul = len(message.value), "\0" in message.key
    for name, value in message.headers:
        size += len(name) + len(value)
        nul = nul or "\0" in name
    if size > MAX_MESSAGE_BYTES:
        return MessageRejected(f"{size} bytes are more than the {MAX_MESSAGE_BYTES} a message may have")
    if nul:
        return MessageRejected("the key or a header name contains NUL")
    try:
        message.key.encode()
    except UnicodeEncodeError:
        return MessageRejected("the key is not valid Unicode")
    return None


class Envelope(NamedTuple):
    """The CloudEvents attributes of a message, the correlation id and the trace it belongs to."""

    id: str
    type: str
    source: str
    subject: str
    time: dt.datetime | None = None
    correlation_id: str | None = None
    traceparent: str | None = None

    @property
    def event_id(self) -> uuid.UUID:
        """Identity for the inbox. CloudEvents: source and id together are unique; ours are UUIDs already."""
        try:
            return uuid.UUID(self.id)
        except ValueError:
            return uuid.uuid5(uuid.NAMESPACE_URL, f"{self.source}#{self.id}")


def encode(topic: str, key: str, envelope: Envelope, payload: bytes) -> Message:
    """A CloudEvent 1.0 in Kafka binary mode: attributes are headers, the value is the JSON payload."""
    attributes = (
        envelope.id,
        envelope.type,
        envelope.source,
        envelope.subject,
        envelope.time.isoformat() if envelope.time else None,
        envelope.correlation_id,
        envelope.traceparent,
    )
    headers = [(name, value.encode()) for name, value in zip(_ATTRIBUTES, attributes, strict=True) if value]
    return Message(topic, key, payload, (*_ALWAYS, *headers))


_ALWAYS = (("content-type", b"application/json"), ("ce_specversion", b"1.0"))
_ATTRIBUTES = ("ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "ce_correlationid", "ce_traceparent")


def decode(received: Received) -> Envelope:
    """The attributes of a received CloudEvent; raises Undecodable with the reason."""
    headers = dict(received.headers)
    if not all(map(str.islower, headers)):  # written by somebody else, whose capitals do not count
        headers = {name.lower(): value for name, value in received.headers}
    try:
        version, event_id, kind = headers["ce_specversion"], headers["ce_id"].decode(), headers["ce_type"].decode()
        source, time = headers["ce_source"].decode(), headers.get("ce_time")
        occurred_at = dt.datetime.fromisoformat(time.decode()) if time else None
        subject, correlation_id = headers.get("ce_subject", b"").decode(), headers.get("ce_correlationid", b"").decode()
        traceparent = headers.get("ce_traceparent", b"").decode()
    except KeyError as error:
        raise Undecodable(f"header {error.args[0]} is missing") from error
    except ValueError as error:  # covers UnicodeDecodeError
        raise Undecodable(f"a CloudEvents header cannot be read: {error}") from error
    if not version.startswith(b"1.") or not event_id or not kind:
        raise Undecodable(f"not a CloudEvent of version 1: {version!r}, id {event_id!r}, type {kind!r}")
    return Envelope(
        id=event_id,
        type=kind,
        source=source,
        subject=subject,
        time=occurred_at,
        correlation_id=correlation_id or None,
        traceparent=traceparent or None,
    )
