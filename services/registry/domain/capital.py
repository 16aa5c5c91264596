"""Registered capital as registers write it: an amount in whole units of a currency."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Capital:
    """Registered capital: `amount` in the unit of the currency (元, not 万元), `currency` by ISO 4217."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class CapitalProblem:
    """Why a text could not be read as capital."""

    code: str
    message: str


CURRENCIES = {
    "人民币": "CNY",
    "元": "CNY",
    "美元": "USD",
    "美金": "USD",
    "港元": "HKD",
    "港币": "HKD",
    "欧元": "EUR",
    "日元": "JPY",
    "日圆": "JPY",
    "英镑": "GBP",
    "瑞士法郎": "CHF",
    "新加坡元": "SGD",
    "澳大利亚元": "AUD",
    "澳元": "AUD",
    "加拿大元": "CAD",
    "加元": "CAD",
    "新台币": "TWD",
    "台币": "TWD",
    "韩元": "KRW",
    "韩币": "KRW",
    "澳门元": "MOP",
}
"""Word → ISO 4217. A text that names no currency is in renminbi."""

_SCALES = {"": 1, "百": 100, "千": 1_000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}
_BLANK = frozenset({"", "-", "--", "—", "/", "无"})
_LARGEST = Decimal(10) ** 15

_NUMBER = re.compile(r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<scale>百万|千万|[百千万亿])?")
_CURRENCY_WORDS = "|".join(sorted(CURRENCIES, key=len, reverse=True))
_SHAPE = re.compile(rf"(?P<before>{_CURRENCY_WORDS})?:?{_NUMBER.pattern}(?P<after>(?:{_CURRENCY_WORDS}|\(|\)|整)*)")


def parse(text: str, *, unit: str = "") -> Capital | CapitalProblem | None:
    """Read 「500万元人民币」, 「49 万美元」, 「人民币1,000万元」; None when the cell is blank.

    `unit` is the unit of the column (万元, 元, 万美元), if its header names one; a unit in the cell wins.
    """
    written = _normalise(text)
    if written in _BLANK:
        return None
    match = _SHAPE.fullmatch(written)
    if match is None:
        return _unreadable(text)
    if match["scale"] is None and not match["after"] and not match["before"]:
        if not unit:
            return CapitalProblem(
                "capital-unit-missing",
                f"注册资本“{text.strip()}”没有单位，请写明，例如“500万元人民币”",
            )
        match = _SHAPE.fullmatch(written + _normalise(unit))
        if match is None:
            return _unreadable(text + unit)
    return _capital(text, match)


def _normalise(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _unreadable(text: str) -> CapitalProblem:
    return CapitalProblem(
        "capital-unreadable",
        f"读不懂注册资本“{text.strip()}”，请写成“500万元人民币”或“49万美元”这样的形式",
    )


def _capital(text: str, match: re.Match[str]) -> Capital | CapitalProblem:
    words = [word for word in (match["before"], *_words(match["after"])) if word]
    # 万元人民币 and 人民币…万元 name renminbi twice; 元 says nothing beside another currency's name.
    named = {CURRENCIES[word] for word in words if word != "元"} or {"CNY"}
    if len(named) > 1:
        return CapitalProblem("capital-currencies", f"注册资本“{text.strip()}”写了不止一种货币，请只保留一种")
    amount = Decimal(match["number"].replace(",", "")) * _SCALES[match["scale"] or ""]
    if amount >= _LARGEST:
        return CapitalProblem("capital-too-large", f"注册资本“{text.strip()}”大得不合常理，请核对单位")
    return Capital(amount=amount, currency=named.pop())


def _words(after: str) -> list[str]:
    return re.findall(_CURRENCY_WORDS, after)
