"""Areas as GB/T 2260 prefixes: 2 digits a province, 4 a city, 6 a district. A longer prefix is more specific."""

from __future__ import annotations

import re
from collections.abc import Iterable

from chassis.errors import FieldProblem
from services.notification.domain.errors import AreaInvalid

_CODE = re.compile(r"^[1-9]\d(\d\d){0,2}$")


def prefix_of(code: str) -> str | None:
    """The prefix a code stands for: 341300 (a whole city) is 3413, 340000 is 34; null when it is no GB/T 2260 code."""
    if not _CODE.match(code):
        return None
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def normalised(areas: Iterable[str]) -> list[str]:
    """Distinct prefixes in order; raises AreaInvalid naming each wrong entry.

    A district beside its own city stays: its commissioner comes first there and is one of several in the city.
    """
    prefixes: set[str] = set()
    problems: list[FieldProblem] = []
    for number, area in enumerate(areas):
        prefix = prefix_of(area.strip())
        if prefix is None:
            expected = "2、4 或 6 位国标区划代码，例如 34、3413、341302"
            problems.append(FieldProblem(f"areas[{number}]", "不是区划代码", found=area[:20], expected=expected))
        else:
            prefixes.add(prefix)
    if problems:
        raise AreaInvalid("服务区域填写有误，请按国标区划代码（省 2 位、市 4 位、区县 6 位）修改", problems=problems)
    return sorted(prefixes)


def prefixes_of(district: str | None) -> list[str]:
    """Every area that contains `district`: 341302 lies in 34, 3413 and 341302."""
    prefix = prefix_of(district) if district else None
    return [prefix[:length] for length in range(2, len(prefix) + 1, 2)] if prefix else []


def specificity(areas: Iterable[str], district: str | None) -> int:
    """Digits of the longest area that contains `district`; 0 when none does."""
    containing = set(prefixes_of(district))
    return max((len(area) for area in areas if area in containing), default=0)


def touch(areas: Iterable[str], others: Iterable[str]) -> bool:
    """Whether some area of one lies inside some area of the other."""
    return any(one.startswith(other) or other.startswith(one) for one in areas for other in others)
