"""The district that an address names, by its own words; never by the credit code of whoever is there."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from rulebook.divisions import Division
from services.registry.domain.places import Places

HOWS = {
    "named": "地址写明区县",
    "in_city": "地址先写市、后写区县",
    "by_record": "几地有同名区县，按档案所属区县取定",
    "too_wide": "地址只写到省或市",
    "unresolved": "地址没有写明行政区划",
    "missing": "没有填写地址",
}
_LONGEST = 24
"""Characters of the longest full name of a division, and some."""


@dataclass(frozen=True, slots=True)
class Place:
    """What an address was resolved to; `how` is a key of HOWS, `remark` says where a person should look."""

    division: Division | None
    how: str
    remark: str | None = None


def resolve_address(address: str | None, recorded: str | None, places: Places) -> Place:
    """The division at the beginning of an address; `recorded` is the district on file, GB/T 2260 or None.

    The recorded district only chooses among places of one name, and is told where it is another one.
    """
    if address is None:
        return Place(None, "missing")
    written = "".join(unicodedata.normalize("NFKC", address).split()).removeprefix("中国")
    found = _beginning(written, places)
    if found is None:
        return Place(None, "unresolved", "请在地址中写明省、市、区县")
    candidates, rest = found
    districts = [each for each in candidates if each.district]
    if len(districts) == 1:
        return _compared(Place(districts[0], "named"), recorded, places)
    if districts:
        chosen = next((each for each in districts if each.code == recorded), None)
        if chosen is not None:
            return Place(chosen, "by_record")
        several = "、".join(each.full_name for each in districts[:4])
        return Place(None, "unresolved", f"不止一处（{several}），请在地址中写明省、市")
    wide = candidates[0]
    inner = _inside(rest, wide, places)
    if inner is not None:
        return _compared(Place(inner, "in_city"), recorded, places)
    return Place(wide, "too_wide", f"地址只写到{wide.full_name}，请写明区县")


def _beginning(written: str, places: Places) -> tuple[tuple[Division, ...], str] | None:
    """The divisions of the longest name that the address begins with, and what follows it."""
    for length in range(min(len(written), _LONGEST), 1, -1):
        if found := places.by_name.get(written[:length]):
            return found, written[length:]
    return None


def _inside(rest: str, wide: Division, places: Places) -> Division | None:
    """The one district within `wide` whose name comes next, where the levels between are left out."""
    prefix = wide.code.rstrip("0")
    prefix += "0" * (len(prefix) % 2)
    for length in range(min(len(rest), _LONGEST), 1, -1):
        found = [
            each for each in places.by_name.get(rest[:length], ()) if each.district and each.code.startswith(prefix)
        ]
        if len(found) == 1:
            return found[0]
    return None


def _compared(place: Place, recorded: str | None, places: Places) -> Place:
    if place.division is None or recorded is None or place.division.code == recorded:
        return place
    there = places.name_of(recorded) or recorded
    return Place(place.division, place.how, f"地址在{place.division.full_name}，档案所属区县是{there}，请核对")
