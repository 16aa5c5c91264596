"""The packs in use, compiled: which edition serves a title, a kind and a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from rulebook.dictionary import Dictionary
from rulebook.editions import NoEditionInForce, find_pack
from rulebook.loader import load_pack
from rulebook.pack import Pack
from services.eligibility.domain.errors import NoPackInForce


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A version of a pack as the database holds it."""

    sha256: str
    file: str
    body: str


class Catalog:
    """Compiles packs once per content hash. Safe to share between threads."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._compiled = lru_cache(maxsize=512)(self._compile)

    def compile(self, stored: StoredPack) -> Pack:
        return self._compiled(stored)

    def _compile(self, stored: StoredPack) -> Pack:
        return load_pack(stored.body, self.dictionary, stored.file)


@dataclass(frozen=True, slots=True)
class Editions:
    """The active packs at one moment."""

    packs: tuple[Pack, ...]

    @classmethod
    def of(cls, packs: Iterable[Pack]) -> Editions:
        return cls(tuple(sorted(packs, key=lambda pack: (pack.title, pack.in_force_from, pack.id))))

    def titles(self) -> tuple[str, ...]:
        """Titles that have rules, in order."""
        return tuple(sorted({pack.title for pack in self.packs}))

    def find(self, title: str, kind: str, day: dt.date, district: str | None) -> Pack | None:
        """The edition for (title, kind, application date, district of registration); of several the latest."""
        return find_pack(self.packs, title, kind, day, district)

    def get(self, title: str, kind: str, day: dt.date, district: str | None) -> Pack:
        pack = self.find(title, kind, day, district)
        if pack is None:
            known = tuple(pack for pack in self.packs if pack.title == title and kind in pack.kinds)
            raise NoPackInForce(str(NoEditionInForce(title, kind, day, district, known)))
        return pack

    def by_hash(self) -> Mapping[str, Pack]:
        return {pack.sha256: pack for pack in self.packs}
