"""Which part of an enterprise's name is its own: without the place at its head and the legal form at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEGAL_FORMS = (
    "股份有限责任公司", "股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "股份公司", "公司",
)  # fmt: skip
_LEGAL = re.compile("|".join(LEGAL_FORMS))
_UNFINISHED = re.compile(r"(?:股份有限公|股份有限|股份有|有限责任公|有限责任|有限责|有限公|有限)$")
_SUFFIXES = ("特别行政区", "自治区", "自治州", "自治县", "地区", "省", "市", "区", "县", "盟", "旗")
_MOST_PLACES = 3
_LEAST_LEFT = 2


def body_of(key: str) -> str:
    """A name's key without its legal form, wherever it stands; the whole key when nothing else is in it."""
    return _LEGAL.sub("", key) or key


def body_of_query(key: str) -> str:
    """The same for what is being typed: an unfinished legal form at the end goes too."""
    body = _LEGAL.sub("", key)
    return _UNFINISHED.sub("", body) or body or key


def place_names(names: Iterable[str]) -> frozenset[str]:
    """Names of divisions, with and without the word for their level: 宿州市 and 宿州."""
    found: set[str] = set()
    for name in names:
        found.add(name)
        for suffix in _SUFFIXES:
            if name.endswith(suffix) and len(name) - len(suffix) >= 2:
                found.add(name.removesuffix(suffix))
                break
    return frozenset(found)


def core_of(body: str, places: frozenset[str], longest: int = 12) -> str:
    """The name without the places at its head: 安徽省宿州市恒通机械 → 恒通机械."""
    for _ in range(_MOST_PLACES):
        head = body[1:] if body.startswith("(") else body
        for length in range(min(longest, len(head) - _LEAST_LEFT), 1, -1):
            if head[:length] in places:
                body = head[length:].lstrip(")省市区县")
                break
        else:
            return body
    return body
