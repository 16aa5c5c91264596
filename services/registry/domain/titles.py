"""Titles and their states: codes, labels, the words that official lists use, and when a state has run out."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from typing import TypeVar

from rulebook.pack import TITLES as TITLES  # one list: what a pack can be about is what the ledger can record

Record = TypeVar("Record")

STATES = {"valid": "有效", "publicized": "公示", "under_review": "复核中", "expired": "到期", "cancelled": "取消"}
HELD = ("valid", "under_review")
"""States in which the enterprise holds the title; 复核中 stays on the whitelist, flagged."""

_TITLE_WORDS = {
    "innovative_sme": ("创新型",),
    "tech_sme": ("科技型", "国家科技型中小企业", "科小"),
    "specialized_sme": ("专精特新", "专精特新企业", "省级专精特新", "省级专精特新企业", "省级专精特新中小企业"),
    "little_giant": ("小巨人", "小巨人企业", "专精特新小巨人", "国家级专精特新小巨人", "国家级专精特新小巨人企业"),
    "high_tech": ("高企", "高新技术", "国家高新技术企业", "国家级高新技术企业"),
    "champion": ("单项冠军", "单项冠军企业", "制造业单项冠军", "制造业单项冠军示范企业", "国家级制造业单项冠军"),
}
_SPECIALIZED = ("专精特新", "专精特新企业", "专精特新中小企业")
_LOCAL_WORDS = {
    "suzhou_specialized_sme": ("宿州市", tuple(f"市级{word}" for word in _SPECIALIZED)),
    "suzhou_growing_micro": ("宿州市", ("成长性小微企业", "市级成长性小微企业")),
    "suzhou_industry_giant": ("宿州市", ("行业小巨人", "行业小巨人企业", "市级行业小巨人", "市级行业小巨人企业")),
    "qianjiang_tech_enterprise": ("黔江区", ("科技型企业", "区级科技型企业")),
}
"""What a place's own lists call its own title: without the place the words may mean any city's."""
_MUNICIPALITIES = ("北京市", "天津市", "上海市", "重庆市")
"""Where 市级 is the provincial level (A-35)."""
# A failed review ends the title without a cancellation: 63号 knows 取消 only for cause.
_STATE_WORDS = {
    "valid": ("认定", "已认定", "公告", "通过", "复核通过", "通过复核", "有效期内", "在有效期"),
    "publicized": ("公示中", "拟认定"),
    "under_review": ("复核", "正在复核"),
    "expired": ("已到期", "过期", "失效", "复核未通过", "未通过复核"),
    "cancelled": ("已取消", "取消公告", "取消认定", "撤销"),
}


_OUTCOME_WORDS = {"passed": ("复核通过", "通过复核"), "failed": ("复核未通过", "未通过复核")}


def _fold(text: str) -> str:
    return re.sub(r"[\s“”\"'‘’「」『』]", "", unicodedata.normalize("NFKC", text)).casefold()


def _by_place() -> dict[str, dict[str, str]]:
    """Folded word → place → title: the words that mean another title in another place."""
    found: dict[str, dict[str, str]] = {}
    for code, (place, words) in _LOCAL_WORDS.items():
        for word in words:
            found.setdefault(_fold(word), {})[place] = code
    for word in _SPECIALIZED:
        found[_fold(f"市级{word}")].update(dict.fromkeys(_MUNICIPALITIES, "specialized_sme"))
    return found


def _by_name() -> dict[str, str]:
    """Folded word → title, where the word leaves no doubt: labels, usual words, local words with their place."""
    found = {_fold(word): code for code, label in TITLES.items() for word in (code, label)}
    found |= {_fold(word): code for code, words in _TITLE_WORDS.items() for word in words}
    for word, places in _TITLE_AT.items():
        for place, code in places.items():
            found |= {place + word: code, place + word.removeprefix("市级").removeprefix("区级"): code}
            found[place.removesuffix("市") + word] = code  # 宿州市级…, 重庆市级…
    return found


_TITLE_AT = _by_place()
_TITLE_OF = _by_name()
_STATE_OF = {_fold(word): code for code, words in _STATE_WORDS.items() for word in (code, STATES[code], *words)}


_OUTCOME_OF = {_fold(word): code for code, words in _OUTCOME_WORDS.items() for word in words}


def read_title(text: str, issuer: str = "") -> str | None:
    """The code of a title from its code, its label or a usual word; None when not known.

    市级专精特新, 行业小巨人, 科技型企业 are titles of a place and never the national title that sounds alike: the
    place stands in the word or in the name of the issuing body.
    """
    word = _fold(text)
    issued = _fold(issuer)
    at = (code for place, code in _TITLE_AT.get(word, {}).items() if place in issued)
    return _TITLE_OF.get(word) or next(at, None)


def titles_by_place(text: str) -> dict[str, str]:
    """Place → label of the title that a local word means there; empty when the word is not a local one."""
    return {place: TITLES[code] for place, code in _TITLE_AT.get(_fold(text), {}).items()}


def read_state(text: str) -> str | None:
    """The code of a state from its code, its label or a usual word; None when not known."""
    return _STATE_OF.get(_fold(text))


def read_outcome(text: str) -> str | None:
    """passed or failed, where the word for the state is the outcome of a review; None otherwise."""
    return _OUTCOME_OF.get(_fold(text))


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
