"""Which registered enterprise a name on an official list means: taken only where nothing else can be meant.

A list mostly gives names and no codes. A wrong match would give somebody a title it does not hold, so of several
possible enterprises none is taken, nor any by mere likeness: those go to a person, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rulebook.divisions import Division
from services.registry.domain.names import comparison_key
from services.registry.domain.places import Places

REASONS = {
    "name-ambiguous": "不止一家企业叫这个名称",
    "name-taken-over": "一家企业现用这个名称，另一家曾用这个名称",
    "region-differs": "名称一致，但企业不在名单写明的地区",
    "name-similar": "没有名称一致的企业，有名称相近的",
    "name-not-found": "没有名称一致或相近的企业",
}
WHYS = {
    "exact": "名称一致",
    "former": "曾用名一致",
    "form": "只有组织形式不同",
    "place": "只有地名不同",
    "similar": "名称相近",
}
SHOWN = 5
"""Candidates that a person is shown for one name."""

_LIKE = 0.6  # decided here: a person looks at what is offered, and nothing is taken for it
_SUFFIXES = (
    "特别行政区",
    "自治区",
    "自治州",
    "自治县",
    "自治旗",
    "地区",
    "林区",
    "新区",
    "省",
    "市",
    "区",
    "县",
    "盟",
    "旗",
)
_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|集团公司|总公司|公司|合伙企业\((?:有限|普通)合伙\)|合伙企业|个人独资企业|厂)$"
)
_GROUP = re.compile(r"\(?集团\)?")


@dataclass(frozen=True, slots=True)
class Known:
    """A registered enterprise that may be meant; `former` is the earlier name by which it was found."""

    uscc: str
    name: str
    district_code: str | None
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One that a person may choose, the likeliest first; `why` is a key of WHYS, `likeness` 0 to 1."""

    uscc: str
    name: str
    district_code: str | None
    why: str
    likeness: float
    former: str | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """`uscc` when the name leaves no doubt; otherwise a key of REASONS, and who may be meant."""

    uscc: str | None
    reason: str | None = None
    candidates: tuple[Candidate, ...] = ()
    by_former_name: bool = False


def resolve(key: str, area: str | None, current: Sequence[Known], former: Sequence[Known]) -> Resolved:
    """Decide by exact names alone. `key` is the comparison key, `area` the prefix of the region the list gives.

    One enterprise bears the name, no other ever did, and it lies in the region: it is meant. So is the only one that
    bore the name formerly, when nobody bears it now.
    """
    others = [each for each in former if each.uscc not in {one.uscc for one in current}]
    found = list(current) or others
    candidates = tuple(_exact(each) for each in (*current, *others))
    if not found:
        return Resolved(None, "name-not-found")
    if len(found) > 1:
        return Resolved(None, "name-ambiguous", candidates)
    if current and others:
        return Resolved(None, "name-taken-over", candidates)
    (one,) = found
    if area is not None and not (one.district_code or "").startswith(area):
        return Resolved(None, "region-differs", candidates)
    return Resolved(one.uscc, by_former_name=not current)


def _exact(each: Known) -> Candidate:
    why = "exact" if each.former is None else "former"
    return Candidate(each.uscc, each.name, each.district_code, why, 1.0, each.former)


def rank(key: str, area: str | None, found: Iterable[Known], regions: Regions) -> tuple[Candidate, ...]:
    """Those whose names are near enough, the nearest first; of a region that is given only those in it."""
    own = regions.parts(key)
    ranked: dict[str, Candidate] = {}
    for each in found:
        if area is not None and each.district_code is not None and not each.district_code.startswith(area):
            continue
        other = regions.parts(comparison_key(each.name))
        if other.core == own.core:
            why, likeness = ("form" if other.place == own.place else "place"), 0.99
        else:
            why, likeness = "similar", SequenceMatcher(None, own.core, other.core, autojunk=False).ratio()
        if likeness >= _LIKE:
            ranked[each.uscc] = Candidate(each.uscc, each.name, each.district_code, why, round(likeness, 2))
    return tuple(sorted(ranked.values(), key=lambda each: (-each.likeness, each.uscc))[:SHOWN])


@dataclass(frozen=True, slots=True)
class Parts:
    """A name's key taken apart: the place it begins with (without 省, 市 …; "" when none), and what tells it apart."""

    place: str
    core: str


class Regions:
    """The divisions as names of enterprises and lists write them: 安徽, 安徽省, 六安, 安徽六安, 安徽省六安市."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._short: dict[str, set[str]] = {}
        self._codes: dict[str, set[str]] = {}
        for division in places.divisions.current.values():
            for name in _written(division, places):
                self._short.setdefault(name, set()).add(division.code)
            for name in {division.name, bare(division.name)}:
                self._codes.setdefault(name, set()).add(division.code)
        self._longest = max(map(len, self._codes))

    def area_of(self, text: str) -> str | None:
        """The prefix of codes that a region means, for example 3415 for 安徽六安; None when it is not one place."""
        written = "".join(text.split())
        found = self._places.resolve(written)
        codes = {found.division.code} if found.division else self._short.get(written, set())
        prefixes = {_prefix(code) for code in codes}
        if not prefixes:
            return None
        shortest = min(prefixes, key=len)  # 吉林 is the province where the city's name is the same
        return shortest if all(each.startswith(shortest) for each in prefixes) else None

    def parts(self, key: str) -> Parts:
        """Take the leading places, and places in brackets, and the form of organisation off a comparison key."""
        rest, place = key, ""
        within: tuple[str, ...] = ("",)
        while taken := self._leading(rest, within):
            place += bare(taken)
            rest = rest[len(taken) :]
            within = tuple(_prefix(code) for code in self._codes[taken])
            if rest[0] in "市县区" and taken == bare(
                taken
            ):  # a place that is called otherwise today: 蓬莱市, now 蓬莱区
                rest = rest[1:]
        rest = re.sub(r"\(([^()]*)\)", lambda match: "" if match[1] in self._codes else match[0], rest)
        rest = _FORMS.sub("", rest)
        return Parts(place, _GROUP.sub("", rest) or key)

    def _leading(self, text: str, within: tuple[str, ...]) -> str:
        """The longest name of a place `within` the one before that the text begins with, while some name is left."""
        for length in range(min(self._longest, len(text) - 3), 1, -1):
            if any(code.startswith(within) for code in self._codes.get(text[:length], ())):
                return text[:length]
        return ""

    def beginnings(self, key: str, area: str | None) -> list[str]:
        """What names like this one may begin with: its first two characters after places that it may bear or not."""
        own = self.parts(key)
        head = own.core[:2]
        places = {"", own.place}
        written = key[: key.find(own.core)] if own.core in key else ""
        places |= {written, bare(written)}
        for code in _upward(area):
            division = self._places.divisions.current.get(code)
            if division:
                places |= {division.name, bare(division.name)}
        return sorted({place + head for place in places}) if len(head) == 2 else []


def bare(name: str) -> str:
    """The name of a place without what it is: 六安市 → 六安; names of two characters stay (沙县)."""
    suffix = next((each for each in _SUFFIXES if name.endswith(each)), "")
    return name[: -len(suffix)] if suffix and len(name) - len(suffix) >= 2 else name


def _written(division: Division, places: Places) -> set[str]:
    """How a region is written: with and without the province, each with and without what it is."""
    chain = [places.divisions.current[code] for code in _chain(division.code) if code in places.divisions.current]
    names = [each.name for each in chain]
    found = set()
    for start in range(len(names)):
        part = names[start:]
        found |= {"".join(part), "".join(map(bare, part))}
        if len(part) > 2:
            found.add(bare(part[0]) + bare(part[-1]))
    return found


def _chain(code: str) -> list[str]:
    return list(dict.fromkeys((code[:2] + "0000", code[:4] + "00", code)))


def _prefix(code: str) -> str:
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def _upward(area: str | None) -> list[str]:
    return [] if area is None else [area[:length].ljust(6, "0") for length in (2, 4, 6) if length <= len(area)]
