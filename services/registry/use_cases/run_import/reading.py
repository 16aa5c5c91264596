"""Reads a file into the staging table: sheet by sheet, row by row, collecting what cannot be taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Any

from services.registry.domain import names
from services.registry.domain.columns import Recognised
from services.registry.domain.enterprise_rows import EnterpriseRows
from services.registry.domain.fact_rows import FactRows
from services.registry.domain.item_rows import read_item_row
from services.registry.domain.layout import HEADER_ROWS, Layout, no_header, not_taken, read_layout
from services.registry.domain.problems import CellProblem, RowProblem
from services.registry.domain.reading import Row
from services.registry.domain.title_rows import read_title_row
from services.registry.store import staging
from services.registry.use_cases.run_import.job import Job
from services.registry.use_cases.run_import.sheets import open_sheets

_TELL_EVERY = 5000


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A sound row: the how-manieth of the file, where it stands, and what it says, in stored form."""

    position: int
    sheet: str | None
    row: int
    values: dict[str, Any]


_Reader = Callable[[Sequence[str]], Row]


def read_file(job: Job, content: bytes, max_rows: int) -> Iterator[ReadRow]:
    """The sound rows of the file."""
    usable, nearest = False, None
    for sheet in open_sheets(content, job.row.form):
        peeked = list(islice(sheet.rows, HEADER_ROWS))
        top = [(number, cells) for number, cells in peeked if number <= HEADER_ROWS]
        layout = read_layout(job.row.kind, sheet.name, top, job.knowledge.dictionary)
        if not layout.found:
            nearest = nearest or layout.nearest
            if peeked:
                job.report.remark(sheet.name, None, not_taken(sheet.name, layout.nearest))
            continue
        usable = True
        job.report.remark(sheet.name, layout.header_row, *(each.cell for each in layout.remarks))
        if layout.problems:
            job.report.refuse_file(layout.problems)
            continue
        job.headers |= {(sheet.name, key): each.header for key, each in layout.named().items()}
        job.fact_headers |= {
            (sheet.name, each.fact.id, each.fiscal_year): each.header
            for each in layout.facts()
            if each.fact is not None
        }
        yield from _read_sheet(job, layout, chain(peeked, sheet.rows), max_rows)
        if job.report.unusable:
            return
    if not usable:
        job.report.refuse_file([RowProblem(None, None, no_header(job.row.kind, nearest))])
    elif not job.report.unusable and job.report.rows == 0:
        # "Done" would tell an official that something was taken: what they sent is the empty template, or a list
        # whose rows are on a hidden sheet.
        message = "只有表头，没有数据行，未导入任何内容"
        expected = "表头下面至少有一行数据；隐藏的工作表不读取，请取消隐藏后重新上传"
        job.report.refuse_file([RowProblem(None, None, CellProblem(None, "no-rows", message, expected=expected))])


def _read_sheet(job: Job, layout: Layout, rows: Iterator[tuple[int, list[str]]], max_rows: int) -> Iterator[ReadRow]:
    facts, read = layout.facts(), _reader(job, layout)
    report = job.report
    for number, cells in rows:
        if number <= layout.header_row:
            continue
        if report.rows >= max_rows:
            message = f"数据超过 {max_rows} 行，请拆分成几个文件分次导入"
            report.refuse_file([RowProblem(layout.sheet, number, CellProblem(None, "too-many-rows", message))])
            return
        if facts and (stray := next((text for at, text in enumerate(cells) if text and at not in layout.headed), None)):
            # Under a merged header only the first column has one: the others' figures would be lost without a word.
            message = (
                "有数据的列没有表头（多半是合并单元格或两行表头），请取消合并，每一列写一个表头，年份写在表头或“年度”列"
            )
            problem = CellProblem(
                None, "column-without-header", message, stray, "每列一个表头，如 2024年营业收入(万元)"
            )
            report.refuse_file([RowProblem(layout.sheet, number, problem)])
            return
        report.rows += 1
        if report.rows % _TELL_EVERY == 0:
            job.tell(report.rows, None, "正在读取和校验")
        row = read(cells)
        if row.remarks:
            report.remark(layout.sheet, number, *row.remarks)
        if row.problems:
            report.reject(layout.sheet, number, *row.problems)
            continue
        yield ReadRow(report.rows, layout.sheet, number, row.values)


def as_staged(rows: Iterable[ReadRow]) -> Iterator[staging.Staged]:
    """The rows as the staging table of most kinds takes them."""
    for row in rows:
        uscc, name = row.values.pop("uscc", None), row.values.get("name")
        key = names.comparison_key(name) if name and uscc is None else None  # a code needs no name to be found by
        yield row.position, row.sheet, row.row, uscc, key, json.dumps(row.values, ensure_ascii=False)


def _reader(job: Job, layout: Layout) -> _Reader:
    """What reads the rows of this sheet, cell by cell."""
    known, named = job.known, layout.named()
    if job.row.kind == "enterprises":
        return EnterpriseRows(named, places=known.places, industries=known.industries, today=job.today).read
    if job.row.kind == "facts":
        source, facts = job.row.source, layout.facts()
        return FactRows(named, facts, industries=known.industries, source=source, today=job.today).read
    return partial(_read_row, job, named)


def _read_row(job: Job, named: Mapping[str, Recognised], cells: Sequence[str]) -> Row:
    width = len(cells)
    said = {key: cells[each.index] for key, each in named.items() if each.index < width and cells[each.index]}
    if job.row.kind == "titles":
        return read_title_row(said, named, today=job.today)
    return read_item_row(said, named, kinds=job.item_kinds, today=job.today)


def stated_periods(stated: Mapping[str, Any]) -> dict[int, dict[str, dict[str, Any]]]:
    """The periods of a staged facts row: JSON has turned the years into text."""
    return {int(year): facts for year, facts in stated["periods"].items()}
