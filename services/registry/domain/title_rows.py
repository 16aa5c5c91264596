"""Reads one row of an official list of titles; without the document of the act it is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from services.registry.domain.columns import Recognised
from services.registry.domain.reading import Row
from services.registry.domain.titles import STATES, TITLES, read_outcome, read_state, read_title, titles_by_place


def read_title_row(cells: Mapping[str, str], columns: Mapping[str, Recognised], *, today: dt.date) -> Row:
    """`values` holds uscc or name, title, batch, document and dates (ISO), state; absent means not stated."""
    row = Row(cells, columns, today)
    row.uscc(required=False)
    row.name(required=False)
    if "uscc" not in row.cells and "name" not in row.cells:
        row.refuse(
            "uscc", "enterprise-missing", "缺少统一社会信用代码和企业名称，请至少填写一项", "18 位代码或企业全称"
        )
    _title(row)
    for key in ("batch", "document_number", "decision_reference", "issued_by", "region"):
        row.text(key)
    if "document_number" not in row.cells and "decision_reference" not in row.cells:
        message = "缺少公告文号（或决定依据）：称号只凭正式文件登记，请补填"
        row.refuse("document_number", "document-missing", message, "公告文号或决定依据")
    row.date("announced_on", latest=today)
    begins, ends = row.date("valid_from"), row.date("valid_to")
    if begins is not None and ends is not None and ends < begins:
        row.refuse("valid_to", "validity-reversed", "有效期止早于有效期起，请核对", f"不早于 {begins.isoformat()}")
    _state(row)
    return row


def _title(row: Row) -> None:
    text = row.cells.get("title")
    expected = "、".join(TITLES.values())
    if text is None:
        row.refuse("title", "title-missing", f"缺少称号，应为：{expected}", expected)
        return
    title = read_title(text, row.cells.get("issued_by", ""))
    if title is not None:
        row.values["title"] = title
    elif places := titles_by_place(text):
        known = "；".join(f"{place}的为“{label}”" for place, label in places.items())
        message = f"“{text}”是地方称号，看不出是哪里的：{known}。请在称号中写明地名或全称，或填写当地的发文机关"
        row.refuse("title", "title-place-missing", message, expected)
    else:
        row.refuse("title", "title-unknown", f"不认识的称号“{text}”，应为：{expected}", expected)


def _state(row: Row) -> None:
    text = row.cells.get("state")
    if text is None:
        return
    state = read_state(text)
    if state is None:
        expected = "、".join(STATES.values())
        row.refuse("state", "state-unknown", f"不认识的状态“{text}”，应为：{expected}", expected)
    else:
        row.values["state"] = state
        if outcome := read_outcome(text):
            row.values["review_outcome"] = outcome
