"""Reads the file of the rules of changes that the registry works by."""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.change_rules import ChangeRules
from services.registry.domain.change_rules_file import parse_change_rules


def load_change_rules(file: Path) -> ChangeRules:
    """Raises ChangeRulesInvalid with file and line."""
    return parse_change_rules(file.read_text(encoding="utf-8"), file.name)
