"""The packs in use, compiled: which edition serves a title, a kind and a date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rulebook.dependencies import settled_until
from rulebook.dictionary import Dictionary
from rulebook.editions import NoEditionInForce, find_pack
from rulebook.loader import load_pack
from rulebook.pack import Pack
from rulebook.subject import Subject
from services.eligibility.domain.errors import NoPackInForce


@dataclass(frozen=True, slots=True)
class StoredPack:
    """A version of a pack as the database holds it."""

    sha256: str
    file: str
    body: str


class Serving(NamedTuple):
    """Application dates that one version serves, both included; open ends are null."""

    sha256: str
    first_on: dt.date | None = None
    last_on: dt.date | None = None

    def covers(self, day: dt.date) -> bool:
        return (self.first_on is None or self.first_on <= day) and (self.last_on is None or day <= self.last_on)


class Catalog:
    """Compiles packs once per content hash. Safe to share between threads."""

    def __init__(self, dictionary: Dictionary, ground: str) -> None:
        """`ground`: digest of what outcomes rest on beside packs: the engine, the dictionary, the size table."""
        self.dictionary = dictionary
        self.ground = ground
        self._compiled = lru_cache(maxsize=512)(self._compile)
        self._known: tuple[tuple[Serving, ...], Editions] = ((), Editions(()))

    def compile(self, stored: StoredPack) -> Pack:
        return self._compiled(stored)

    def editions(
        self, serving: tuple[Serving, ...], texts: Callable[[Collection[str]], Iterable[StoredPack]]
    ) -> Editions:
        """The editions that the database names. Nobody has to tell a process that they changed: it compares what it
        was told last with what every transaction reads, and asks for texts only when that is something else."""
        known, editions = self._known
        if serving != known:
            packs = {each.sha256: self.compile(each) for each in texts({one.sha256 for one in serving})}
            editions = Editions.of((packs[each.sha256], each) for each in serving)
            self._known = (serving, editions)
        return editions

    def _compile(self, stored: StoredPack) -> Pack:
        return load_pack(stored.body, self.dictionary, stored.file)


@dataclass(frozen=True, slots=True)
class Editions:
    """Every version that serves some application date. `packs` are those in use: they serve dates to come."""

    versions: tuple[tuple[Pack, Serving], ...]
    packs: tuple[Pack, ...] = ()

    @classmethod
    def of(cls, versions: Iterable[tuple[Pack, Serving]]) -> Editions:
        found = tuple(sorted(versions, key=lambda each: (each[0].title, each[0].in_force_from, each[0].id)))
        return cls(found, tuple(pack for pack, serving in found if serving.last_on is None))

    def titles(self) -> tuple[str, ...]:
        """Titles that have rules or had some, in order."""
        return tuple(sorted({pack.title for pack, _ in self.versions}))

    def of_title(self, title: str) -> tuple[Pack, ...]:
        """The versions in use for a title."""
        return tuple(pack for pack in self.packs if pack.title == title)

    def find(self, title: str, kind: str, day: dt.date, district: str | None) -> Pack | None:
        """The edition for (title, kind, application date, district of registration); of several the latest.

        An application of a day on which another version served is judged by that one.
        """
        return find_pack(self._serving(title, day), title, kind, day, district)

    def get(self, title: str, kind: str, day: dt.date, district: str | None) -> Pack:
        pack = self.find(title, kind, day, district)
        if pack is None:
            known = tuple(each for each in self._serving(title, day) if kind in each.kinds)
            raise NoPackInForce(str(NoEditionInForce(title, kind, day, district, known)))
        return pack

    def succession(
        self, title: str, kind: str, pack: Pack, day: dt.date, district: str | None
    ) -> tuple[dt.date, Pack | None] | None:
        """The last day after `day` on which the pack serves, and what serves on the next one; None when nothing in use
        or in the pack ends it."""
        one = dt.timedelta(days=1)
        turns = {term.start for each, _ in self.versions if each.title == title and (term := each.term(kind))}
        turns |= {
            term.end + one
            for each, _ in self.versions
            if each.title == title and (term := each.term(kind)) and term.end
        }
        turns |= {serving.first_on for each, serving in self.versions if each.title == title and serving.first_on}
        turns |= {serving.last_on + one for each, serving in self.versions if each.title == title and serving.last_on}
        for turn in sorted(each for each in turns if each > day):
            found = self.find(title, kind, turn, district)
            if found is None or found.sha256 != pack.sha256:
                return turn - one, found
        return None

    def _serving(self, title: str, day: dt.date) -> list[Pack]:
        return [pack for pack, serving in self.versions if pack.title == title and serving.covers(day)]

    def with_draft(self, draft: Pack) -> Editions:
        """As if the draft had always been in use, in the place of its own earlier versions: what a simulation asks."""
        kept = (each for each in self.versions if each[0].id != draft.id)
        return Editions.of((*kept, (draft, Serving(draft.sha256))))

    def settled_until(self, title: str, pack: Pack | None, subject: Subject, day: dt.date) -> dt.date:
        """The first later day on which the outcome for the title may be another one though nobody says anything.

        `pack` is the edition that serves the title now; None when it is held and has no rules for a review.
        """
        editions = self.of_title(title)
        days = {settled_until(each, subject, day) for each in ([pack] if pack else editions)}
        for _, term in (term for each in editions for term in each.terms):
            days.add(term.start)
            if term.end is not None:
                days.add(term.end + dt.timedelta(days=1))
        return min((one for one in days if one > day), default=dt.date(day.year + 1, 1, 1))

    def by_hash(self) -> Mapping[str, Pack]:
        return {pack.sha256: pack for pack in self.packs}
