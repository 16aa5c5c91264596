"""Reads the file of life cycles that the registry works by."""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.life_cycle import LifeCycles
from services.registry.domain.life_cycle_file import parse_life_cycles


def load_life_cycles(file: Path) -> LifeCycles:
    """Raises LifeCyclesInvalid with file and line."""
    return parse_life_cycles(file.read_text(encoding="utf-8"), file.name)
