"""A report as one web page that needs nothing else: tables, and charts as inline SVG; it prints as it is."""

from __future__ import annotations

from decimal import Decimal
from html import escape

from rulebook.units import plain_decimal
from services.registry.domain.programmes.report import Chart, Report, Table

COLOURS = ("#1f5fa8", "#c4622d", "#3f8f4f", "#8a5aa8", "#a88a1f", "#4f8f8f")
_STYLE = """
body{font-family:"Noto Serif CJK SC","Source Han Serif SC",SimSun,serif;margin:2rem auto;max-width:72rem;padding:0 1rem;
color:#1a1a1a;line-height:1.6}
h1,h2{font-family:"Noto Sans CJK SC",SimHei,sans-serif}h1{text-align:center;margin-bottom:0}
.subtitle{text-align:center;font-size:1.1rem}table{border-collapse:collapse;width:100%;font-size:.85rem;margin:1rem 0}
th,td{border:1px solid #999;padding:.25rem .4rem;text-align:left;vertical-align:top}th{background:#eef2f7}
figure{margin:1.5rem 0}figcaption{font-weight:bold}footer{border-top:1px solid #999;margin-top:2rem;font-size:.8rem}
@media print{body{max-width:none;margin:0}thead{display:table-header-group}tr{break-inside:avoid}}
"""
LABELS, BARS, ROW = 320, 520, 18
"""Pixels: names at the left, the longest bar, the height of a bar."""


def render_page(report: Report) -> str:
    """A complete HTML document; every text is escaped."""
    title = f"{report.subtitle} {report.title}"
    body = [f"<h1>{escape(report.title)}</h1>", f'<p class="subtitle">{escape(report.subtitle)}</p>']
    for section in report.sections:
        body.append(f"<section><h2>{escape(section.heading)}</h2>")
        body += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
        body += [_table(table) for table in section.tables]
        body += [_chart(chart) for chart in section.charts]
        body.append("</section>")
    body.append(f"<footer>{escape(report.basis)}</footer>")
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{"".join(body)}</body></html>'


def _table(table: Table) -> str:
    total = sum(table.weights)
    columns = "".join(f'<col style="width:{100 * weight / total:.1f}%">' for weight in table.weights)
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _chart(chart: Chart) -> str:
    known = [value for _, values in chart.series for value in values if value is not None]
    longest = max(known, default=Decimal(0)) or Decimal(1)
    drawn: list[str] = []
    top = 0
    for place, category in enumerate(chart.categories):
        middle = top + ROW * len(chart.series) / 2 + 5
        drawn.append(f'<text x="{LABELS - 8}" y="{middle:.0f}" text-anchor="end">{escape(_short(category))}</text>')
        for number, (_, values) in enumerate(chart.series):
            drawn.append(_bar(values[place], longest, top + ROW * number, COLOURS[number % len(COLOURS)], chart.unit))
        top += ROW * len(chart.series) + 8
    legend = _legend(chart, top) if len(chart.series) > 1 else ""
    height = top + (26 if legend else 4)
    width = LABELS + BARS + 120
    image = (
        f'<svg viewBox="0 0 {width} {height}" width="100%" role="img" aria-label="{escape(chart.title)}" '
        f'font-size="12" xmlns="http://www.w3.org/2000/svg">{"".join(drawn)}{legend}</svg>'
    )
    return f"<figure><figcaption>{escape(chart.title)}（{escape(chart.unit)}）</figcaption>{image}</figure>"


def _bar(value: Decimal | None, longest: Decimal, top: int, colour: str, unit: str) -> str:
    if value is None:
        return f'<text x="{LABELS}" y="{top + 13}" fill="#666">无数据</text>'
    length = float(value / longest) * BARS
    said = f"{plain_decimal(value)} {unit}"
    return (
        f'<rect x="{LABELS}" y="{top}" width="{length:.1f}" height="{ROW - 4}" fill="{colour}"/>'
        f'<text x="{LABELS + length + 6:.1f}" y="{top + 12}">{escape(said)}</text>'
    )


def _legend(chart: Chart, top: int) -> str:
    found = []
    left = 0
    for number, (label, _) in enumerate(chart.series):
        colour = COLOURS[number % len(COLOURS)]
        found.append(f'<rect x="{left}" y="{top + 4}" width="12" height="12" fill="{colour}"/>')
        found.append(f'<text x="{left + 16}" y="{top + 15}">{escape(label)}</text>')
        left += 30 + 13 * len(label)
    return "".join(found)


def _short(text: str) -> str:
    return text if len(text) <= 24 else text[:23] + "…"
