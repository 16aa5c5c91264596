"""Administrative divisions (GB/T 2260): which district a code means, also where the code is an old one."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Division:
    """A province, city or county; `district` says whether an enterprise can be registered in it."""

    code: str
    name: str
    level: str
    parent: str
    full_name: str
    district: bool


@dataclass(frozen=True, slots=True)
class FormerCode:
    """A code no longer, or never, in the standard: what it named and which codes its area has now."""

    code: str
    name: str
    kind: str
    became: tuple[str, ...]
    since: str
    source: str


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a written code means: the division, if any is certain, and a remark where a person should look.

    `known` is false when neither the table nor the list of former codes has the code; `division` may then still
    be the city or province that its first digits name.
    """

    division: Division | None
    remark: str | None = None
    known: bool = True


@dataclass(frozen=True, slots=True)
class Divisions:
    """The two reference tables, by code."""

    current: Mapping[str, Division]
    former: Mapping[str, FormerCode]

    def resolve(self, code: str) -> Resolution:
        """The district of a code; a city or province is returned with a remark that the district is missing."""
        written = code.strip()
        if division := self.current.get(written):
            return Resolution(division, None if division.district else _too_wide(division))
        if former := self.former.get(written):
            return self._resolve_former(former)
        return self._unknown(written)

    def registered_in(self, code: str) -> Resolution:
        """Where an enterprise with this code is registered: what the standard has, or the one district that a former
        code has become. Anything else is no division."""
        found = self.resolve(code)
        certain = code in self.current or (found.division is not None and found.division.district)
        return found if certain else Resolution(None, found.remark, known=False)

    def begins(self, prefix: str) -> bool:
        """Whether any code, of today or of before, begins with these digits."""
        return any(code.startswith(prefix) for code in (*self.current, *self.former))

    def beside(self, prefix: str) -> list[Division]:
        """What could have been meant by a prefix that no code begins with: the divisions under its known beginning."""
        for wide, level in ((prefix[:4], "county"), (prefix[:2], "city"), ("", "province")):
            under = [each for code, each in self.current.items() if code.startswith(wide) and each.level == level]
            if under and len(prefix) > len(wide):
                return under
        return []

    def _resolve_former(self, former: FormerCode) -> Resolution:
        if former.kind == "development_zone":
            city = self.current[former.became[0]]
            remark = f"{former.code} 是{former.name}的统计用代码，不在国标内；已按{city.full_name}处理，请补填所在区县"
            return Resolution(city, remark)
        successors = [self.current[code] for code in former.became]
        names = "、".join(f"{division.code} {division.name}" for division in successors)
        if len(successors) == 1:
            return Resolution(successors[0], f"{former.code} {former.name}已停用（{former.source}），已换为 {names}")
        city = self.current[successors[0].parent]
        remark = f"{former.code} {former.name}已停用（{former.source}），现属 {names}，请选定其一"
        return Resolution(city, remark)

    def _unknown(self, written: str) -> Resolution:
        nearest = self.current.get(written[:4] + "00") or self.current.get(written[:2] + "0000")
        if len(written) != 6 or not written.isdigit() or nearest is None:
            return Resolution(None, f"区划代码“{written}”不是国标区划代码，请填写 6 位区县代码", known=False)
        remark = f"国标中没有区划代码 {written}；从前几位看属于{nearest.full_name}，请核对并填写区县代码"
        return Resolution(nearest, remark, known=False)


def _too_wide(division: Division) -> str:
    return f"{division.code} 是{division.full_name}的代码，没有写明区县，请补填所在区县"


def parse_divisions(current_csv: str, former_csv: str) -> Divisions:
    """Build the table from the texts of `contracts/codes/gbt2260.csv` and `gbt2260_retired.csv`."""
    current = {
        row["code"]: Division(
            code=row["code"],
            name=row["name"],
            level=row["level"],
            parent=row["parent"],
            full_name=row["full_name"],
            district=row["district"] == "true",
        )
        for row in csv.DictReader(current_csv.splitlines())
    }
    former = {
        row["code"]: FormerCode(
            code=row["code"],
            name=row["name"],
            kind=row["kind"],
            became=tuple(row["became"].split(";")),
            since=row["since"],
            source=row["source"],
        )
        for row in csv.DictReader(former_csv.splitlines())
    }
    return Divisions(current=current, former=former)
