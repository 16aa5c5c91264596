"""Districts as people write them: a GB/T 2260 code, a longer statistical code, or a name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rulebook.divisions import Division, Divisions, Resolution


@dataclass(frozen=True, slots=True)
class Places:
    """The divisions, findable by code and by unambiguous name."""

    divisions: Divisions
    by_name: Mapping[str, tuple[Division, ...]]

    def resolve(self, text: str) -> Resolution:
        """What a cell means. `division` is None when nothing is certain; `remark` says where a person should look."""
        written = "".join(unicodedata.normalize("NFKC", text).split())
        if written.isdigit():
            # 9 and 12 digits are the statistics bureau's codes of towns and villages: their head is the district
            return self.divisions.resolve(written[:6] if len(written) in (9, 12) else written)
        found = self.by_name.get(written, ())
        if len(found) == 1:
            return self.divisions.resolve(found[0].code)
        if found:
            several = "、".join(f"{division.code} {division.full_name}" for division in found[:4])
            return Resolution(None, f"“{written}”不止一处（{several}），请填写 6 位区划代码", known=False)
        return Resolution(None, f"“{written}”不是行政区划的代码或名称，请填写 6 位区划代码", known=False)

    def name_of(self, code: str | None) -> str | None:
        """The full name of a code, for example 安徽省宿州市埇桥区."""
        division = self.divisions.current.get(code or "")
        return division.full_name if division else None


def places_of(divisions: Divisions) -> Places:
    """Index the divisions by their names: full, without the province, and alone."""
    index: dict[str, dict[str, Division]] = {}
    for division in divisions.current.values():
        province = divisions.current.get(division.code[:2] + "0000")
        short = division.full_name.removeprefix(province.full_name) if province and province != division else ""
        for name in (division.full_name, short, division.name):
            if name:
                index.setdefault(name, {})[division.code] = division
    return Places(divisions, {name: _distinct(found.values()) for name, found in index.items()})


def _distinct(found: Iterable[Division]) -> tuple[Division, ...]:
    """Of a municipality and its filler city of the same name only the first is meant."""
    divisions = sorted(found, key=lambda division: division.code)
    first = divisions[0]
    return (first,) if all(each.full_name == first.full_name for each in divisions) else tuple(divisions)
