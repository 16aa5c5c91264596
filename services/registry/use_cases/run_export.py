"""Writes a queued export: the list page by page into a workbook or CSV, kept as a blob for its requester."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chassis import blobs, clock
from chassis.db import Transaction
from services.registry.domain.errors import ExportTooLarge
from services.registry.domain.exports import COLUMNS, FORMS, LABELS, csv_line
from services.registry.domain.standing import SIZES, listing_label, risk_label
from services.registry.domain.status import RegistrationStatus
from services.registry.domain.titles import TITLES
from services.registry.store.exports import Exports, count_of, titles_held
from services.registry.store.items import Carriers
from services.registry.store.parks import ParkStays
from services.registry.store.queries import Filters, list_enterprises
from services.registry.store.reference import Reference, reference
from services.registry.store.search_tables import ExportRow
from services.registry.store.tables import EnterpriseRow

PAGE = 1000
EVERYWHERE = "*"

Tell = Callable[[int, int | None, str], None]
Cells = Sequence[str]


def run_export(tx: Transaction, export_id: uuid.UUID, *, max_rows: int, tell: Tell) -> Mapping[str, Any]:
    """Write the file. Raises ExportTooLarge for a list of more than `max_rows`. Memory does not grow with the list,
    but for the finished file itself.
    """
    row = Exports(tx).get(export_id)
    areas = None if EVERYWHERE in row.areas else row.areas
    filters = Filters(**row.filters, areas=areas)
    tell(0, None, "正在统计")
    total = count_of(tx, filters)
    if total > max_rows:
        raise ExportTooLarge(
            f"名单有 {total} 户，一个文件最多 {max_rows} 户，请缩小筛选范围后分次导出", limit_rows=max_rows
        )
    lines = _told(_lines(tx, filters), total, tell)
    content = _csv(lines) if row.form == "csv" else _xlsx(row, _shown(tx, row.filters), lines)
    row.sha256 = blobs.store(tx, content, FORMS[row.form])
    row.rows, row.state, row.finished_at = total, "done", clock.now()
    return {"rows": total}


def _lines(tx: Transaction, filters: Filters) -> Iterator[Cells]:
    known = reference(tx)
    after: tuple[str] | None = None
    while True:
        page = list_enterprises(tx, filters, sort="uscc", after=after, limit=PAGE)[:PAGE]
        held = titles_held(tx, [each.uscc for each in page])
        parks = ParkStays(tx).present([each.uscc for each in page])
        for each in page:
            park = parks.get(each.uscc)
            yield _cells(each, park.name if park else "", held.get(each.uscc, ()), known)
        if len(page) < PAGE:
            return
        after = (page[-1].uscc,)


def _told(lines: Iterator[Cells], total: int, tell: Tell) -> Iterator[Cells]:
    for number, cells in enumerate(lines):
        if number % PAGE == 0:
            tell(number, total, "正在写入")
        yield cells


def _cells(row: EnterpriseRow, park: str, titles: Sequence[str], known: Reference) -> Cells:
    industry = known.industries.by_code.get(row.industry_code or "")
    capital = row.registered_capital
    return (
        row.uscc,
        row.name,
        row.district_code or "",
        known.places.name_of(row.district_code) or "",
        park,
        row.industry_code or "",
        industry.name if industry else "",
        SIZES.get(row.size_class or "", "未知"),
        RegistrationStatus(row.status).label if row.status else "未知",
        "；".join(TITLES[each] for each in titles),
        listing_label(row.listing_status) if row.listing_status else "",
        "；".join(risk_label(each) for each in row.risk_flags),
        row.established_on.isoformat() if row.established_on else "",
        "" if capital is None else format(capital.normalize(), "f"),
        row.registered_capital_currency or "",
        row.registered_address or "",
        row.actual_address or "",
        "是" if row.synthetic else "否",
    )


def _shown(tx: Transaction, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters as a reader knows them: a park by its name."""
    if "park" not in filters:
        return dict(filters)
    park = Carriers(tx).find(uuid.UUID(filters["park"]))
    return {**filters, "park": park.name if park else filters["park"]}


def _csv(lines: Iterator[Cells]) -> bytes:
    """UTF-8 with a byte order mark: without it Excel takes Chinese for another encoding."""
    target = io.BytesIO(b"\xef\xbb\xbf")
    target.seek(0, io.SEEK_END)
    target.write(csv_line(COLUMNS).encode())
    for cells in lines:
        target.write(csv_line(cells).encode())
    return target.getvalue()


def _xlsx(export: ExportRow, filters: Mapping[str, Any], lines: Iterator[Cells]) -> bytes:
    """Row by row; every cell is text, never a formula or a link."""
    import xlsxwriter  # not at the start of every process: few workbooks are written

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        sheet = book.add_worksheet("名单")
        sheet.freeze_panes(1, 2)
        for column, (name, width) in enumerate(COLUMNS.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, name, head)
        count = 0
        for count, cells in enumerate(lines, start=1):
            for column, cell in enumerate(cells):
                sheet.write_string(count, column, cell)
        _about(book.add_worksheet("说明"), export, filters, count)
    return target.getvalue()


def _about(sheet: Any, export: ExportRow, filters: Mapping[str, Any], count: int) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 60)
    about = {
        **{LABELS[name]: str(value) for name, value in filters.items()},
        "管辖区域": "全部" if EVERYWHERE in export.areas else "、".join(export.areas),
        "企业数": str(count),
        "申请时间": f"{export.created_at.astimezone(clock.SHANGHAI):%Y-%m-%d %H:%M}（北京时间）",
    }
    for number, (name, value) in enumerate(about.items()):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, value)
