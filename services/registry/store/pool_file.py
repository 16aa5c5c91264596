"""Reads the file of the pool's rules that the registry works by."""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.items import ItemKinds
from services.registry.domain.pool import PoolRules
from services.registry.domain.pool_file import parse_pool_rules


def load_pool_rules(file: Path, kinds: ItemKinds) -> PoolRules:
    """Raises PoolRulesInvalid with file and line."""
    return parse_pool_rules(file.read_text(encoding="utf-8"), tuple(kinds.kinds), file.name)
