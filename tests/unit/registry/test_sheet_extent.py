"""How far a worksheet reaches is known before a reader makes room for it."""

from __future__ import annotations

import pytest

from services.registry.domain.errors import FileNotReadable, FileTooLarge
from services.registry.domain.sheet_extent import SheetExtent

FIRST = '<row r="1"><c r="A1"><v>1</v></c></row>'
FAR = '<c r="XFD1048576"><v>1</v></c>'


def read(rows: str, chunk: int = 1 << 20, most_cells: int = 20_000_000) -> None:
    part = f'<?xml version="1.0"?><worksheet><!-- a < b --><sheetData>{rows}</sheetData></worksheet>'.encode()
    extent = SheetExtent(most_cells)
    for at in range(0, len(part), chunk):
        extent.feed(part[at : at + chunk])
    extent.end()


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize(
    "rows",
    [
        f'{FIRST}<row r="1048576">{FAR}</row>',
        f"{FIRST}<row>{FAR}</row>",
        f'{FIRST}<x:row r="1048576"><x:c  s="1"\n r = \'xfd001048576\'><x:v>1</x:v></x:c></x:row>',
        f"{FIRST}<row r='1048576'>{'<c/>' * 16383}<c><v>1</v></c></row>",
        '<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>1</v></c></row>',
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c><c r="A1048576"><v>1</v></c></row>',
        f'<row r="1048575"/><row><!-- <row r="1"> --><c r="XFD1"><v>1</v></c></row><row>{FAR}</row>',
        f'<row r="1" x="&lt;" y=">">{FAR}</row>',
    ],
    ids=["plain", "elsewhere", "prefixed", "counted", "corners", "unordered", "comment", "sign"],
)
def test_a_sheet_that_reaches_too_far_is_refused(rows: str, chunk: int) -> None:
    with pytest.raises(FileTooLarge, match=r"表格范围过大：单元格 [A-Z]+[0-9]+ .*请删除多余的空白单元格后另存"):
        read(rows, chunk)


def test_the_cell_is_named() -> None:
    with pytest.raises(FileTooLarge, match=r"单元格 XFD1048576 .* 1048576 行 × 16384 列"):
        read(f'{FIRST}<row r="1048576">{FAR}</row>')


@pytest.mark.parametrize("chunk", [1, 3, 1 << 20])
@pytest.mark.parametrize(
    "rows",
    [
        "",
        FIRST,
        f'{FIRST}<row r="1048576" ht="12"/>',
        f'{FIRST}<row r="1048576" ht="12"><c r="XFD1048576" s="4"/></row>',
        '<row r="1"><c r="A1" t="inlineStr"><is><t>r="XFD1048576" &lt;c></t></is></c></row>',
        '<row r="1"><c r="A1" t="str"><f>B1&amp;"x</f><v><![CDATA[<c r="XFD1048576">]]></v></c></row>',
        '<row r="9"><c r="A9"><v>1</v></c><c r="B9"><v>1</v></c></row><row><c><v>1</v></c></row>',
    ],
    ids=["none", "first", "row", "format", "text", "cdata", "bare"],
)
def test_what_a_reader_leaves_out_does_not_count(rows: str, chunk: int) -> None:
    read(rows, chunk, most_cells=20)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c s="<" r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c s=" r=\'A1\' " r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="&#88;FD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="AXFD1048576"><v>1</v></c></row>',
        f'<row r="1"><c {" " * (1 << 17)} r="A1"',
    ],
    ids=["sign", "two", "escaped", "column", "endless"],
)
def test_what_two_readers_may_read_otherwise_is_refused(rows: str) -> None:
    with pytest.raises(FileNotReadable):
        read(rows, 4096)


def test_other_parts_are_no_sheets() -> None:
    extent = SheetExtent()
    for chunk in (b"\x89PNG <c <<", b'\x00 r="XFD1048576"', b"<" * 100_000):
        extent.feed(chunk)
    extent.end()


@pytest.mark.parametrize("chunk", [7, 1 << 20])
def test_error_values_are_refused_by_name_instead_of_read_as_blanks(chunk: int) -> None:
    cells = '<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B2"><v>1</v></c><c r="C2" s="1" t="e"><v>#N/A</v></c>'
    part = f'<worksheet><sheetData><row r="2" spans="1:3">{cells}</row></sheetData></worksheet>'.encode()
    extent = SheetExtent()
    with pytest.raises(FileNotReadable, match=r"2 个单元格是错误值.*：A2、C2，"):
        for at in range(0, len(part), chunk):
            extent.feed(part[at : at + chunk])
        extent.end()
