"""Topics as they are declared, and as Kafka is told of them."""

import datetime as dt
from pathlib import Path

import pytest

from chassis.bus import TopicSpec, load_topics
from chassis.bus_kafka import _configs
from peiyu import parts

WEEK = str(7 * 86_400_000)


def declared(folder: Path, text: str) -> TopicSpec:
    file = folder / "topics.yaml"
    file.write_text(f"topics:\n  t: {{{text}}}\n", encoding="utf-8")
    (found,) = load_topics(file)
    return found


def test_everything_that_can_be_declared(tmp_path: Path) -> None:
    text = "partitions: 4, retention_days: 30, cleanup: compact, replication: 3, min_insync_replicas: 2"
    assert declared(tmp_path, text) == TopicSpec("t", 4, dt.timedelta(days=30), True, 3, 2)


def test_what_is_not_said_is_the_clusters_to_decide(tmp_path: Path) -> None:
    assert declared(tmp_path, "partitions: 1, retention_days: 1") == TopicSpec("t", 1, dt.timedelta(days=7))


@pytest.mark.parametrize("text", ["cleanup: shred", "cleanup: compact, retention_weeks: 2"])
def test_a_slip_of_the_pen_is_refused_by_the_topics_name(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="主题 t "):
        declared(tmp_path, f"partitions: 1, retention_days: 7, {text}")


def test_nothing_young_is_compacted_away() -> None:
    """A consumer that was down for the whole retention must find every message, not only each key's last."""
    assert _configs(TopicSpec("t", 1, compacted=True)) == {
        "cleanup.policy": "compact",
        "retention.ms": WEEK,
        "min.compaction.lag.ms": WEEK,
    }


def test_acknowledgement_by_several_is_said_only_where_it_is_declared() -> None:
    assert _configs(TopicSpec("t", 1))["cleanup.policy"] == "delete"
    assert "min.insync.replicas" not in _configs(TopicSpec("t", 1))
    assert _configs(TopicSpec("t", 1, min_insync_replicas=2))["min.insync.replicas"] == "2"


def test_the_shipped_file_serves_one_broker_and_three() -> None:
    topics = load_topics(parts.TOPICS)
    assert all(each.replication is None and each.min_insync_replicas is None for each in topics)
    assert {each.name for each in topics if each.compacted} == {"notification.assignments"}
