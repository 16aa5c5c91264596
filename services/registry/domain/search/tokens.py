"""What an enterprise is indexed under, and what a query or a filter asks the index for.

Tokens of text are what the name's key holds: characters and pairs. All others begin with a space, which no key holds:
` heng` and ` heng tong` are syllables, `  ht` initials, ` @size=small` what lists are filtered by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

from services.registry.domain.search.places import LEGAL_FORMS, body_of, core_of
from services.registry.domain.search.readings import Readings

SAMPLED = " @sample=yes"
WEIGHTS = 10
"""Classes by which equally good matches are ordered, 0 to 9."""

_FORMS = "".join(LEGAL_FORMS)
STOP = frozenset(_FORMS) & frozenset("有限公司") | {
    form[place : place + 2] for form in LEGAL_FORMS for place in range(len(form) - 1)
} - {"集团", "股份"}
"""Characters and pairs that most names have: they tell nothing apart, and a list of a million is slow to read."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """One name as the index holds it. `pinyin` and `initials` are those of the name without its legal form."""

    core: str
    pinyin: str
    initials: str
    tokens: tuple[str, ...]


def index_name(key: str, places: frozenset[str], known: Readings) -> Indexed:
    """Everything by which a name (its comparison key) is found."""
    body = body_of(key)
    syllables = known.of(body)
    initials = "".join(each[0] for each in syllables)
    tokens = set(key)
    tokens.update(key[place : place + 2] for place in range(len(key) - 1))
    tokens -= STOP
    tokens.update(sounds(syllables))
    tokens.update(initial_pairs(initials))
    return Indexed(core_of(body, places), " ".join(syllables), initials, tuple(sorted(tokens)))


_SHORT = 4
"""Up to so many characters or syllables all pairs are asked for; of longer ones every other, which covers the whole."""


def grams(text: str) -> list[str]:
    """Tokens that every name holding `text` has; empty when all of them are too common to be indexed."""
    if len(text) < 2:
        return sorted({text} - STOP)
    pairs = [text[place : place + 2] for place in range(len(text) - 1)]
    return sorted(set(_covering(pairs)) - STOP) or sorted(set(pairs) - STOP)


def _covering(pairs: Sequence[str]) -> Sequence[str]:
    return pairs if len(pairs) < _SHORT else [*pairs[::2], pairs[-1]]


def sounds(syllables: Sequence[str]) -> set[str]:
    """Syllables, and pairs of neighbours."""
    found = {f" {each}" for each in syllables}
    found.update(f" {first} {second}" for first, second in pairwise(syllables))
    return found


def sound_grams(syllables: Sequence[str]) -> list[str]:
    """What every name that is read so has: pairs, or the one syllable."""
    pairs = [f" {first} {second}" for first, second in pairwise(syllables)]
    return sorted(set(_covering(pairs))) if pairs else [f" {each}" for each in syllables]


def initial_pairs(initials: str) -> set[str]:
    return {f"  {initials[place : place + 2]}" for place in range(len(initials) - 1)}


def filter_token(name: str, value: str) -> str:
    return f" @{name}={value}"


def district_tokens(code: str | None) -> list[str]:
    """A district under each length of prefix by which a jurisdiction or a filter may name it."""
    return [filter_token("district", code[:length]) for length in range(2, len(code or "") + 1)] if code else []


def industry_tokens(code: str | None, section: str | None) -> list[str]:
    tokens = [filter_token("industry", code[:length]) for length in range(2, len(code) + 1)] if code else []
    return [*tokens, filter_token("industry", section)] if section else tokens


SAMPLE = 512
"""One enterprise in so many is in the sample by which a query is told to be common."""


def sample_tokens(uscc: str) -> list[str]:
    return [SAMPLED] if crc32(uscc.encode()) % SAMPLE == 0 else []


def weight_tokens() -> Iterable[tuple[int, str]]:
    """The classes, the heaviest first."""
    return ((weight, filter_token("weight", str(weight))) for weight in range(WEIGHTS - 1, -1, -1))
