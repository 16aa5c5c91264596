"""Reads the file of certified items that the registry works by."""

from __future__ import annotations

from pathlib import Path

from services.registry.domain.items import ItemKinds
from services.registry.domain.items_file import parse_items


def load_item_kinds(file: Path) -> ItemKinds:
    """Raises ItemsInvalid with file and line."""
    return parse_items(file.read_text(encoding="utf-8"), file.name)
