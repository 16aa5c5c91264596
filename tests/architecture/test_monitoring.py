"""Alerts and dashboards ask for metrics and labels that the code gives; a metric nobody looks at is said to be so."""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY

import gateway.proxy.accounting
import gateway.proxy.limits  # noqa: F401 - both make their metrics when imported
from chassis import telemetry

ROOT = Path(__file__).parents[2]
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "peiyu.json"

SELECTED = re.compile(r"\b(peiyu_[a-z_]+|up)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
GROUPED = re.compile(r"\bby\s*\(([^)]*)\)")
LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def given() -> dict[str, set[str]]:
    """Every sample name of ours with its labels."""
    found: dict[str, set[str]] = {}
    collectors: dict[Any, Any] = REGISTRY._collector_to_names
    for collector in collectors:
        for family in collector.describe() if hasattr(collector, "describe") else ():
            if not family.name.startswith("peiyu_"):
                continue
            labels = set(getattr(collector, "_labelnames", None) or getattr(family, "_labelnames", ()))
            if family.type == "counter":
                found[f"{family.name}_total"] = labels
            elif family.type == "histogram":
                found |= {f"{family.name}_bucket": labels | {"le"}}
                found |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
            else:
                found[family.name] = labels
    return found


def alerts() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def targets() -> list[dict[str, Any]]:
    return [target for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"] for target in panel["targets"]]


TARGET = {"job", "instance"}
"""Prometheus' own labels of what it scrapes."""

OF_ONE_PROCESS = {"peiyu_consumer_last_poll_timestamp_seconds", "peiyu_loop_silent_seconds", "up"}
"""What a process says of itself: of two replicas one may be silent while the other goes on."""


def check(expression: str) -> None:
    known = {name: labels | TARGET for name, labels in given().items()} | {"up": TARGET}
    selected = SELECTED.findall(expression)
    assert selected, expression
    labels: set[str] = set()
    for name, matchers in selected:
        assert name in known, f"{name} in: {expression}"
        assert set(MATCHER.findall(matchers)) <= known[name], expression
        labels |= known[name]
    for grouping in GROUPED.findall(expression):
        assert {each.strip() for each in grouping.split(",")} <= labels, expression
    assert expression.count("(") == expression.count(")")


def test_alerts_ask_for_what_there_is() -> None:
    rules = alerts()
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        check(rule["expr"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        grouped = {name.strip() for grouping in GROUPED.findall(rule["expr"]) for name in grouping.split(",")}
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= grouped, (rule["alert"], text)


def test_an_alert_on_one_process_is_not_silenced_by_another() -> None:
    asked = [rule for rule in alerts() if OF_ONE_PROCESS & {name for name, _ in SELECTED.findall(rule["expr"])}]
    assert len(asked) >= len(OF_ONE_PROCESS)
    for rule in asked:
        groupings = GROUPED.findall(rule["expr"])
        assert groupings, rule["alert"]
        assert all("instance" in grouping for grouping in groupings), rule["alert"]


def test_the_dashboard_asks_for_what_there_is() -> None:
    for target in targets():
        check(target["expr"])
        grouped = {name.strip() for grouping in GROUPED.findall(target["expr"]) for name in grouping.split(",")}
        assert set(LEGEND.findall(target["legendFormat"])) <= grouped, target


def test_operations_explains_every_metric() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in given()}
    assert sorted(name for name in families if f"`{name}`" not in text) == []


def test_labels_have_few_values() -> None:
    allowed = {
        "service", "method", "route", "status", "outcome", "group", "type", "topic", "partition", "kind", "schedule",
        "loop", "upstream", "role", "budget", "le",
    }  # fmt: skip
    assert {label for labels in given().values() for label in labels} == allowed


def test_the_check_itself_sees_the_gauges_of_the_database() -> None:
    assert {family.name for family in telemetry._DATABASES.describe()} <= set(given())
