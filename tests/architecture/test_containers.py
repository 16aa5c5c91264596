"""What docs/operations.md tells an operator to set reaches the containers."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"`((?:PEIYU|OTEL)_[A-Z_]+)(?:=\w+)?`")
OF_THE_OPERATOR = re.compile(r"\$\{(\w+)(?::-[^}]*)?\}")


def section(heading: str) -> str:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    return text.split(f"\n{heading}\n")[1].split("\n## ")[0]


def told() -> set[str]:
    """Variables in the first column of the tables on containers and on traces."""
    rows = [line for part in ("## Containers", "## Watching it") for line in section(part).splitlines() if "|" in line]
    return {name for row in rows if row.startswith("|") for name in VARIABLE.findall(row.split("|")[1])}


def containers() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return found


def test_every_variable_that_operations_names_is_asked_for() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    names = told()
    assert {"PEIYU_RETENTION_DAYS", "OTEL_TRACES_SAMPLER", "OTEL_SDK_DISABLED"} <= names
    assert names - set(OF_THE_OPERATOR.findall(text)) == set()


def test_what_holds_for_every_process_reaches_every_process() -> None:
    common = {name for name in told() if name.startswith("OTEL_")} | {
        "PEIYU_BUS_URL", "PEIYU_LOG_LEVEL", "PEIYU_POOL_SIZE", "PEIYU_RETENTION_DAYS",
        "PEIYU_STATEMENT_TIMEOUT_SECONDS",
    }  # fmt: skip
    ours = {name: each for name, each in containers().items() if each.get("command", [""])[0] in ("serve", "work")}
    assert len(ours) == 10
    for name, each in ours.items():
        assert common - set(each["environment"]) == set(), name
