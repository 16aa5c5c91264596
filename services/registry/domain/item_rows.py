"""Reads one row of a list of certified items of enterprises; without the document of the act it is refused."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Mapping

from services.registry.domain.columns import Recognised
from services.registry.domain.items import ItemKinds
from services.registry.domain.reading import Row


def read_item_row(
    cells: Mapping[str, str], columns: Mapping[str, Recognised], *, kinds: ItemKinds, today: dt.date
) -> Row:
    """`values` holds uscc or name, kind and level as codes, document and dates (ISO); absent means not stated."""
    row = Row(cells, columns, today)
    row.uscc(required=False)
    row.name(required=False)
    if "uscc" not in row.cells and "name" not in row.cells:
        message = "缺少统一社会信用代码和企业名称，请至少填写一项"
        row.refuse("uscc", "enterprise-missing", message, "18 位代码或企业全称")
    _coded(row, "kind", "项目类别", {code: each.label for code, each in kinds.kinds.items()})
    _coded(row, "level", "级别", kinds.levels)
    for key in ("item_name", "number", "document_number", "decision_reference", "issued_by", "region"):
        row.text(key)
    if "document_number" not in row.cells and "decision_reference" not in row.cells:
        message = "缺少公告文号（或决定依据）：项目只凭正式文件登记，请补填"
        row.refuse("document_number", "document-missing", message, "公告文号或决定依据")
    if row.date("certified_on", latest=today) is None and "certified_on" not in row.cells:
        row.refuse("certified_on", "date-missing", "缺少认定日期，请补填", "日期，如 2024-07-02")
    row.date("valid_from")
    row.date("valid_to")
    return row


def _coded(row: Row, key: str, what: str, labels: Mapping[str, str]) -> None:
    """Read a cell that holds the code or the label of one of these."""
    text = row.cells.get(key)
    expected = "、".join(labels.values())
    if text is None:
        row.refuse(key, f"{key}-missing", f"缺少{what}，应为：{expected}", expected)
        return
    word = _fold(text)
    code = next((code for code, label in labels.items() if word in (_fold(code), _fold(label))), None)
    if code is None:
        row.refuse(key, f"{key}-unknown", f"不认识的{what}“{text}”，应为：{expected}", expected)
    else:
        row.values[key] = code


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()
