"""Readings of Chinese characters without tones, by the tables of pypinyin.

pypinyin's own segmentation costs some 250 µs a name. A name needs little of it: each character's usual reading, and the
few phrases in which a character is read otherwise (重庆, 银行), found by longest match.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 4
_LONGEST_SYLLABLE = 6


@dataclass(frozen=True, slots=True)
class Readings:
    """`usual`: character → syllable. `phrases`: phrase → its syllables, only where they are not the usual ones."""

    usual: Mapping[str, str]
    phrases: Mapping[str, tuple[str, ...]]
    syllables: frozenset[str]

    def of(self, text: str) -> list[str]:
        """One syllable per Chinese character; any other character stands for itself."""
        found: list[str] = []
        place, end = 0, len(text)
        while place < end:
            for length in range(min(_LONGEST, end - place), 1, -1):
                phrase = self.phrases.get(text[place : place + length])
                if phrase is not None:
                    found.extend(phrase)
                    place += length
                    break
            else:
                character = text[place]
                found.append(self.usual.get(character, character))
                place += 1
        return found


@lru_cache(maxsize=1)
def readings() -> Readings:
    """Read once per process, when the first name is indexed or searched: the tables take some 50 MB."""
    from pypinyin.phrases_dict import phrases_dict
    from pypinyin.pinyin_dict import pinyin_dict

    usual = {chr(point): _plain(several.partition(",")[0]) for point, several in pinyin_dict.items()}
    phrases: dict[str, tuple[str, ...]] = {}
    for phrase, several in phrases_dict.items():
        if len(phrase) > _LONGEST or len(several) != len(phrase):
            continue
        syllables = tuple(_plain(each[0]) for each in several)
        if any(usual.get(character) != each for character, each in zip(phrase, syllables, strict=True)):
            phrases[phrase] = syllables
    common = (chr(point) for point in range(0x4E00, 0x9FA6))
    return Readings(usual, phrases, frozenset(usual[each] for each in common if each in usual))


def _plain(syllable: str) -> str:
    """`lǜ` → `lv`: no tone, and v for ü, as it is typed."""
    decomposed = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(each for each in decomposed if each.isascii() and each.isalpha()).lower()


def spelled(text: str, known: frozenset[str], *, most: int = 8) -> list[list[str]]:
    """The ways to read letters as syllables, longest syllables first; the last may be unfinished (`hengto`).

    Letters that could be cut in many ways (xian: xian, xi'an) give up to `most`. What cannot be read as syllables
    alone has letters between them that stand for themselves (`suzhouabchengtong`).
    """
    return _spelled(text, known, most, loose=False) or _spelled(text, known, most, loose=True)


def _spelled(text: str, known: frozenset[str], most: int, *, loose: bool) -> list[list[str]]:
    ways: list[list[str]] = []
    dead: set[int] = set()

    def go(place: int, taken: list[str]) -> bool:
        if place == len(text):
            ways.append(list(taken))
            return True
        if place in dead or len(ways) >= most:
            return False
        led = False
        for length in range(min(_LONGEST_SYLLABLE, len(text) - place), 0, -1):
            piece = text[place : place + length]
            unfinished = place + length == len(text) and taken and any(each.startswith(piece) for each in known)
            if piece in known or unfinished or (loose and length == 1):
                taken.append(piece)
                led = go(place + length, taken) or led
                taken.pop()
        if not led and len(ways) < most:
            dead.add(place)  # without this a long text that cannot be read takes exponential time
        return led

    go(0, [])
    return ways
