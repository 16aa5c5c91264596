"""A report as sections of text, tables and charts, before anybody decides whether it is a Word file or a page."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Table:
    """Rows have a cell per column; `weights` are the relative widths."""

    columns: tuple[str, ...]
    weights: tuple[float, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars side by side per category; null is drawn as a gap and written as 无数据, never as zero."""

    title: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[Decimal | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs, then tables, then charts."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """`basis` says as of when and from what it was computed; it stands on every page."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    basis: str
