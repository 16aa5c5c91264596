"""How alike a query and a name are that do not match letter by letter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz.distance import Indel, LCSseq

from services.registry.domain.search.tokens import grams, sound_grams

_LONGEST = 24
_LEAST = 0.6
_SOUND = 0.95
"""What equal sound counts of equal writing."""


def partial_queries(body: str, syllables: Sequence[str]) -> list[list[str]]:
    """Sets of tokens of which a name that is meant has one wholly, if it differs in one place.

    By cutting in two (a character is missing, or something stands between place and brand), by leaving one character
    out (it is wrong), and by sound.
    """
    body = body[:_LONGEST]
    found: dict[tuple[str, ...], None] = {}
    for place in range(1, len(body)):
        found.setdefault(tuple(sorted({*grams(body[:place]), *grams(body[place:])})))
    for place in range(len(body)):
        rest = {*_grams_or_none(body[:place]), *_grams_or_none(body[place + 1 :])}
        found.setdefault(tuple(sorted(rest)))
    found.setdefault(tuple(sound_grams(syllables[:_LONGEST])))
    return [list(tokens) for tokens in found if any(len(each) > 1 for each in tokens)]


def _grams_or_none(text: str) -> list[str]:
    return grams(text) if text else []


def likeness(query: str, query_sounds: Sequence[str], body: str, sounds: Sequence[str]) -> float:
    """0 to 1; 0 when too little of the query is in the name. Order counts, what stands between does not."""
    return max(_alike(query, body), _SOUND * _alike(query_sounds, sounds))


def _alike(query: Sequence[str], name: Sequence[str]) -> float:
    covered = LCSseq.similarity(query, name) / max(len(query), 1)
    if covered < _LEAST:
        return 0.0
    return 0.7 * covered + 0.3 * Indel.normalized_similarity(query, name)


def best(scored: Iterable[tuple[float, int, str]], limit: int) -> list[str]:
    """Codes of `(likeness, weight, code)`, the likeliest first."""
    ordered = sorted((each for each in scored if each[0] > 0), key=lambda each: (-each[0], -each[1], each[2]))
    return [code for _, _, code in ordered[:limit]]
