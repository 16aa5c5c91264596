"""Which fact a spreadsheet column holds, in which unit and of which year: read from its header."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rulebook.dictionary import NUMERIC, Dictionary, Fact, fold_header
from rulebook.units import fold, money_unit
from rulebook.values import unit_fits

_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?:\s*年度?|(?!\d))")


@dataclass(frozen=True, slots=True)
class HeaderMatch:
    """A recognised column. `unit` is 元, 万元, 亿元 …, % or None; `fiscal_year` is the year the header names.

    `misfit` is a unit that stands in the header and is none of this fact: 人 beside an amount of money.
    """

    fact: Fact
    unit: str | None
    fiscal_year: int | None
    misfit: str | None = None


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
    said = _BRACKET.findall(text)
    bare = _BRACKET.sub("", text)
    fact = dictionary.headers.get(fold_header(bare)) or dictionary.headers.get(fold_header(text))
    if fact is None:
        name, _, tail = bare.rpartition("-") if "-" in bare else bare.rpartition("/")
        fact, said = dictionary.headers.get(fold_header(name)), [*said, tail]
    if fact is None or (year is not None and not fact.yearly):
        return None
    unit = next((unit for each in said if (unit := _unit(each))), None)
    misfit = _misfit(fact, said)
    return HeaderMatch(fact, None if misfit else unit or _own_unit(fact, text), year, misfit)


def fact_without_year(dictionary: Dictionary, header: str) -> Fact | None:
    """The fact without years that a header names together with one: 2025年研发机构."""
    text = fold(header)
    found = _YEAR.search(text)
    match = match_header(dictionary, text[: found.start()] + text[found.end() :]) if found else None
    return None if match is None or match.fact.yearly else match.fact


_COUNTED, _PERSONS = frozenset("项个件家户条"), frozenset("人名")
_OTHER_UNITS = re.compile(
    "分|年|个?月|天|日|小时|[百千万]人|万[个件]|吨|亩|平方米|千瓦时|‰|[百千万亿]*(美元|港元|港币|欧元|日元|英镑)"
)


def _misfit(fact: Fact, said: list[str]) -> str | None:
    """A word that is a unit, and not of this fact; which word people count things with makes no difference."""
    if fact.type not in NUMERIC or (fact.unit is None and fact.type not in ("money", "ratio")):
        return None
    named = [_bare(each) for each in said]
    if any(_fits(fact, each) for each in named):
        return None
    return next((each for each in named if _is_unit(each)), None)


def _fits(fact: Fact, word: str) -> bool:
    alike = next((each for each in (_COUNTED, _PERSONS) if fact.unit in each), frozenset((fact.unit,)))
    return unit_fits(fact, _unit(word) or word) or (fact.type not in ("money", "ratio") and word in alike)


def _is_unit(word: str) -> bool:
    counted = word in _COUNTED or word in _PERSONS
    return counted or _unit(word) is not None or _OTHER_UNITS.fullmatch(word) is not None


def _bare(text: str) -> str:
    return re.sub(r"^单位\s*:?\s*", "", text.strip())


def _unit(text: str) -> str | None:
    text = _bare(text)
    return "%" if text in ("%", "百分比") else money_unit(text) or None


def _own_unit(fact: Fact, text: str) -> str | None:
    """The fact's id as header says yuan by its own name."""
    return "元" if fact.type == "money" and fact.id in text else None
