"""Where a sheet's header row is and what its columns mean; what makes the whole file unusable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rulebook.dictionary import Dictionary
from rulebook.headers import fact_without_year
from rulebook.values import units_expected
from services.registry.domain.columns import REQUIRED, Column, Recognised, column, recognise
from services.registry.domain.problems import CellProblem, RowProblem

HEADER_ROWS = 5
"""The header is looked for in this many rows from the top: lists often begin with a title and a unit line."""

_FEWEST = 2  # one known word may be chance (a sheet of notes); two make a header


@dataclass(frozen=True, slots=True)
class Nearest:
    """A row with too few known columns for a header."""

    row: int
    known: tuple[Recognised, ...]
    unknown: tuple[str, ...]


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
    nearest: Nearest | None = None
    """Without a header row: the row that comes nearest to one."""

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
    taken = {each.index for each in known}
    unknown = [text.strip() for index, text in enumerate(cells) if text.strip() and index not in taken]
    if len(known) < _FEWEST:
        return Layout(sheet, 0, nearest=Nearest(number, tuple(known), tuple(unknown)) if known else None)
    problems = [*_missing(kind, known), *_repeated(known), *_wrong_unit(known), *_no_unit(known)]
    problems += _no_fact(kind, known, unknown)
    remarks = [CellProblem(text, "unknown-column", _unknown(kind, text, dictionary, "，未导入")) for text in unknown]
    return Layout(
        sheet,
        number,
        tuple(each for each in known if each.key != "remark"),
        tuple(RowProblem(sheet, number, problem) for problem in problems),
        tuple(RowProblem(sheet, number, remark) for remark in remarks),
        frozenset(index for index, text in enumerate(cells) if text.strip()),
    )


def no_header(kind: str, nearest: Nearest | None = None) -> CellProblem:
    """Said when no sheet of the file has a header row; `nearest` is the row that knows a column."""
    wanted = [_wanted(kind, group) for group in REQUIRED[kind]] + ([_ONE_FACT] if kind == "facts" else [])
    expected = f"一行表头，其中有{'；'.join(wanted)}"
    if nearest is None:
        message = f"前 {HEADER_ROWS} 行中没有认出任何一列。必须有的列：{'；'.join(wanted)}，可下载模板对照"
        return CellProblem(None, "header-not-found", message, expected=expected)
    keys = {each.key for each in nearest.known}
    lacking = [_wanted(kind, group) for group in REQUIRED[kind] if not keys & set(group)]
    lacking += [_ONE_FACT] if kind == "facts" and all(each.fact is None for each in nearest.known) else []
    message = f"{_seen(nearest)}，不足以作为表头。还要有：{'；'.join(lacking) or '至少另一列'}，可下载模板对照"
    found = "、".join((*(each.header for each in nearest.known), *nearest.unknown[:_LISTED]))
    code = "no-fact-column" if lacking == [_ONE_FACT] else "column-missing"
    return CellProblem(None, code, message, found, expected)


def not_taken(sheet: str | None, nearest: Nearest | None) -> CellProblem:
    """The remark about a sheet without a header row."""
    where = f"工作表“{sheet}”" if sheet else "文件"
    why = f"的前 {HEADER_ROWS} 行中没有表头" if nearest is None else f"没有表头：{_seen(nearest)}"
    return CellProblem(None, "sheet-skipped", f"{where}{why}，未导入")


_LISTED = 10
_ONE_FACT = "至少一列指标，如“2025年营业收入(万元)”"


def _seen(nearest: Nearest) -> str:
    known = "、".join(f"“{each.header}”" for each in nearest.known)
    more = " 等" if len(nearest.unknown) > _LISTED else ""
    listed = "、".join(f"“{each}”" for each in nearest.unknown[:_LISTED])
    unknown = f"，不认识{listed}{more}" if listed else ""
    return f"第 {nearest.row} 行只认出{known}{unknown}"


def _unknown(kind: str, header: str, dictionary: Dictionary, then: str = "") -> str:
    fact = fact_without_year(dictionary, header) if kind == "facts" else None
    if fact is None:
        return f"不认识的列“{header}”{then}"
    return f"列“{header}”{then}：“{fact.label}”是时点指标，不分年度，请把表头改为“{fact.label}”"


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


def _wrong_unit(known: Sequence[Recognised]) -> list[CellProblem]:
    problems = []
    for each in known:
        if each.fact is None or each.misfit is None:
            continue
        expected = units_expected(each.fact)
        year = f"{each.fiscal_year}年" if each.fiscal_year else ""
        proper = f"{year}{each.fact.label}({'万元' if each.fact.type == 'money' else expected})"
        message = (
            f"表头“{each.header}”写的单位是“{each.misfit}”，“{each.fact.label}”的单位应为 {expected}。"
            f"请核对这一列填的是什么：确为该指标的，换算后改为“{proper}”"
        )
        problems.append(CellProblem(each.header, "unit-invalid", message, each.misfit, expected))
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
        if each.fact is not None and each.fact.type == "money" and each.unit is None and not each.misfit
    ]


def _no_fact(kind: str, known: Sequence[Recognised], unknown: Sequence[str]) -> list[CellProblem]:
    if kind != "facts" or any(each.fact is not None for each in known):
        return []
    seen = f"（不认识的列：{'、'.join(unknown)}）" if unknown else ""
    message = f"没有一列是指标字典中的指标{seen}，请下载模板对照表头"
    return [CellProblem(None, "no-fact-column", message, "、".join(unknown) or None, _ONE_FACT)]
