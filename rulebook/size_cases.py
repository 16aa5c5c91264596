"""The cases of the size table: figures in, expected class out."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rulebook.dictionary import Dictionary
from rulebook.loader import PackInvalid
from rulebook.pack import SIZES
from rulebook.size import classify
from rulebook.size_table import SizeTable
from rulebook.source import Block, Reader, SourceInvalid
from rulebook.values import CellError, parse_cell

_FIGURES = ("headcount", "revenue_yuan", "total_assets_yuan")


@dataclass(frozen=True, slots=True)
class SizeCase:
    name: str
    industry_code: str | None
    headcount: int | None
    revenue_yuan: Decimal | None
    assets_yuan: Decimal | None
    expected: str
    missing: tuple[str, ...]


def load_size_cases(text: str, dictionary: Dictionary, file: str = "size.yaml") -> tuple[SizeCase, ...]:
    """Compile the cases. Raises PackInvalid with file and line."""
    reader = Reader(file)
    try:
        root = reader.parse(text)
        reader.only(root, ("size", "cases"))
        cases = tuple(_case(reader, dictionary, each) for each in reader.blocks(root, "cases"))
        reader.raise_if_any()
    except SourceInvalid as invalid:
        raise PackInvalid(list(invalid.problems)) from None
    return cases


def run_size_case(table: SizeTable, case: SizeCase) -> tuple[str, ...]:
    """The differences between what the case expects and what the table gives."""
    found = classify(table, case.industry_code, case.headcount, case.revenue_yuan, case.assets_yuan)
    wrong = [] if found.size == case.expected else [f"期望 {case.expected}，实为 {found.size}"]
    if found.missing != case.missing:
        wrong.append(f"期望缺少 {case.missing}，实为 {found.missing}")
    return tuple(wrong)


def _case(reader: Reader, dictionary: Dictionary, block: Block) -> SizeCase:
    reader.only(block, ("name", "industry_code", *_FIGURES, "expect", "missing"))
    figures: dict[str, Decimal | None] = {}
    for name in _FIGURES:
        cell = reader.text(block, name, required=False)
        value = parse_cell(dictionary[name], cell)
        if isinstance(value, CellError):
            reader.problem(reader.line_of(block, name), cell, value.expected, "请改正取值。")
            value = None
        figures[name] = Decimal(str(value)) if value is not None else None
    expected = reader.text(block, "expect")
    codes = {label: code for code, label in SIZES.items()} | {"未知": "unknown"}
    if expected not in codes:
        reader.problem(block.line, expected, "、".join(codes) + "之一", "请改正 expect。", "choice")
    headcount = figures["headcount"]
    return SizeCase(
        name=reader.text(block, "name"),
        industry_code=reader.text(block, "industry_code", required=False) or None,
        headcount=None if headcount is None else int(headcount),
        revenue_yuan=figures["revenue_yuan"],
        assets_yuan=figures["total_assets_yuan"],
        expected=codes.get(expected, expected),
        missing=reader.texts(block, "missing"),
    )
