"""Versions of programmes, compiled once per process: a version's text never changes, its hash names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from services.registry.domain.programmes.loader import load_programme
from services.registry.domain.programmes.model import Programme, Vocabulary


@dataclass(frozen=True, slots=True)
class Catalog:
    """Compiles with one vocabulary; `compile` raises ProgrammeInvalid with every problem."""

    vocabulary: Vocabulary
    _stored: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        kept = lru_cache(maxsize=64)(lambda sha256, body, file: load_programme(body, self.vocabulary, file))
        object.__setattr__(self, "_stored", kept)

    def compile(self, body: str, file: str) -> Programme:
        return load_programme(body, self.vocabulary, file)

    def stored(self, sha256: str, body: str, file: str) -> Programme:
        """A version that the database keeps."""
        found: Programme = self._stored(sha256, body, file)
        return found
