"""Which fact a spreadsheet column holds, in which unit and of which year: read from its header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rulebook.dictionary import Dictionary, Fact, fold_header
from rulebook.units import fold, money_unit

_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?:\s*年度?|(?!\d))")


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A recognised column. `unit` is 元, 万元, 亿元 …, % or None; `fiscal_year` is the year the header names."""

    fact: Fact
    unit: str | None
    fiscal_year: int | None


def match_header(dictionary: Dictionary, header: str) -> HeaderMatch | None:
    """`2025年研发费用总额（万元）` → rd_expense_yuan, 万元, 2025. None when no fact has this header."""
    text = fold(header)
    whole = dictionary.headers.get(fold_header(text))
    if whole is not None:  # a label may itself hold brackets or digits
        return HeaderMatch(whole, _own_unit(whole, text), None)
    year: int | None = None
    found = _YEAR.search(text)
    if found:
        year = int(found.group(1))
        text = text[: found.start()] + text[found.end() :]
    unit: str | None = None
    for bracket in _BRACKET.findall(text):
        unit = unit or _unit(bracket)
    bare = _BRACKET.sub("", text)
    fact = dictionary.headers.get(fold_header(bare)) or dictionary.headers.get(fold_header(text))
    if fact is None:
        name, _, tail = bare.rpartition("-") if "-" in bare else bare.rpartition("/")
        fact, unit = dictionary.headers.get(fold_header(name)), unit or _unit(tail)
    if fact is None or (year is not None and not fact.yearly):
        return None
    return HeaderMatch(fact, unit or _own_unit(fact, text), year)


def _unit(text: str) -> str | None:
    text = re.sub(r"^单位\s*:?\s*", "", text.strip())
    return "%" if text in ("%", "百分比") else money_unit(text) or None


def _own_unit(fact: Fact, text: str) -> str | None:
    """The fact's id as header says yuan by its own name."""
    return "元" if fact.type == "money" and fact.id in text else None
