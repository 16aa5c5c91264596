"""Opens an uploaded file as sheets of rows of text; row numbers are those that Excel shows."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from services.registry.domain.errors import FileNotReadable
from services.registry.domain.uploads import XLSX, encoding_of

_LONGEST_CELL = 1_000_000
_UNCLEAN = (b"'", b"=", b"\x00", "\ufeff".encode(), "\ufeff".encode("gb18030"))
"""Bytes of which none is within text that `_clean` would only strip, in UTF-8 and in GB 18030."""

_BOM = len("\ufeff".encode())
_DELIMITERS = ",\t;"


@dataclass(frozen=True, slots=True)
class Sheet:
    """`name` is None for a csv file; `rows` may be read once and leaves out blank rows."""

    name: str | None
    rows: Iterator[tuple[int, list[str]]]


def open_sheets(content: bytes, form: str) -> Iterator[Sheet]:
    """The visible sheets of a workbook, or the one sheet of a csv file."""
    if form != XLSX:
        yield Sheet(None, _csv_rows(content))
        return
    with _readable():
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for each in book.sheets_metadata:
        if each.visible == SheetVisibleEnum.Visible and each.typ == SheetTypeEnum.WorkSheet:
            yield Sheet(each.name, _sheet_rows(book, each.name))


def _sheet_rows(book: CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    with _readable():
        values = book.get_sheet_by_name(name).iter_rows()
    for number, row in enumerate(values, start=1):
        cells = [_text(value) for value in row]
        if any(cells):
            yield number, cells


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except PasswordError as error:
        raise FileNotReadable("工作簿有密码，请取消密码后重新上传") from error
    except CalamineError as error:
        raise FileNotReadable("工作簿无法读取，请在 Excel 中打开并另存为 xlsx 后重新上传") from error


def _csv_rows(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding_of(content), newline="")
    first = text.readline()
    text.seek(0)
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(_LONGEST_CELL)
    # Few files have anything in them that makes cleaning a cell more than taking its outer space away.
    clean = _clean if any(content.find(each, _BOM) >= 0 for each in _UNCLEAN) else str.strip
    try:
        for number, values in enumerate(csv.reader(text, delimiter=delimiter), start=1):
            cells = [*map(clean, values)]
            if any(cells):
                yield number, cells
    except csv.Error as error:
        raise FileNotReadable(f"csv 文件无法读取（{error}），请检查引号是否成对，或另存为 xlsx") from error


def _text(value: object) -> str:
    """A cell as its sheet shows it, without number formats; 15 digits are what Excel keeps of a number."""
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _clean(text: str) -> str:
    """Without outer space, byte order mark, and the `="…"` or `'` by which exports keep digits from being numbers."""
    text = text.strip().strip("\ufeff").strip()
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    return text.removeprefix("'").replace("\x00", "")
