"""The result of a simulation as a workbook: what was asked, the counts, the lines that do it, and who flips."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chassis.clock import SHANGHAI
from rulebook.assessment import DISCLAIMER
from rulebook.pack import KINDS, SIZES, Pack
from rulebook.reachability import lines_of
from rulebook.status import Status, Verdict
from services.eligibility.domain.codes import Codes
from services.eligibility.domain.notice_words import requirements
from services.eligibility.store.tables import FlipRow, SimulationRow

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_000_000
"""A sheet holds 1,048,576; what does not fit is in the API's list, and the sheet says so."""
VERDICTS = {each.value: each.label for each in Verdict} | {"no_rules": "无适用规则", "unreadable": "数据无法读取"}
DIRECTIONS = {"gains": "变为符合", "loses": "不再符合", "changes": "其他变化"}
_STATUSES = {each.value: each.label for each in Status}
_WHAT = {"condition": "条件", "indicator": "指标", "score": "得分要求", "route": "路径", "rules": "规则"}
_COUNTS = {
    "enterprises": "企业数",
    "eligible_before": "现行规则下符合",
    "eligible_after": "模拟规则下符合",
    "gains": "变为符合",
    "loses": "不再符合",
    "changes": "其他变化",
}
_DIMENSIONS = {"district": "区划", "size": "企业规模", "industry": "行业门类"}
_LIST = {"统一社会信用代码": 22, "企业名称": 36, "区划": 28, "规模": 8, "行业": 28, "申报类别": 10, "现行规则": 12,
         "模拟规则": 12, "变化": 12, "起作用的条件": 90}  # fmt: skip


def render_flips(
    row: SimulationRow, pack: Pack, against: Sequence[Pack], codes: Codes, flips: Iterable[FlipRow], moment: dt.datetime
) -> bytes:
    """xlsx, written row by row: memory does not grow with the list. Every cell is text or a number, never a formula.

    `against` are the editions in use that were compared with.
    """
    import xlsxwriter  # not at the start of every process: few workbooks are written

    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as book:
        book.set_properties({"title": f"规则模拟：{row.label}", "comments": DISCLAIMER, "created": _local(moment)})
        head = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
        _about(book, row, pack, against, codes, moment)
        _counts(book, row, codes, head)
        _lines(book, row, head)
        _flips(book, flips, codes, head)
    return target.getvalue()


def told(cause: Mapping[str, Any]) -> str:
    """One line that does it, in words."""
    if cause["what"] == "rules":
        return str(cause["label"])
    said = f"{_WHAT[cause['what']]}“{cause['label']}”" if cause["what"] != "score" else cause["label"]
    numbered = f"编号 {cause['id']}" if cause["what"] in ("condition", "indicator") else ""
    where = "，".join(each for each in (cause["clause"], numbered) if each)
    sides = f"由{_side(cause['before'])}变为{_side(cause['after'])}"
    return f"{said}：{sides}{f'〔{where}〕' if where else ''}"


def _side(stand: Mapping[str, Any] | None) -> str:
    if stand is None:
        return "没有这一项"
    detail = "，要求".join(requirements(each) for each in (stand["value"], stand["threshold"]) if each)
    return _STATUSES[stand["status"]] + (f"（{detail}）" if detail else "")


def _about(
    book: Any, row: SimulationRow, pack: Pack, against: Sequence[Pack], codes: Codes, moment: dt.datetime
) -> None:
    sheet = book.add_worksheet("说明")
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 100)
    labels = {each.id: f"“{each.label}”（编号 {each.id}）" for each in lines_of(pack)}
    changes = "；".join(
        f"{labels.get(each['line'], each['line'])}由“{each['found']}”改为“{each['wanted']}”" for each in row.changes
    )
    who = [f"{_district(row.district, codes)}的企业"] if row.district else []
    who += [f"{SIZES.get(row.size_class, row.size_class)}企业"] if row.size_class else []
    who += [f"行业为{_industry(row.industry, codes)}"] if row.industry else []
    lines = (
        ("模拟的规则", _edition(pack)),
        ("依据文件", pack.document.citation),
        ("改动的数值", changes or "没有另改数值，按草案原文模拟"),
        ("比较对象", "、".join(map(_edition, against)) or "没有使用中的规则"),
        ("申请日期", row.as_of.isoformat()),
        ("范围", "；".join(who) or "全部在营企业"),
        ("生成时间", f"{_local(moment):%Y-%m-%d %H:%M}（北京时间）"),
        ("核对用编号", f"规则包 {row.pack_id}，内容哈希前 12 位 {row.pack_hash[:12]}（与接口和操作记录核对时用）"),
        ("说明", DISCLAIMER),
    )
    for number, (name, value) in enumerate(lines):
        sheet.write_string(number, 0, name)
        sheet.write_string(number, 1, value)


def _edition(pack: Pack) -> str:
    since = f"{pack.in_force_from} 起" + (f"至 {pack.in_force_to}" if pack.in_force_to else "")
    return f"{pack.label}（{pack.edition}，适用于 {since}的申请）"


def _counts(book: Any, row: SimulationRow, codes: Codes, head: Any) -> None:
    sheet = book.add_worksheet("汇总")
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 32)
    sheet.set_column(2, 2 + len(_COUNTS), 16)
    _heading(sheet, 0, ("口径", "值", *_COUNTS.values()), head)
    counts = row.counts or {}
    rows = [("合计", "", counts)]
    rows += [
        (_DIMENSIONS[dimension], _place(dimension, each["code"], codes), each)
        for dimension, places in counts.get("by", {}).items()
        for each in places
    ]
    for number, (dimension, place, found) in enumerate(rows, start=1):
        sheet.write_string(number, 0, dimension)
        sheet.write_string(number, 1, place)
        for column, name in enumerate(_COUNTS, start=2):
            sheet.write_number(number, column, found.get(name, 0))


def _lines(book: Any, row: SimulationRow, head: Any) -> None:
    sheet = book.add_worksheet("起作用的条件")
    sheet.set_column(0, 1, 16)
    sheet.set_column(2, 2, 60)
    _heading(sheet, 0, ("类别", "编号", "名称", *DIRECTIONS.values()), head)
    for number, each in enumerate((row.counts or {}).get("lines", []), start=1):
        for column, cell in enumerate((_WHAT[each["what"]], each["id"], each["label"])):
            sheet.write_string(number, column, cell)
        for column, name in enumerate(DIRECTIONS, start=3):
            sheet.write_number(number, column, each[name])


def _flips(book: Any, flips: Iterable[FlipRow], codes: Codes, head: Any) -> None:
    sheet = book.add_worksheet("名单")
    for column, width in enumerate(_LIST.values()):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 2)
    _heading(sheet, 0, tuple(_LIST), head)
    for number, each in enumerate(flips, start=1):
        if number > MOST_ROWS:
            sheet.write_string(number, 0, "名单超过一张表的行数，其余请通过接口读取")
            return
        cells = (
            each.uscc,
            each.name,
            _place("district", each.district_code or "", codes),
            _place("size", each.size_class or "", codes),
            _place("industry", each.industry_code or "", codes),
            KINDS[each.kind],
            VERDICTS[each.before],
            VERDICTS[each.after],
            DIRECTIONS[each.direction],
            "；".join(told(cause) for cause in each.causes)[:32_000],
        )
        for column, cell in enumerate(cells):
            sheet.write_string(number, column, cell)


def _heading(sheet: Any, number: int, cells: Sequence[str], head: Any) -> None:
    for column, cell in enumerate(cells):
        sheet.write_string(number, column, cell, head)


def _place(dimension: str, code: str, codes: Codes) -> str:
    if not code:
        return "不详"
    if dimension == "size":
        return SIZES.get(code, code)
    return _district(code, codes) if dimension == "district" else _industry(code, codes)


def _district(code: str, codes: Codes) -> str:
    """The name, with the code: names repeat from city to city. A beginning of a code is its province or city."""
    found = codes.divisions.resolve(code.ljust(6, "0"))
    return f"{found.division.full_name}（{code}）" if found.division is not None and found.known else code


def _industry(code: str, codes: Codes) -> str:
    found = codes.industries.read(code).industry
    return code if found is None else f"{found.name}（{code}）"


def _local(moment: dt.datetime) -> dt.datetime:
    """Excel keeps no zone: the wall clock of Shanghai is what its readers mean."""
    return moment.astimezone(SHANGHAI).replace(tzinfo=None)
