"""What a use case asks of its caller's rights over a programme, and which programmes an area meets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class ProgrammeAdmission(Protocol):
    """Raises when the caller may not change a programme of these areas (GB/T 2260 prefixes)."""

    def to_programme(self, areas: tuple[str, ...]) -> None: ...


def covers(own: Iterable[str], areas: Iterable[str]) -> bool:
    """Whether every one of `areas` lies within one of `own`."""
    prefixes = tuple(own)
    return all(area.startswith(prefixes) for area in areas)


def meets(own: Iterable[str], areas: Iterable[str]) -> bool:
    """Whether one of `areas` lies within one of `own`, or the other way round (a county's officer, the city's plan)."""
    pairs = [(mine, area) for mine in own for area in areas]
    return any(area.startswith(mine) or mine.startswith(area) for mine, area in pairs)
