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
_VOWEL, _UNFINISHED, _LETTER = 2, 3, 20
"""What a reading of letters costs beside one for each syllable."""


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
    spoken = {usual[each] for each in common if each in usual}
    return Readings(usual, phrases, frozenset(each for each in spoken if set(each) & set("aeiouv")))  # not 嗯 as n


def _plain(syllable: str) -> str:
    """`lǜ` → `lv`: no tone, and v for ü, as it is typed."""
    decomposed = unicodedata.normalize("NFD", syllable).replace("u\u0308", "v")
    return "".join(each for each in decomposed if each.isascii() and each.isalpha()).lower()


def spelled(text: str, known: frozenset[str], *, most: int = 8) -> list[list[str]]:
    """The likeliest ways to read letters as syllables, up to `most`; the last syllable may be unfinished (`hengto`).

    Few long syllables are likelier than many short ones, and within a word a syllable rarely begins with a vowel
    (qu nan, not qun an). What is no syllable are letters that stand for themselves (`suzhouabchengtong`).
    """
    ways: list[list[tuple[int, list[str]]]] = [[(0, [])], *([] for _ in text)]
    for end in range(1, len(text) + 1):
        reached: list[tuple[int, list[str]]] = []
        for start in range(max(0, end - _LONGEST_SYLLABLE), end):
            piece = text[start:end]
            if piece in known:
                cost = 1 + (_VOWEL if start and piece[0] in "aeo" else 0)
            elif end == len(text) and start and any(each.startswith(piece) for each in known):
                cost = _UNFINISHED
            elif len(piece) == 1:
                cost = _LETTER
            else:
                continue
            reached += [(before + cost, [*way, piece]) for before, way in ways[start]]
        ways[end] = sorted(reached)[:most]
    return [way for _, way in ways[-1]]
