"""Reads the file that says what stands on the one-page profile."""

from __future__ import annotations

from pathlib import Path

from rulebook.dictionary import Dictionary
from services.registry.domain.profile_file import ProfileLayout, parse_profile_layout


def load_profile_layout(file: Path, dictionary: Dictionary) -> ProfileLayout:
    """Raises ProfileLayoutInvalid with file and line."""
    return parse_profile_layout(file.read_text(encoding="utf-8"), {fact.id for fact in dictionary}, file.name)
