"""Writes a sample as the spreadsheets that an officer uploads, and the rest as JSON lists."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import xlsxwriter

from peiyu.sample.columns import CURRENT_FACTS, YEARLY_FACTS, Cell, FactColumn, fact_columns
from peiyu.sample.decisions import INSTITUTIONS, PURPOSES
from peiyu.sample.generate import CURRENT
from peiyu.sample.model import Commissioner, Consent, Finding, PeriodFacts, Sample
from rulebook.dictionary import SOURCE_KINDS

ENTERPRISE_HEADERS = (
    "企业名称",
    "统一社会信用代码",
    "注册地区划代码",
    "注册地址",
    "实际经营地址",
    "行业代码(GB/T 4754)",
    "成立日期",
    "注册资本",
    "登记状态",
    "合成样例",
)
TITLE_HEADERS = (
    "企业名称",
    "统一社会信用代码",
    "称号",
    "批次",
    "公告文号",
    "发文机关",
    "公告日期",
    "有效期起",
    "有效期止",
    "状态",
)
FACT_HEADERS = ("企业名称", "统一社会信用代码", "年度", "数据来源")

TITLE_LABELS = {
    "innovative_sme": "创新型中小企业",
    "tech_sme": "科技型中小企业",
    "specialized_sme": "专精特新中小企业",
    "little_giant": "专精特新“小巨人”企业",
    "high_tech": "高新技术企业",
}
STATE_LABELS = {
    "valid": "有效",
    "publicized": "公示",
    "under_review": "复核中",
    "expired": "到期",
    "cancelled": "取消",
}


@dataclass(frozen=True, slots=True)
class SampleFiles:
    """Where each part was written.

    `facts`: one row per enterprise and year. `facts_current`: facts as of a date, the year left empty.
    `platform_scores`: scores as exported from the official platform; every row of facts names its source.
    """

    enterprises: Path
    facts: Path
    facts_current: Path
    platform_scores: Path
    titles: Path
    findings: Path
    consents: Path
    commissioners: Path


def write_files(sample: Sample, folder: Path) -> SampleFiles:
    """Write every file into `folder` (made if need be). The same sample gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = SampleFiles(
        **{
            part.name: folder / (part.name + (".json" if part.name in _JSON else ".xlsx"))
            for part in fields(SampleFiles)
        }
    )
    names, stamp = sample.names, sample.today
    yearly, current, scores = _split(sample.facts)
    yearly_columns, current_columns = fact_columns(YEARLY_FACTS), fact_columns(CURRENT_FACTS)
    _write_sheet(paths.enterprises, "企业", ENTERPRISE_HEADERS, _enterprise_rows(sample), stamp)
    _write_facts(paths.facts, "年度指标", yearly_columns, yearly, names, stamp)
    _write_facts(paths.facts_current, "当前情况", current_columns, current, names, stamp)
    _write_facts(paths.platform_scores, "平台评价", fact_columns(("development_score",)), scores, names, stamp)
    _write_sheet(paths.titles, "称号", TITLE_HEADERS, _title_rows(sample), stamp)
    _write_json(paths.findings, (_finding(each, names) for each in sample.findings))
    _write_json(paths.consents, (_consent(each, names) for each in sample.consents))
    _write_json(paths.commissioners, (_commissioner(each) for each in sample.commissioners))
    return paths


_JSON = ("findings", "consents", "commissioners")


def _split(facts: Sequence[PeriodFacts]) -> tuple[list[PeriodFacts], list[PeriodFacts], list[PeriodFacts]]:
    """Yearly figures (scores that the enterprise wrote itself among them), current facts, the platform's scores."""
    scores = [each for each in facts if each.source == "official_platform"]
    current = [each for each in facts if each.fiscal_year == CURRENT]
    yearly = [each for each in facts if each.fiscal_year != CURRENT and each.source != "official_platform"]
    return yearly, current, scores


def _enterprise_rows(sample: Sample) -> Iterator[tuple[Cell, ...]]:
    for each in sample.enterprises:
        yield (
            each.name,
            each.uscc,
            each.district_code,
            each.address,
            each.business_address,
            each.industry_code,
            each.established_on,
            each.registered_capital,
            each.status,
            "是",
        )


def _title_rows(sample: Sample) -> Iterator[tuple[Cell, ...]]:
    names = sample.names
    for each in sample.titles:
        yield (
            names[each.uscc],
            each.uscc,
            TITLE_LABELS[each.title],
            each.batch,
            each.document_number,
            each.issued_by,
            each.announced_on,
            each.valid_from,
            each.valid_to,
            STATE_LABELS[each.state],
        )


def _write_facts(
    path: Path,
    sheet: str,
    columns: Sequence[FactColumn],
    facts: Iterable[PeriodFacts],
    names: Mapping[str, str],
    stamp: dt.date,
) -> None:
    headers = (*FACT_HEADERS, *(column.header for column in columns))
    rows = (
        (
            names[each.uscc],
            each.uscc,
            each.fiscal_year or None,
            SOURCE_KINDS[each.source],
            *(column.cell(each.values.get(column.fact_id)) for column in columns),
        )
        for each in facts
    )
    _write_sheet(path, sheet, headers, rows, stamp)


def _write_sheet(
    path: Path, sheet: str, headers: Sequence[str], rows: Iterable[Sequence[Cell]], stamp: dt.date
) -> None:
    with xlsxwriter.Workbook(path) as book:
        book.set_properties({"title": "合成样例", "created": dt.datetime.combine(stamp, dt.time(), dt.UTC)})
        page = book.add_worksheet(sheet)
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        page.freeze_panes(1, 2)
        page.set_column(0, 1, 28)
        page.set_column(2, len(headers) - 1, 16)
        for column, header in enumerate(headers):
            page.write_string(0, column, header, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif isinstance(cell, dt.date):
                    page.write_datetime(number, column, dt.datetime.combine(cell, dt.time()), day)
                elif cell is not None:
                    page.write_number(number, column, cell)


def _write_json(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = json.dumps(list(rows), ensure_ascii=False, indent=1, default=_iso)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _iso(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a sample file")


def _finding(finding: Finding, names: Mapping[str, str]) -> dict[str, Any]:
    return {"name": names[finding.uscc], **asdict(finding), "synthetic": True}


def _consent(consent: Consent, names: Mapping[str, str]) -> dict[str, Any]:
    labels = {
        "institution_name": INSTITUTIONS[consent.institution],
        "purpose_label": PURPOSES[consent.purpose],
    }
    return {"name": names[consent.uscc], **asdict(consent), **labels, "synthetic": True}


def _commissioner(commissioner: Commissioner) -> dict[str, Any]:
    return {**asdict(commissioner), "synthetic": True}
