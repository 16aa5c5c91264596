"""Reads the data files that the registry works by."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rulebook.dictionary import parse_dictionary
from rulebook.size_table import load_size_table
from services.registry.domain.knowledge import Knowledge


def load_knowledge(facts_folder: Path, size_rules_file: Path) -> Knowledge:
    """Compile dictionary and size rules; raises DictionaryInvalid or PackInvalid with file and line."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(facts_folder.glob("*.yaml"))}
    dictionary = parse_dictionary(texts)
    digest = hashlib.sha256("\0".join(f"{name}\0{text}" for name, text in texts.items()).encode()).hexdigest()
    rules = size_rules_file.read_text(encoding="utf-8")
    return Knowledge(dictionary, digest, load_size_table(rules, dictionary, size_rules_file.name))
