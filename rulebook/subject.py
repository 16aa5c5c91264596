"""What is assessed: the facts, titles and size class of one enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from rulebook.size import SizeResult

REGISTER = "register"
"""Source of what stands in the register of enterprises and not among the facts."""
POINT = 0
"""The year under which facts of the period `point` are kept."""


@dataclass(slots=True)
class FactValue:
    """A canonical value (see rulebook.values) with where it comes from. `as_of` dates the value itself.

    Never changed, though not frozen: an enterprise has some two hundred, and a frozen one takes twice as long to make.
    """

    value: object
    source: str
    as_of: date | None = None
    recorded_at: datetime | None = None
    number: Decimal | int | None = field(default=None, init=False, repr=False, compare=False)
    """The value as a figure, kept by whoever reads it first (rulebook.scene)."""


@dataclass(frozen=True, slots=True)
class Title:
    """One entry of the title ledger. State: valid, publicized, under_review, expired or cancelled.

    `ban` says whether the cancellation forbids a new application for years (DM63-4); None is not known.
    """

    code: str
    state: str
    valid_from: date | None = None
    valid_to: date | None = None
    cancelled_on: date | None = None
    ban: bool | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Facts by (fact id, year); an absent key is missing. Findings are facts of type `finding`.

    `titles` are the entries of the title ledger; None means that nobody looked. With `ledger_complete` false an
    entry that is not there is unknown (a list may not have been imported yet) instead of a title not held.
    `size` is the outcome of rulebook.size for year t.
    """

    facts: Mapping[tuple[str, int], FactValue]
    titles: tuple[Title, ...] | None = None
    size: SizeResult | None = None
    ledger_complete: bool = True


def fact_value(stored: Mapping[str, object]) -> FactValue:
    """A FactValue from the form it is stored and travels in: {value, source, as_of, recorded_at}, ISO texts."""
    as_of, recorded_at = stored.get("as_of"), stored.get("recorded_at")
    return FactValue(
        stored.get("value"),
        str(stored.get("source", "")),
        _day(as_of[:10]) if isinstance(as_of, str) else None,
        _instant(recorded_at) if isinstance(recorded_at, str) else None,
    )


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    """Facts come in with others of the same day and import."""
    return date.fromisoformat(text)


@lru_cache(maxsize=4096)
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
