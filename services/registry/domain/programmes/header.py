"""Reads what stands above the lines of a programme: document, areas, period, units."""

from __future__ import annotations

import datetime as dt
import re

from rulebook.source import Block, Reader
from services.registry.domain.programmes.keys import DOCUMENT_KEYS, PERIOD_KEYS, UNIT_KEYS
from services.registry.domain.programmes.model import GRADES, Paper, Period, Quotation, Unit
from services.registry.domain.programmes.values import date_of, lines_of

_AREA = re.compile(r"[1-9]\d(\d\d(\d\d)?)?")
_NO_DAY = dt.date(1, 1, 1)


def quotation_of(reader: Reader, block: Block, key: str) -> Quotation:
    """The words under `key` and the lines beside them."""
    return Quotation(lines_of(reader, block), reader.text(block, key))


def areas_of(reader: Reader, root: Block) -> tuple[str, ...]:
    found = reader.texts(root, "area", required=True)
    for text in found:
        if not _AREA.fullmatch(text):
            line = reader.line_of(root, "area")
            reader.problem(line, text, "2、4 或 6 位区划代码", "请改成如 3413，并加引号。", "not-an-area")
    return found


def paper_of(reader: Reader, root: Block) -> Paper:
    block = reader.block(root.entries.get("document"), "document", root.line)
    reader.only(block, DOCUMENT_KEYS)
    return Paper(
        reader.text(block, "name"),
        reader.text(block, "number"),
        reader.text(block, "issuer"),
        date_of(reader, block, "issued_on", required=False),
        reader.text(block, "copy", required=False),
    )


def period_of(reader: Reader, root: Block) -> Period:
    block = reader.block(root.entries.get("period"), "period", root.line)
    reader.only(block, PERIOD_KEYS)
    start, end = date_of(reader, block, "from"), date_of(reader, block, "to")
    if start and end and end < start:
        reader.problem(block.line, f"{start} 至 {end}", "止不早于起", "请核对起止日期。", "period-reversed")
    first = start or end or _NO_DAY
    note = reader.text(block, "note", required=False)
    return Period(start or first, end or first, quotation_of(reader, block, "quote"), note)


def unit_of(reader: Reader, block: Block) -> Unit:
    reader.only(block, UNIT_KEYS)
    grade = reader.text(block, "evidence", required=False)
    if grade and grade not in GRADES:
        reader.problem(block.line, grade, "、".join(GRADES), "请改用证据等级。", "unknown-evidence")
    written, now = (reader.text(block, key, required=False) for key in ("written", "now"))
    return Unit(reader.text(block, "name"), written, now, grade)
