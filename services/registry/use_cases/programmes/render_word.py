"""A report as a Word file with native charts, so that the office can still edit words, tables and bars."""

from __future__ import annotations

import io
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from rulebook.units import plain_decimal
from services.registry.domain.programmes.report import Chart, Report, Table

BODY, HEADINGS = "仿宋", "黑体"
"""The fonts of official documents; Word falls back to one it has."""
CHART_TYPE = "application/vnd.openxmlformats-officedocument.drawingml.chart+xml"
_EMU = 360000
_NAMES = (
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How an A4 page is laid out: on its side or upright, margins in centimetres, sizes of type in points."""

    on_its_side: bool
    margin: float
    title: float
    heading: float
    text: float
    cell: float

    @property
    def width(self) -> float:
        """Centimetres between the margins."""
        return (29.7 if self.on_its_side else 21) - 2 * self.margin


WIDE = Sheet(on_its_side=True, margin=2, title=20, heading=15, text=12, cell=9)
UPRIGHT = Sheet(on_its_side=False, margin=1.5, title=16, heading=11, text=9, cell=8)
"""For what has to stay one page."""


def render_word(report: Report, sheet: Sheet = WIDE) -> bytes:
    """A4: heading, sections with tables and charts, the basis on every page."""
    document = Document()
    _page(document, sheet)
    _font(document.styles["Normal"], BODY, sheet.text)
    footer = document.sections[0].footer.paragraphs[0]
    _font(footer.add_run(report.basis), BODY, 8)
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _line(document, report.title, size=sheet.title, font=HEADINGS, center=True)
    _line(document, report.subtitle, size=sheet.heading, font=HEADINGS, center=True)
    drawn = 0
    for number, section in enumerate(report.sections, 1):
        heading = document.add_heading(level=1)
        _font(heading.add_run(f"{_numeral(number)}、{section.heading}"), HEADINGS, sheet.heading)
        if not sheet.on_its_side:
            heading.paragraph_format.space_before = Pt(4)
        for text in section.paragraphs:
            _line(document, text, size=sheet.text, indent=True)
        for table in section.tables:
            _table(document, table, sheet)
        for chart in section.charts:
            drawn += 1
            _chart(document, chart, drawn, sheet)
    stated = document.core_properties
    stated.title, stated.author, stated.comments = f"{report.subtitle} {report.title}", "", report.basis
    content = io.BytesIO()
    document.save(content)
    return content.getvalue()


def _page(document: Any, sheet: Sheet) -> None:
    section = document.sections[0]
    long, short = Cm(29.7), Cm(21)
    section.orientation = WD_ORIENT.LANDSCAPE if sheet.on_its_side else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (long, short) if sheet.on_its_side else (short, long)
    section.left_margin = section.right_margin = Cm(sheet.margin)
    section.top_margin = section.bottom_margin = Cm(sheet.margin)


def _font(style_or_run: Any, name: str, size: float) -> None:
    """Chinese text takes the east-Asian font of a run; the plain name alone would leave it to the reader's system."""
    style_or_run.font.name = name
    style_or_run.font.size = Pt(size)
    style_or_run.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), name)


def _line(
    document: Any, text: str, *, size: float = 12, font: str = BODY, center: bool = False, indent: bool = False
) -> None:
    paragraph = document.add_paragraph()
    _font(paragraph.add_run(text), font, size)
    if center:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if indent:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    paragraph.paragraph_format.line_spacing = 1.25


def _table(document: Any, table: Table, sheet: Sheet) -> None:
    added = document.add_table(rows=1 + len(table.rows), cols=len(table.columns), style="Table Grid")
    added.autofit = False
    total = sum(table.weights)
    widths = [Cm(sheet.width * weight / total) for weight in table.weights]
    for row, values in zip(added.rows, (table.columns, *table.rows), strict=True):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text, width in zip(row.cells, values, widths, strict=True):
            cell.width = width
            paragraph = cell.paragraphs[0]
            _font(paragraph.add_run(text), HEADINGS if values is table.columns else BODY, sheet.cell)
            paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(1)
    added.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    after = document.add_paragraph()
    if not sheet.on_its_side:
        after.paragraph_format.space_after = Pt(0)
        _font(after.add_run(), BODY, 4)


def _chart(document: Any, chart: Chart, number: int, sheet: Sheet) -> None:
    """A native bar chart: its numbers stand in the chart itself, so that no workbook has to be embedded."""
    name = PackURI(f"/word/charts/chart{number}.xml")
    part = Part(name, CHART_TYPE, _chart_xml(chart).encode(), document.part.package)
    relation = document.part.relate_to(part, RELATIONSHIP_TYPE.CHART)
    height = min(16.0, 4.5 + 0.62 * len(chart.categories) * max(1, len(chart.series) * 0.5))
    paragraph = document.add_paragraph()
    paragraph.add_run()._r.append(parse_xml(_drawing_xml(chart, number, relation, sheet.width, height)))
    gaps = [
        f"{label}：{category}"
        for label, values in chart.series
        for category, value in zip(chart.categories, values, strict=True)
        if value is None
    ]
    if gaps:
        _line(document, "无数据：" + "；".join(gaps), size=9)


def _drawing_xml(chart: Chart, number: int, relation: str, width: float, height: float) -> str:
    w = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    wp = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    size = f'cx="{int(width * _EMU)}" cy="{int(height * _EMU)}"'
    title = escape(chart.title, {'"': "&quot;"})
    return (
        f'<w:drawing xmlns:w="{w}" xmlns:wp="{wp}" {_NAMES}><wp:inline distT="0" distB="0" distL="0" distR="0">'
        f'<wp:extent {size}/><wp:docPr id="{1000 + number}" name="图 {number}" descr="{title}"/><a:graphic>'
        '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart">'
        f'<c:chart r:id="{relation}"/></a:graphicData></a:graphic></wp:inline></w:drawing>'
    )


def _chart_xml(chart: Chart) -> str:
    series = "".join(
        f'<c:ser><c:idx val="{place}"/><c:order val="{place}"/>'
        f"<c:tx><c:v>{escape(label)}</c:v></c:tx>"
        '<c:invertIfNegative val="0"/><c:dLbls><c:showLegendKey val="0"/><c:showVal val="1"/><c:showCatName val="0"/>'
        '<c:showSerName val="0"/><c:showPercent val="0"/><c:showBubbleSize val="0"/></c:dLbls>'
        f"<c:cat><c:strLit>{_points(list(chart.categories))}</c:strLit></c:cat>"
        f"<c:val><c:numLit><c:formatCode>General</c:formatCode>{_points(list(values))}</c:numLit></c:val></c:ser>"
        for place, (label, values) in enumerate(chart.series)
    )
    title = escape(f"{chart.title}（{chart.unit}）")
    legend = '<c:legend><c:legendPos val="b"/><c:overlay val="0"/></c:legend>' if len(chart.series) > 1 else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><c:chartSpace {_NAMES}><c:chart><c:title><c:tx>'
        f"<c:rich><a:bodyPr/><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx>"
        '<c:overlay val="0"/></c:title><c:autoTitleDeleted val="0"/><c:plotArea><c:layout/><c:barChart>'
        f'<c:barDir val="bar"/><c:grouping val="clustered"/><c:varyColors val="0"/>{series}'
        '<c:gapWidth val="60"/><c:axId val="1"/><c:axId val="2"/></c:barChart>'
        '<c:catAx><c:axId val="1"/><c:scaling><c:orientation val="maxMin"/></c:scaling><c:delete val="0"/>'
        '<c:axPos val="l"/><c:crossAx val="2"/></c:catAx>'
        '<c:valAx><c:axId val="2"/><c:scaling><c:orientation val="minMax"/><c:min val="0"/></c:scaling>'
        '<c:delete val="0"/><c:axPos val="t"/><c:crossAx val="1"/></c:valAx>'
        f'</c:plotArea>{legend}<c:plotVisOnly val="1"/><c:dispBlanksAs val="gap"/></c:chart></c:chartSpace>'
    )


def _points(values: list[Any]) -> str:
    points = "".join(
        f'<c:pt idx="{place}"><c:v>{_plain(value)}</c:v></c:pt>'
        for place, value in enumerate(values)
        if value is not None
    )
    return f'<c:ptCount val="{len(values)}"/>{points}'


def _plain(value: Any) -> str:
    return plain_decimal(value) if isinstance(value, Decimal) else escape(str(value))


def _numeral(number: int) -> str:
    return "一二三四五六七八九"[number - 1]
