"""The notice as a Word file, so that the office that sends it can still edit it."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from services.eligibility.domain.notice import Notice, Section

WIDTH = 15.8
"""Centimetres between the margins."""
WIDE = {"依据": 2.2, "要求": 1.6, "数据": 1.6, "再进一档": 1.6, "用于": 1.6, "用来说明": 1.8, "说明": 1.8}
"""Columns with long text; the others count 1."""
BODY, HEADINGS = "仿宋", "黑体"
"""The fonts of official documents; Word falls back to one it has."""


def render_notice(notice: Notice, sender: str | None, day: dt.date) -> bytes:
    """A4, heading, text, one table per section, sender and date, and the disclaimer on every page."""
    document = Document()
    _page(document)
    _font(document.styles["Normal"], BODY, 12)
    _disclaimer(document, notice.disclaimer)
    _line(document, notice.caption, size=20, font=HEADINGS, center=True)
    _line(document, notice.subject, size=14, font=HEADINGS, center=True)
    _line(document, f"{notice.addressee}：")
    for text in notice.opening:
        _line(document, text, indent=True)
    for number, section in enumerate(notice.sections, 1):
        _line(document, f"{_numeral(number)}、{section.label}", font=HEADINGS, indent=True)
        _table(document, section)
    for text in notice.closing:
        _line(document, text, indent=True)
    _line(document, notice.disclaimer, indent=True)
    _line(document, sender or "（发送单位）", right=True)
    _line(document, f"{day.year}年{day.month}月{day.day}日", right=True)
    stated = document.core_properties
    stated.title, stated.author, stated.comments = notice.subject, sender or "", notice.disclaimer
    stated.created = stated.modified = dt.datetime(day.year, day.month, day.day)  # noqa: DTZ001 - Word keeps no zone
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.6)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.6)


def _font(style_or_run: Any, name: str, size: float) -> None:
    """Chinese text takes the east-Asian font of a run; the plain name alone would leave it to the reader's system."""
    style_or_run.font.name = name
    style_or_run.font.size = Pt(size)
    style_or_run.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _line(
    document: Any,
    text: str,
    *,
    size: float = 12,
    font: str = BODY,
    center: bool = False,
    right: bool = False,
    indent: bool = False,
) -> None:
    paragraph = document.add_paragraph()
    _font(paragraph.add_run(text), font, size)
    if center or right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if center else WD_ALIGN_PARAGRAPH.RIGHT
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    paragraph.paragraph_format.line_spacing = 1.25


def _table(document: Any, section: Section) -> None:
    table = document.add_table(rows=1, cols=len(section.columns), style="Table Grid")
    table.autofit = False
    for cell, text in zip(table.rows[0].cells, section.columns, strict=True):
        _cell(cell, text, HEADINGS)
    header = table.rows[0]._tr.get_or_add_trPr()
    header.append(OxmlElement("w:tblHeader"))  # the heading is repeated on the next page
    for values in section.rows:
        added = table.add_row()
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text in zip(added.cells, values, strict=True):
            _cell(cell, text or "—", BODY)
    weights = [WIDE.get(column, 1.0) for column in section.columns]
    for column, weight in zip(table.columns, weights, strict=True):
        column.width = Cm(WIDTH * weight / sum(weights))  # for LibreOffice and WPS; Word asks the cells
        for cell in column.cells:
            cell.width = column.width
    document.add_paragraph()


def _cell(cell: Any, text: str, font: str) -> None:
    paragraph = cell.paragraphs[0]
    _font(paragraph.add_run(text), font, 10)
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)


def _disclaimer(document: Any, text: str) -> None:
    section = document.sections[0]
    header, footer = section.header.paragraphs[0], section.footer.paragraphs[0]
    _font(header.add_run("不作为认定依据"), HEADINGS, 9)
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _font(footer.add_run(text), BODY, 8)
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _numeral(number: int) -> str:
    return "一二三四五六七八九"[number - 1]
