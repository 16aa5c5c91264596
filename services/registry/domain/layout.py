"""Where a sheet's header row is and what its columns mean; what makes the whole file unusable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rulebook.dictionary import Dictionary
from services.registry.domain.columns import REQUIRED, Column, Recognised, column, recognise
from services.registry.domain.problems import CellProblem, RowProblem

HEADER_ROWS = 5
"""The header is looked for in this many rows from the top: lists often begin with a title and a unit line."""

_FEWEST = 2  # one known word may be chance (a sheet of notes); two make a header


@dataclass(frozen=True, slots=True)
class Layout:
    """A sheet's header row and columns; with problems the file cannot be used at all."""

    sheet: str | None
    header_row: int
    columns: tuple[Recognised, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    remarks: tuple[RowProblem, ...] = field(default=())
    headed: frozenset[int] = frozenset()
    """Which columns have a header at all, known or not."""

    @property
    def found(self) -> bool:
        return self.header_row > 0

    def named(self) -> dict[str, Recognised]:
        """The columns that are no facts, by key."""
        return {each.key: each for each in self.columns if each.key is not None}

    def facts(self) -> tuple[Recognised, ...]:
        return tuple(each for each in self.columns if each.fact is not None)


def read_layout(
    kind: str, sheet: str | None, top: Sequence[tuple[int, Sequence[str]]], dictionary: Dictionary
) -> Layout:
    """Find the header among the `top` rows (row number, cells) of a sheet; `header_row` 0 when there is none."""
    best: tuple[int, list[Recognised], Sequence[str]] = (0, [], ())
    for number, cells in top[:HEADER_ROWS]:
        known = [
            found
            for index, text in enumerate(cells)
            if text.strip() and (found := recognise(kind, index, text.strip(), dictionary)) is not None
        ]
        if len(known) > len(best[1]):
            best = (number, known, cells)
    number, known, cells = best
    if len(known) < _FEWEST:
        return Layout(sheet, 0)
    problems = [*_missing(kind, known), *_repeated(known), *_no_unit(known), *_no_fact(kind, known)]
    taken = {each.index for each in known}
    unknown = [text.strip() for index, text in enumerate(cells) if text.strip() and index not in taken]
    remarks = [CellProblem(text, "unknown-column", f"不认识的列“{text}”，未导入") for text in unknown]
    return Layout(
        sheet,
        number,
        tuple(each for each in known if each.key != "remark"),
        tuple(RowProblem(sheet, number, problem) for problem in problems),
        tuple(RowProblem(sheet, number, remark) for remark in remarks),
        frozenset(index for index, text in enumerate(cells) if text.strip()),
    )


def no_header(kind: str) -> CellProblem:
    """Said when no sheet of the file has a header row."""
    wanted = "；".join(_wanted(kind, group) for group in REQUIRED[kind])
    message = f"前 {HEADER_ROWS} 行中没有找到表头。必须有的列：{wanted}"
    return CellProblem(None, "header-not-found", message, expected="一行表头，可下载模板对照")


def _missing(kind: str, known: Sequence[Recognised]) -> list[CellProblem]:
    keys = {each.key for each in known}
    return [
        CellProblem(
            column(kind, group[0]).label,
            "column-missing",
            f"缺少必填列：{_wanted(kind, group)}",
            expected=_wanted(kind, group),
        )
        for group in REQUIRED[kind]
        if not keys & set(group)
    ]


def _wanted(kind: str, group: Sequence[str]) -> str:
    return " 或 ".join(_with_aliases(column(kind, key)) for key in group)


def _with_aliases(wanted: Column) -> str:
    return f"“{wanted.label}”（也可写作：{'、'.join(wanted.aliases)}）"


def _repeated(known: Sequence[Recognised]) -> list[CellProblem]:
    first: dict[tuple[str, int | None], Recognised] = {}
    problems = []
    for each in known:
        other = first.setdefault(each.identity, each)
        if other is not each and each.key != "remark":
            message = f"“{each.header}”与“{other.header}”是同一项，请只保留一列"
            problems.append(CellProblem(each.header, "column-repeated", message))
    return problems


def _no_unit(known: Sequence[Recognised]) -> list[CellProblem]:
    return [
        CellProblem(
            each.header,
            "unit-missing",
            f"金额列“{each.header}”没有注明单位，请改为“{each.header}(万元)”或“{each.header}(元)”",
            expected="表头注明 万元 或 元",
        )
        for each in known
        if each.fact is not None and each.fact.type == "money" and each.unit is None
    ]


def _no_fact(kind: str, known: Sequence[Recognised]) -> list[CellProblem]:
    if kind != "facts" or any(each.fact is not None for each in known):
        return []
    message = "没有一列是指标字典中的指标，请下载模板对照表头"
    return [CellProblem(None, "no-fact-column", message, expected="至少一列指标，如 营业收入(万元)")]
