"""The Kafka bus: kafka-python behind the port, with every wait bounded (what was measured: ADR-0005)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    InvalidTopicError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAlreadyExistsError,
)

from chassis.bus import (
    BusUnavailable,
    Consumer,
    Message,
    MessageRejected,
    Producer,
    TopicApplied,
    TopicMismatch,
    TopicRefused,
    TopicsApplied,
    TopicSpec,
    differing,
    log_settings,
    refusal,
    undeclared,
)
from chassis.bus_kafka_client import opened, shut
from chassis.bus_kafka_consumer import KafkaGroupMember

BOOTSTRAP_MS = 3_000
BLOCK_MS = 3_000
"""The longest `send` may wait for metadata or room; kafka-python's own default is a minute."""

DELIVERY_MS = 10_000
FLUSH_SECONDS = 15.0
"""Longer than DELIVERY_MS: every future is decided before flush gives up, unless the client itself is stuck."""

MISSING_SECONDS = 30.0
"""How long a topic that was found missing is not asked for again: asking takes BLOCK_MS, and others wait."""

_OPTIONS = {
    "security_protocol": str,
    "sasl_mechanism": str,
    "ssl_cafile": str,
    "ssl_certfile": str,
    "ssl_keyfile": str,
    "session_timeout_ms": int,
}
_PORT = re.compile(r":\d+$")
_HOPELESS = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidTopicError)


class KafkaBus:
    """`kafka://[user:password@]host:port[,host:port…][?security_protocol=SASL_SSL&sasl_mechanism=…&ssl_cafile=…]`."""

    system = "kafka"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        credentials, _, hosts = parts.netloc.rpartition("@")
        user, _, password = credentials.partition(":")
        options: dict[str, Any] = {}
        for name, value in parse_qsl(parts.query, strict_parsing=bool(parts.query)):
            if name not in _OPTIONS:
                raise ValueError(f"PEIYU_BUS_URL 中的参数 {name} 不受支持；可用：{'、'.join(_OPTIONS)}")
            options[name] = _OPTIONS[name](value)
        servers = [server if _PORT.search(server) else f"{server}:9092" for server in hosts.split(",") if server]
        if not servers:
            raise ValueError("PEIYU_BUS_URL 缺少 Kafka 地址，例如 kafka://kafka:9092")
        if credentials:
            options |= {"sasl_plain_username": unquote(user), "sasl_plain_password": unquote(password)}
        self._session_timeout_ms = int(options.pop("session_timeout_ms", 15_000))
        self._connection: dict[str, Any] = {
            "bootstrap_servers": servers,
            "bootstrap_timeout_ms": BOOTSTRAP_MS,
            # The default of 30 seconds keeps a client away long after the broker is back.
            "reconnect_backoff_max_ms": 1_000,
            **options,
        }

    def producer(self) -> Producer:
        return KafkaSender(self._connection)

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        return KafkaGroupMember(self._connection, group, topics, self._session_timeout_ms)

    def apply_topics(self, specs: Sequence[TopicSpec]) -> TopicsApplied:
        with _reported(), self._admin() as admin:
            existing = {topic["name"]: topic for topic in admin.describe_topics()}
            for spec in specs:
                count = len(existing[spec.name]["partitions"]) if spec.name in existing else spec.partitions
                if count != spec.partitions:
                    raise TopicMismatch(
                        f"主题 {spec.name} 已有 {count} 个分区，不能改为 {spec.partitions} 个；"
                        "请恢复原值，或另建主题并迁移"
                    )
            missing = {spec.name: _as_kafka_wants(spec) for spec in specs if spec.name not in existing}
            if missing:
                with suppress(TopicAlreadyExistsError):  # another process was faster
                    admin.create_topics(missing, wait_for_metadata=True)
            kept = [spec for spec in specs if spec.name in existing]
            changed = _change(admin, kept)
            usual = _usual_replication(admin) if kept else None
        applied = (
            TopicApplied(spec.name, changed=changed[spec.name], replication=_replication(spec, existing, usual))
            if spec.name in existing
            else TopicApplied(spec.name, made=True)
            for spec in specs
        )
        others = [name for name, topic in existing.items() if not topic["is_internal"]]
        return TopicsApplied(tuple(applied), undeclared(specs, others))

    def purge(self) -> int:
        """The brokers do it: `retention.ms` of each topic."""
        return 0

    def check(self) -> None:
        with _reported(), self._admin() as admin:
            admin.describe_cluster()

    def close(self) -> None:
        """Nothing is shared: producers and consumers have clients of their own."""

    def _admin(self) -> KafkaAdminClient:
        return opened(KafkaAdminClient, self._connection, request_timeout_ms=BLOCK_MS)


class KafkaSender:
    """Sends all, flushes, and asks every future: flush itself never says that a record has failed."""

    atomic = False

    def __init__(self, connection: dict[str, Any]) -> None:
        self._connection = connection
        self._client: KafkaProducer | None = None
        self._missing: dict[str, float] = {}

    def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        outcomes: list[Exception | None] = [refusal(message) for message in messages]
        try:
            client = self._connected()
        except KafkaError as error:
            unavailable = _unavailable(error)
            return [outcome or unavailable for outcome in outcomes]
        futures: list[tuple[int, Any]] = []
        now = time.monotonic()
        given_up: dict[str, Exception] = {
            topic: _missing(topic) for topic, until in self._missing.items() if until > now
        }
        for place, message in enumerate(messages):
            if outcomes[place] is None and (outcome := given_up.get(message.topic)) is not None:
                outcomes[place] = outcome
            elif outcomes[place] is None:
                try:
                    futures.append((place, self._send(client, message)))
                except _HOPELESS as error:
                    outcomes[place] = MessageRejected(str(error))
                except KafkaError as error:
                    # It has waited BLOCK_MS; the other messages of this topic would each wait as long.
                    given_up[message.topic] = outcomes[place] = self._why(message.topic, error)
        with suppress(KafkaError):  # what is not done is not sent: the futures say it
            client.flush(FLUSH_SECONDS)
        for place, future in futures:
            outcomes[place] = _outcome(future)
        if any(isinstance(outcome, BusUnavailable) for outcome in outcomes):
            # A producer that has lost a batch may be beyond repair, and holds on to what we shall send again.
            self.close()
        return outcomes

    def _send(self, client: KafkaProducer, message: Message) -> Any:
        return client.send(message.topic, value=message.value, key=message.key.encode(), headers=list(message.headers))

    def _connected(self) -> KafkaProducer:
        if self._client is None:
            self._client = opened(
                KafkaProducer,
                self._connection,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                linger_ms=5,  # only while a batch is being handed over: flush sends at once
                batch_size=256 * 1024,
                max_block_ms=BLOCK_MS,
                request_timeout_ms=5_000,
                delivery_timeout_ms=DELIVERY_MS,
                allow_auto_create_topics=False,
                metrics_enabled=False,
            )
        return self._client

    def _why(self, topic: str, error: KafkaError) -> Exception:
        """A topic that does not exist looks like a broker that does not answer: ask which one it is."""
        if isinstance(error, KafkaTimeoutError):
            with suppress(KafkaError), opened(KafkaAdminClient, self._connection, request_timeout_ms=BLOCK_MS) as admin:
                if topic not in admin.list_topics():
                    self._missing[topic] = time.monotonic() + MISSING_SECONDS
                    return _missing(topic)
        return _unavailable(error)

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            shut(client)


def _missing(topic: str) -> Exception:
    return MessageRejected(f"topic {topic} does not exist; apply deploy/topics.yaml")


def _outcome(future: Any) -> Exception | None:
    if future.succeeded():
        return None
    if isinstance(future.exception, _HOPELESS):
        return MessageRejected(str(future.exception))
    return _unavailable(future.exception or KafkaTimeoutError("no answer from the broker"))


def _unavailable(error: BaseException) -> BusUnavailable:
    return BusUnavailable(f"Kafka 暂时无法访问：{error}")


def _configs(spec: TopicSpec) -> dict[str, str]:
    configs = log_settings(spec.retention, spec.compacted)
    if spec.min_insync_replicas is not None:
        configs["min.insync.replicas"] = str(spec.min_insync_replicas)
    return configs


def _change(admin: KafkaAdminClient, specs: Sequence[TopicSpec]) -> dict[str, dict[str, tuple[str, str]]]:
    """Give topics that exist the settings they lack; for each topic, what was another. Raises TopicRefused."""
    if not specs:
        return {}
    wanted = {spec.name: _configs(spec) for spec in specs}
    described = admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name, list(configs)) for name, configs in wanted.items()],
        config_filter="all",
    )["topic"]
    changed = {
        name: differing({setting: found["value"] for setting, found in described[name].items()}, configs)
        for name, configs in wanted.items()
    }
    altered = [
        ConfigResource(ConfigResourceType.TOPIC, name, {setting: now for setting, (_, now) in each.items()})
        for name, each in changed.items()
        if each
    ]
    if altered:
        outcomes = admin.alter_configs(altered)["topic"]
        if refused := {name: outcome for name, outcome in outcomes.items() if outcome != "OK"}:
            said = "；".join(f"{name}：{outcome}" for name, outcome in refused.items())
            raise TopicRefused(f"Kafka 不接受主题的声明，{said}。请改正 deploy/topics.yaml 后重试")
    return changed


def _usual_replication(admin: KafkaAdminClient) -> int | None:
    """How many replicas a topic that declares none is given now; None where the brokers do not tell."""
    try:
        (broker, *_) = admin.describe_cluster()["brokers"]
        resource = ConfigResource(ConfigResourceType.BROKER, str(broker["broker_id"]), ["default.replication.factor"])
        described = admin.describe_configs([resource], config_filter="all")["broker"]
        (settings,) = described.values()
        return int(settings["default.replication.factor"]["value"])
    except (KafkaError, LookupError, TypeError, ValueError):
        return None


def _replication(spec: TopicSpec, existing: dict[str, Any], usual: int | None) -> tuple[int, int] | None:
    actual = min(len(partition["replica_nodes"]) for partition in existing[spec.name]["partitions"])
    wanted = spec.replication or usual or actual
    return None if actual == wanted else (actual, wanted)


def _as_kafka_wants(spec: TopicSpec) -> dict[str, Any]:
    return {
        "num_partitions": spec.partitions,
        "replication_factor": spec.replication or -1,
        "configs": _configs(spec),
    }


@contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise _unavailable(error) from error
