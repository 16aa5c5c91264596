"""Numbers as people write them: full-width digits, thousands separators, 万元 and percent. Exact decimals only."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

MONEY_UNITS = {
    "元": Decimal(1),
    "千元": Decimal(1_000),
    "万元": Decimal(10_000),
    "百万元": Decimal(1_000_000),
    "亿元": Decimal(100_000_000),
}
_MONEY_ALIASES = {"人民币元": "元", "圆": "元", "yuan": "元", "cny": "元", "rmb": "元", "万": "万元", "亿": "亿元"}
_NUMBER = re.compile(r"^([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?(?:[eE]([+-]?\d{1,3}))?$")


def fold(text: str) -> str:
    """Full-width signs and digits to half-width, surrounding space removed; Chinese words stay."""
    if text.isascii():  # most cells of a large file
        return text.strip()
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").strip()


def decimal_of(text: str) -> Decimal | None:
    """`12,300.50` → Decimal; None when it is no number, or its thousands separators stand wrongly."""
    text = fold(text).replace(" ", "")
    if text.startswith("(") and text.endswith(")"):  # accountants' negative
        text = "-" + text[1:-1]
    match = _NUMBER.match(text)
    if match is None or not (match.group(2) or match.group(3)):
        return None
    value = Decimal(text.replace(",", ""))
    if value == 0:
        return Decimal(0)
    # no real figure needs more; it keeps every step of reading exact within the 28 digits of the default context
    return value if len(value.as_tuple().digits) <= 24 and -30 <= value.adjusted() <= 18 else None


def money_unit(text: str) -> str | None:
    """The canonical money unit that a header or cell names, or None."""
    unit = fold(text).lower().replace(" ", "")
    unit = _MONEY_ALIASES.get(unit, unit)
    return unit if unit in MONEY_UNITS else None


def split_unit(text: str) -> tuple[str, str]:
    """`1,200 万元` → (`1,200`, `万元`): the number in front, the rest behind."""
    text = fold(text)
    match = re.match(r"^([+-]?[\d,.]+(?:[eE][+-]?\d+)?|\([\d,.]+\))\s*(.*)$", text)
    return (match.group(1), match.group(2).strip()) if match else (text, "")


def plain_decimal(value: Decimal) -> str:
    """Canonical text: no exponent, no trailing zeros."""
    if value == 0:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def money_text(yuan: Decimal) -> str:
    """Canonical text of an amount in yuan: at least two decimals, no minus before zero."""
    text = format(yuan if yuan else Decimal(0), "f")
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"
