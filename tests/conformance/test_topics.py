"""Topics are brought to what is declared, and every change is said: on both buses, and by the command."""

import datetime as dt
import uuid
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from typer.testing import CliRunner

from chassis.bus import TopicApplied, TopicRefused, TopicSpec
from peiyu import parts
from peiyu.cli import app
from tests.conformance.rig import BusUnderTest

WEEK = "604800000"
MONTH = "2592000000"


@pytest.fixture
def prefix() -> str:
    """A first word of names that nobody else uses on the session's bus."""
    return f"p{uuid.uuid4().hex[:8]}"


def test_what_was_made_and_what_was_changed_is_said(under_test: BusUnderTest, prefix: str) -> None:
    bus = under_test.open()
    first, second = TopicSpec(f"{prefix}.first", 2), TopicSpec(f"{prefix}.second", 1)
    assert bus.apply_topics([first]).topics == (TopicApplied(first.name, made=True),)
    assert bus.apply_topics([first, second]).topics == (
        TopicApplied(first.name),
        TopicApplied(second.name, made=True),
    )
    longer = TopicSpec(first.name, 2, dt.timedelta(days=30), compacted=True)
    (applied,) = bus.apply_topics([longer]).topics
    assert applied.changed == {
        "retention.ms": (WEEK, MONTH),
        "cleanup.policy": ("delete", "compact"),
        "min.compaction.lag.ms": ("0", MONTH),
    }
    assert bus.apply_topics([longer, second]).topics == (TopicApplied(first.name), TopicApplied(second.name))


def test_topics_of_ours_that_are_not_declared_are_named(under_test: BusUnderTest, prefix: str) -> None:
    bus = under_test.open()
    kept, dropped, foreign = (
        TopicSpec(name, 1) for name in (f"{prefix}.kept", f"{prefix}.dropped", f"x{prefix}.other")
    )
    bus.apply_topics([kept, dropped, foreign])
    assert bus.apply_topics([kept]).undeclared == (dropped.name,)


@pytest.mark.kafka
def test_a_setting_that_is_not_declared_stays_and_one_that_is_refused_is_said(
    kafka_bus: BusUnderTest, prefix: str
) -> None:
    """kafka-python returns a refusal among its results and raises nothing."""
    bus = kafka_bus.open()
    spec = TopicSpec(f"{prefix}.topic", 1)
    bus.apply_topics([spec])
    set_by_hand(kafka_bus, spec.name, {"segment.bytes": "1048576", "retention.ms": "3600000"})
    (applied,) = bus.apply_topics([spec]).topics
    assert applied.changed == {"retention.ms": ("3600000", WEEK)}
    assert setting(kafka_bus, spec.name, "segment.bytes") == "1048576"
    with pytest.raises(TopicRefused, match=r"min\.insync\.replicas"):
        bus.apply_topics([TopicSpec(spec.name, 1, min_insync_replicas=-4)])


@pytest.mark.kafka
def test_replicas_that_differ_are_said(kafka_bus: BusUnderTest, prefix: str) -> None:
    bus = kafka_bus.open()
    name = f"{prefix}.topic"
    bus.apply_topics([TopicSpec(name, 1)])
    (applied,) = bus.apply_topics([TopicSpec(name, 1, replication=3)]).topics
    assert applied.replication == (1, 3)
    assert not applied.changed


@pytest.mark.kafka
def test_the_command_says_each_change_and_that_all_is_well_only_when_it_was(
    kafka_bus: BusUnderTest, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = tmp_path / "topics.yaml"
    declared.write_text(f"topics:\n  {prefix}.one: {{partitions: 2, retention_days: 7}}\n", "utf-8")
    monkeypatch.setattr(parts, "TOPICS", declared)
    monkeypatch.setenv("PEIYU_HOME", str(tmp_path))
    monkeypatch.setenv("PEIYU_BUS_URL", kafka_bus.url)
    assert apply() == f"{prefix}.one：新建。\n主题：新建 1 个，改动 0 个，其余不变。\n"
    assert apply() == "主题齐全。\n"

    set_by_hand(kafka_bus, f"{prefix}.one", {"retention.ms": "3600000"})
    kafka_bus.open().apply_topics([TopicSpec(f"{prefix}.of_old", 1)])
    third = apply()
    assert f"{prefix}.one：retention.ms 由 3600000（1 小时） 改为 604800000（7 天）。" in third
    assert f"{prefix}.of_old：总线上有，但未声明" in third
    assert "新建 0 个，改动 1 个" in third
    assert "主题齐全" not in third

    declared.write_text(f"topics:\n  {prefix}.one: {{partitions: 2, retention_days: 7, replication: 3}}\n", "utf-8")
    fourth = apply()
    assert "应有 3 个副本，现有 1 个" in fourth
    assert f"{prefix}.of_old" in fourth
    assert "主题齐全" not in fourth


def apply() -> str:
    ran = CliRunner().invoke(app, ["topics", "apply"])
    assert ran.exit_code == 0, ran.output
    return ran.output


def set_by_hand(bus: BusUnderTest, topic: str, configs: dict[str, str]) -> None:
    with admin(bus) as client:
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs)])


def setting(bus: BusUnderTest, topic: str, name: str) -> str:
    with admin(bus) as client:
        described = client.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, [name])], config_filter="all"
        )
    return str(described["topic"][topic][name]["value"])


def admin(bus: BusUnderTest) -> KafkaAdminClient:
    assert bus.broker is not None
    return KafkaAdminClient(bootstrap_servers=bus.broker.bootstrap)
