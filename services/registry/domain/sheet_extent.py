"""How far the cells of a worksheet reach, read from its XML as it is unpacked: a reader keeps the whole rectangle."""

from __future__ import annotations

import re

from services.registry.domain.errors import FileNotReadable, FileTooLarge

MOST_CELLS = 20_000_000
"""Of one sheet, blank ones between counted: 200,000 rows of 40 columns are 8 million."""

_MARK = b"sheetData"
"""Without this element a part is no worksheet, whatever its name: relationships may point to any part."""

_LONGEST_TAG = 1 << 16

# Groups are atomic, (?>(?:…)*), and never possessive, (?:…)*+: the latter match wrongly before Python 3.11.5.
_ATTRIBUTES = rb"""[^<>"']*+(?>(?:"[^"<]*+"[^<>"']*+|'[^'<]*+'[^<>"']*+)*)"""
_ROW_OR_CELL = rb"(?:[^\s<>\"'=/:!?]++:)?(c|row)(?=[\s/>])"
_OTHER = re.compile(
    rb"(?>(?:[^<]++|<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
    rb"|<(?!" + _ROW_OR_CELL.replace(b"(c|row)", b"(?:c|row)") + rb")(?![!?])" + _ATTRIBUTES + rb">)+)",
    re.DOTALL,
)
"""Text, comments and other elements; a sign `<` within an attribute, which XML forbids, ends the match."""

_TAG = re.compile(rb"<" + _ROW_OR_CELL + rb"(" + _ATTRIBUTES + rb")>")
_REFERENCE = re.compile(rb"""(?:^|[\s"'])r\s*=\s*["']\s*([A-Za-z]{0,3})0*([0-9]{1,7})\s*["']""")
_ERROR = re.compile(rb"""(?:^|[\s"'])t\s*=\s*["']e["']""")
_NAMED = 5
_ANY_REFERENCE = re.compile(rb"""(?:^|[\s"'])r\s*=""")
_PLAIN_ROW = re.compile(
    rb'<row r="([1-9][0-9]{0,6})"(?>(?: (?!r=)[A-Za-z0-9:]+="[^"<>]*+")*)>'
    rb'(?>(?:<c r="[A-Z]{1,3}\1"(?>(?: (?:s|t|cm|vm|ph)="(?!e")[^"<>]*+")*)'
    rb"(?:/>|>(?>(?:[^<]++|</?(?:v|f|is|t)>)*)</c>))+)</row>"
)
"""A row as Excel and WPS write it: read at once, which is ten times faster than tag by tag."""

_PLAIN_COLUMN = re.compile(rb'<c r="([A-Z]+)[^<>]*+(?<!/)>')


class SheetExtent:
    """Takes one part of a workbook chunk by chunk; raises FileTooLarge as soon as its cells reach too far."""

    def __init__(self, most_cells: int = MOST_CELLS) -> None:
        self._most = most_cells
        self._rest = b""
        self._is_sheet = self._unclear = False
        self._row = self._column = 0
        self._last_row = self._last_column = 0
        self._columns: set[bytes] = set()
        self._errors = 0
        self._named: list[str] = []

    def feed(self, chunk: bytes) -> None:
        """Read on; a tag that the chunk cuts waits for the next one."""
        buffer = self._rest + chunk
        self._is_sheet = self._is_sheet or _MARK in buffer
        at = len(buffer) if self._unclear else self._read(buffer)
        if len(buffer) - at > _LONGEST_TAG:
            self._unclear, at = True, len(buffer)
        self._rest = buffer[at:] if not self._unclear else buffer[-len(_MARK) :]
        self._require_clear()

    def end(self) -> None:
        """The part is over: what is left is no whole tag, though a reader may take it for one."""
        self._unclear = self._unclear or b"<" in self._rest
        self._require_clear()
        if self._errors and self._is_sheet:
            # A reader gives these as blank cells, and a blank cell says nothing: they would be lost without a word.
            raise FileNotReadable(
                f"工作表中有 {self._errors} 个单元格是错误值（如 #DIV/0!、#N/A）：{'、'.join(self._named)}"
                f"{' 等' if self._errors > len(self._named) else ''}，请改正公式或清空这些单元格后重新上传"
            )

    def _require_clear(self) -> None:
        if self._unclear and self._is_sheet:
            raise FileNotReadable("工作簿的工作表内容不规范，请在 Excel 或 WPS 中打开并另存为 xlsx 后重新上传")

    def _read(self, buffer: bytes) -> int:
        """Read all whole tags; where the first that is not whole begins."""
        at = 0
        while at < len(buffer) and not self._unclear:
            if row := _PLAIN_ROW.match(buffer, at):
                at = row.end()
                self._enter_row(int(row[1]), row[0])
                continue
            if other := _OTHER.match(buffer, at):
                at = other.end()
                continue
            tag = _TAG.match(buffer, at)
            if tag is None:
                break
            at = tag.end()
            self._enter(tag[1], tag[2])
        return at

    def _enter_row(self, row: int, text: bytes) -> None:
        self._row = row
        columns = _PLAIN_COLUMN.findall(text)
        if not columns:
            return
        if not self._columns.issuperset(columns):
            self._columns.update(columns)
            self._reach(row, max(map(_number, columns)))
        elif row > self._last_row:
            self._reach(row, _number(columns[-1]))

    def _enter(self, element: bytes, attributes: bytes) -> None:
        reference = _REFERENCE.search(attributes)
        if len(_ANY_REFERENCE.findall(attributes)) != (reference is not None):
            self._unclear = True  # no cell, or two of them: which one a reader takes is not known
            return
        if element == b"row":
            self._row = int(reference[2]) if reference else self._row + 1
            self._column = 0
            return
        row = self._row
        if reference is None:
            self._column += 1
        else:
            self._column, row = _number(reference[1]), int(reference[2])
        if attributes.endswith(b"/"):
            return  # blank, only its format is kept: a reader leaves it out
        self._reach(row, self._column)
        if _ERROR.search(attributes):
            self._errors += 1
            self._named += [f"{_letters(self._column)}{row}"][: _NAMED - len(self._named)]

    def _reach(self, row: int, column: int) -> None:
        self._last_row = max(self._last_row, row)
        self._last_column = max(self._last_column, column)
        if self._last_row * self._last_column > self._most:
            raise FileTooLarge(
                f"表格范围过大：单元格 {_letters(column)}{row} 使工作表达到"
                f" {self._last_row} 行 × {self._last_column} 列，请删除多余的空白单元格后另存",
                limit_cells=self._most,
            )


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters
