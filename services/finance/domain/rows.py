"""The bytes of the whitelist: one canonical JSON line and one CSV line per enterprise and title."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from chassis.csv_cells import csv_cell
from services.finance.domain.titles import STATE_LABELS, Enterprise, Title

COLUMNS = (
    "uscc",
    "name",
    "title",
    "title_label",
    "batch",
    "document_number",
    "issued_by",
    "announced_on",
    "valid_from",
    "valid_to",
    "state",
    "state_label",
    "district_code",
    "district_name",
    "size_class",
    "industry_code",
    "industry_name",
    "listing_status",
    "risk_flags",
    "synthetic",
    "title_id",
)
"""The keys of a row, in the order of its canonical form. A promise to banks: only ever extended at the end."""

BOM = "\ufeff".encode()


def row_of(enterprise: Enterprise, title: Title) -> dict[str, Any]:
    """The row of one title, keys in canonical order, dates as ISO 8601."""
    return {
        "uscc": enterprise.uscc,
        "name": enterprise.name,
        "title": title.title,
        "title_label": title.title_label,
        "batch": title.batch,
        "document_number": title.document_number,
        "issued_by": title.issued_by,
        "announced_on": _iso(title.announced_on),
        "valid_from": _iso(title.valid_from),
        "valid_to": _iso(title.valid_to),
        "state": title.state,
        "state_label": STATE_LABELS.get(title.state, title.state),
        "district_code": enterprise.district_code,
        "district_name": enterprise.district_name,
        "size_class": enterprise.size_class,
        "industry_code": enterprise.industry_code,
        "industry_name": enterprise.industry_name,
        "listing_status": enterprise.listing_status,
        "risk_flags": sorted(enterprise.risk_flags),
        "synthetic": enterprise.synthetic,
        "title_id": title.title_id,
    }


def _iso(date: dt.date | None) -> str | None:
    return None if date is None else date.isoformat()


def canonical(values: Mapping[str, Any]) -> str:
    """One line of JSON: the mapping's own order of keys, no spaces, Chinese as itself, no line end."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def csv_line(values: Iterable[Any]) -> str:
    """One line of CSV without its line end; no cell of it can start a formula in a spreadsheet."""
    return ",".join(_cell(value) for value in values)


def csv_row(row: Mapping[str, Any]) -> str:
    """A row of the whitelist as a line of CSV."""
    return csv_line(row[column] for column in COLUMNS)


CSV_HEADER = ",".join(COLUMNS)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return csv_cell(value if isinstance(value, str) else ";".join(map(str, value)))
