"""How the parts are put together: what the declared topics mean for those who read them."""

from pathlib import Path

import pytest

from peiyu import parts, suite


def test_what_was_received_is_remembered_as_long_as_the_bus_can_give_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = tmp_path / "topics.yaml"
    declared.write_text(
        "topics:\n"
        "  registry.enterprises: {partitions: 8, retention_days: 14}\n"
        "  eligibility.packs: {partitions: 1, retention_days: 30}\n"
    )
    monkeypatch.setattr(parts, "TOPICS", declared)
    assert suite.kept_days("eligibility", 7) == 14
    assert suite.kept_days("eligibility", 20) == 20
    assert suite.kept_days("gateway", 7) == 7
