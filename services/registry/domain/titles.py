"""Titles and their states: codes, labels, the words that official lists use, and when a state has run out."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from typing import TypeVar

Record = TypeVar("Record")

TITLES = {
    "innovative_sme": "创新型中小企业",
    "tech_sme": "科技型中小企业",
    "specialized_sme": "专精特新中小企业",
    "little_giant": "专精特新“小巨人”企业",
    "high_tech": "高新技术企业",
    "champion": "制造业单项冠军企业",
}
STATES = {"valid": "有效", "publicized": "公示", "under_review": "复核中", "expired": "到期", "cancelled": "取消"}
HELD = ("valid", "under_review")
"""States in which the enterprise holds the title; 复核中 stays on the whitelist, flagged."""

_TITLE_WORDS = {
    "innovative_sme": ("创新型",),
    "tech_sme": ("科技型", "国家科技型中小企业", "科小"),
    "specialized_sme": ("专精特新", "省级专精特新", "省级专精特新中小企业", "市级专精特新中小企业"),
    "little_giant": ("小巨人", "小巨人企业", "专精特新小巨人", "国家级专精特新小巨人", "国家级专精特新小巨人企业"),
    "high_tech": ("高企", "高新技术", "国家高新技术企业", "国家级高新技术企业"),
    "champion": ("单项冠军", "单项冠军企业", "制造业单项冠军", "制造业单项冠军示范企业", "国家级制造业单项冠军"),
}
# A failed review ends the title without a cancellation: 63号 knows 取消 only for cause.
_STATE_WORDS = {
    "valid": ("认定", "已认定", "公告", "通过", "复核通过", "有效期内", "在有效期"),
    "publicized": ("公示中", "拟认定"),
    "under_review": ("复核", "正在复核"),
    "expired": ("已到期", "过期", "失效", "复核未通过", "未通过复核"),
    "cancelled": ("已取消", "取消公告", "取消认定", "撤销"),
}


def _fold(text: str) -> str:
    return re.sub(r"[\s“”\"'‘’「」『』]", "", unicodedata.normalize("NFKC", text)).casefold()


_TITLE_OF = {_fold(word): code for code, words in _TITLE_WORDS.items() for word in (code, TITLES[code], *words)}
_STATE_OF = {_fold(word): code for code, words in _STATE_WORDS.items() for word in (code, STATES[code], *words)}


def read_title(text: str) -> str | None:
    """The code of a title from its code, its label or a usual word; None when not known."""
    return _TITLE_OF.get(_fold(text))


def read_state(text: str) -> str | None:
    """The code of a state from its code, its label or a usual word; None when not known."""
    return _STATE_OF.get(_fold(text))


def state_on(state: str, valid_to: dt.date | None, today: dt.date) -> str:
    """The state as of `today`: a valid title whose last day is over has expired; that day itself still counts.

    A title under review (复核中) stays: the review is held when the term has run out (63号 第十三条).
    """
    return "expired" if state == "valid" and valid_to is not None and valid_to < today else state


def act_key(batch: str | None, document: str) -> str:
    """What tells two acts on one title apart: the batch, else the document; spacing and width do not count."""
    return _fold(batch or "") or _fold(document)


def match_act(
    records: Iterable[tuple[str, dt.date | None, Record]], key: str, valid_from: dt.date | None
) -> Record | None:
    """The record of the same act among `(act key, valid from, record)` of one title; None when the act is new.

    Lists of the same batch do not all write when validity begins: where only one of the two does, and the batch has
    one record, they are the same act.
    """
    same = [(begins, record) for act, begins, record in records if act == key]
    exact = next((record for begins, record in same if begins == valid_from), None)
    if exact is not None:
        return exact
    if len(same) == 1 and (valid_from is None or same[0][0] is None):
        return same[0][1]
    return None
