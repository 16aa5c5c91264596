"""What a test looks at: which columns a population needs, and what can be missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from rulebook.columnar_frame import Key, year_of
from rulebook.columnar_measures import refs_of
from rulebook.columnar_records import asked_fields, field_key
from rulebook.columnar_standing import cancellations_key, ledger_key, size_keys, unclassified_key, validity_key
from rulebook.dictionary import Fact
from rulebook.pack import (
    Compare,
    CompareTotal,
    DaysSince,
    Entries,
    Equals,
    Found,
    Growth,
    Holds,
    Measure,
    NoBan,
    Ref,
    Share,
    SizeIn,
    Term,
    Test,
    Total,
)
from rulebook.wording import period_label


@dataclass(frozen=True, slots=True)
class Reads:
    """One thing that is read: a fact in a year (with these fields, if it has entries), title ledgers or the size."""

    fact: Fact | None = None
    offset: int | None = None
    fields: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    bans: bool = False
    size: bool = False
    silent: bool = False
    """What is missing of it is not named."""
    conditional: bool = False
    """Only read in some rows."""
    term: Term | None = None
    """Only read on these days of application."""
    expert: bool = False
    """Points that experts give."""

    @property
    def dynamic(self) -> bool:
        """Whether a test has to be judged to know what is missing."""
        return bool(self.conditional or self.fields or self.titles or self.bans or self.size)

    def year(self, day: date) -> int:
        assert self.fact is not None  # ledgers and sizes have no year
        return year_of(self.fact, self.offset, day)


def reads_of(leaf: Test | Measure) -> Iterator[Reads]:
    """What a single test or measure reads."""
    match leaf:
        case Compare():
            yield from reads_of(leaf.measure)
        case Equals():
            yield Reads(leaf.ref.fact, leaf.ref.offset)
        case Found():
            yield Reads(leaf.fact)
        case Entries():
            yield Reads(leaf.fact)
            yield Reads(leaf.fact, fields=tuple(asked_fields(leaf)))
        case CompareTotal():
            yield Reads(leaf.total.fact)
            yield Reads(leaf.total.fact, fields=tuple(asked_fields(leaf)))
        case Holds():
            yield Reads(titles=leaf.titles)
        case NoBan():
            yield Reads(titles=leaf.titles, bans=True)
        case SizeIn():
            yield Reads(size=True)
        case Ref():
            yield Reads(leaf.fact, leaf.offset)
        case Share():
            yield from reads_of(leaf.part)
            yield from reads_of(leaf.whole)
        case Total() if leaf.since is not None:
            yield Reads(leaf.since)
            yield from (Reads(ref.fact, ref.offset, conditional=True) for ref in leaf.refs)
        case Total() | Growth() | DaysSince():
            yield from (Reads(ref.fact, ref.offset) for ref in refs_of(leaf))


def keys_read(read: Reads, day: date) -> Iterator[Key]:
    """Everything that may turn out to be missing of it."""
    if read.silent or (read.term is not None and not read.term.covers(day)):
        return
    if read.bans:
        yield cancellations_key()
    elif read.titles:
        yield ledger_key(read.titles)
        yield from (validity_key(title) for title in read.titles)
    elif read.size:
        yield unclassified_key()
        yield from size_keys(day.year - 1)
    elif read.fields:
        assert read.fact is not None  # fields are of a fact
        yield from (field_key(read.fact, name) for name in read.fields)
    elif read.fact is not None:
        year = read.year(day)
        kind = "finding" if read.expert or read.fact.type == "finding" else "fact"
        yield (read.fact.id, year, period_label(read.fact, year), kind)
