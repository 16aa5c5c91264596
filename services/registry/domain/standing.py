"""Listing status and public risk flags: their codes, labels and the words that lists use."""

from __future__ import annotations

import re
import unicodedata

LISTINGS = {
    "unlisted": ("未上市", ("未挂牌", "无", "否")),
    "regional": ("区域性股权市场挂牌", ("四板", "区域股权市场", "专精特新专板", "新四板")),
    "neeq": ("新三板挂牌", ("新三板", "全国股转系统", "新三板基础层", "新三板创新层")),
    "bse": ("北京证券交易所上市", ("北交所",)),
    "sse": ("上海证券交易所上市", ("上交所", "沪市", "科创板", "上交所主板", "沪主板")),
    "szse": ("深圳证券交易所上市", ("深交所", "深市", "创业板", "深交所主板", "深主板")),
    "overseas": ("境外上市", ("港股", "港交所", "香港联交所", "美股", "纳斯达克")),
}
RISKS = {
    "abnormal_operation": ("经营异常", ("经营异常名录", "列入经营异常名录", "异常")),
    "serious_dishonesty": ("严重失信", ("严重失信主体名单", "失信", "严重违法失信")),
    "stopped": ("停产", ("停产停业",)),
}
SIZES = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
UNKNOWN = "unknown"


def _fold(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def _words(table: dict[str, tuple[str, tuple[str, ...]]]) -> dict[str, str]:
    return {_fold(word): code for code, (label, words) in table.items() for word in (code, label, *words)}


_LISTING_WORDS = _words(LISTINGS)
_RISK_WORDS = _words(RISKS)
_NO_RISK = frozenset(map(_fold, ("无", "否", "没有", "正常")))


def read_listing(text: str) -> str | None:
    """The code of a listing status; None when the word is not known."""
    return _LISTING_WORDS.get(_fold(text))


def read_risks(text: str) -> tuple[str, ...] | None:
    """The flags in `经营异常、停产`, none for 无; None when a word is not known."""
    if _fold(text) in _NO_RISK:
        return ()
    found = [_RISK_WORDS.get(_fold(word)) for word in re.split(r"[,，;；、/\n]+", text) if word.strip()]
    return None if None in found else tuple(sorted({flag for flag in found if flag}))


def listing_label(code: str) -> str:
    return LISTINGS[code][0] if code in LISTINGS else code


def risk_label(code: str) -> str:
    return RISKS[code][0] if code in RISKS else code
