"""What the registry knows from data files: the facts dictionary and the size classification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from rulebook.dictionary import Dictionary
from rulebook.size import SizeResult, classify
from rulebook.size_table import SizeTable
from services.registry.domain.facts import Entry

_BASIS = ("headcount", "revenue_yuan", "total_assets_yuan")


@dataclass(frozen=True, slots=True)
class Size:
    """A size class, None when it cannot be told, and in words why."""

    size_class: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Immutable for the life of the process; `dictionary_hash` names the edition of the dictionary."""

    dictionary: Dictionary
    dictionary_hash: str
    size_table: SizeTable
    _classify: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Most of a register has no figures yet: one answer per industry then serves them all.
        remembered = lru_cache(maxsize=8192)(lambda *figures: classify(self.size_table, *figures))
        object.__setattr__(self, "_classify", remembered)

    def size(self, industry_code: str | None, periods: Mapping[int, Mapping[str, Entry]]) -> Size:
        """The size class by the figures of the latest year that has any of them; years are never mixed."""
        year = max((year for year, facts in periods.items() if year and any(b in facts for b in _BASIS)), default=None)
        facts = periods.get(year, {}) if year is not None else {}
        industry = industry_code or periods.get(0, {}).get("industry_code", {}).get("value")
        headcount, revenue, assets = (facts[basis]["value"] if basis in facts else None for basis in _BASIS)
        result: SizeResult = self._classify(
            industry,
            headcount,
            None if revenue is None else Decimal(revenue),
            None if assets is None else Decimal(assets),
        )
        return Size(None if result.size == "unknown" else result.size, self._reason(result, year))

    def _reason(self, result: SizeResult, year: int | None) -> str:
        missing = "、".join(self.dictionary[fact].label for fact in result.missing if fact in self.dictionary)
        when = f"（{year} 年度数据）" if year is not None else ""
        if not missing or result.size != "unknown":
            return f"{self.size_table.label}：{result.reason}{when}"
        return f"{self.size_table.label}：{result.reason}，缺少{missing}{when}"
