"""Draws up the workbook that an officer fills in: headers with units, drop-downs, a sheet of notes."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from rulebook.dictionary import Dictionary
from services.registry.domain.columns import KINDS
from services.registry.domain.template import TemplateColumn, template_columns

_EPOCH = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - a fixed stamp: the same dictionary gives the same bytes
_LAST_ROW = 5000
_NOTES = ("列名", "必填", "填写说明", "期间", "分组")


def render_template(kind: str, dictionary: Dictionary) -> bytes:
    """The template of a kind of import as xlsx. What it holds is what the import reads."""
    import xlsxwriter  # not at the start of every process: few workbooks are written

    columns = template_columns(kind, dictionary)
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True}) as book:
        book.set_properties({"title": f"{KINDS[kind]}导入模板", "created": _EPOCH})
        _sheet(book, KINDS[kind], columns)
        _notes(book, columns)
        _choices(book, columns)
    return target.getvalue()


def _sheet(book: Any, name: str, columns: Sequence[TemplateColumn]) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1, "text_wrap": True, "valign": "vcenter"})
    must = book.add_format({"bold": True, "bg_color": "#FCE4D6", "border": 1, "text_wrap": True, "valign": "vcenter"})
    text = book.add_format({"num_format": "@"})
    sheet.freeze_panes(1, 2)
    sheet.set_row(0, 36)
    lists = 0
    for place, column in enumerate(columns):
        # Codes of 18 digits would become numbers in a cell that is no text.
        sheet.set_column(
            place, place, max(14, 2 * len(column.header)), text if column.header.endswith("代码") else None
        )
        sheet.write_string(0, place, column.header, must if column.required else head)
        if column.choices:
            source = f"=选项!${_letter(lists)}$1:${_letter(lists)}${len(column.choices)}"
            rule = {"validate": "list", "source": source, "error_title": "请从列表中选择", "error_type": "warning"}
            sheet.data_validation(1, place, _LAST_ROW, place, rule)
            lists += 1


def _notes(book: Any, columns: Sequence[TemplateColumn]) -> None:
    sheet = book.add_worksheet("填写说明")
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 34)
    sheet.set_column(2, 2, 90)
    for place, heading in enumerate(_NOTES):
        sheet.write_string(0, place, heading, bold)
    for row, column in enumerate(columns, start=1):
        cells = (column.header, "是" if column.required else "", column.hint, column.period, column.section)
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell)


def _choices(book: Any, columns: Sequence[TemplateColumn]) -> None:
    """Drop-down values on a hidden sheet: a rule of its own may hold 255 characters only."""
    sheet = book.add_worksheet("选项")
    sheet.hide()
    for place, column in enumerate(each for each in columns if each.choices):
        for row, choice in enumerate(column.choices):
            sheet.write_string(row, place, choice)


def _letter(place: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(place))
