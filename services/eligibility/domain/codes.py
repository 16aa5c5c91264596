"""Codes that a caller names, held against those that exist: districts, industries, titles, findings, credit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.errors import FieldProblem
from rulebook.dictionary import Dictionary
from rulebook.divisions import Divisions
from rulebook.industries import EXPECTED, Industries, unknown_industry
from rulebook.pack import PACK_TITLES

USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}")


@dataclass(frozen=True, slots=True)
class Codes:
    """The national tables and the facts dictionary."""

    divisions: Divisions
    industries: Industries
    dictionary: Dictionary

    def problems(
        self,
        *,
        title: str | None = None,
        district: str | None = None,
        finding: str | None = None,
        uscc: str | None = None,
    ) -> Iterator[FieldProblem]:
        """What is wrong with a filter's values; `district` may be the beginning of a code."""
        if title is not None and title not in PACK_TITLES:
            known = "、".join(f"{code}（{label}）" for code, label in PACK_TITLES.items())
            yield _problem("title", "没有这个称号代码", "title-unknown", title, f"以下之一：{known}")
        if district is not None and not self.divisions.begins(district):
            near = self.divisions.beside(district)
            digits = {"province": 2, "city": 4, "county": 6}[near[0].level]
            known = "、".join(f"{each.code[:digits]} {each.name}" for each in near)
            expected = f"GB/T 2260 区划代码或其前几位，如：{known}"
            yield _problem("district", "没有区划代码以此开头", "district-unknown", district, expected)
        if finding is not None and ((fact := self.dictionary.find(finding)) is None or fact.type != "finding"):
            known = "、".join(f"{each.id}（{each.label}）" for each in self.dictionary if each.type == "finding")
            yield _problem("finding", "没有这个认定事项", "finding-unknown", finding, f"以下之一：{known}")
        if uscc is not None and not USCC.fullmatch(uscc):
            expected = "18 位统一社会信用代码（大写字母和数字）"
            yield _problem("uscc", "不是统一社会信用代码", "uscc-invalid", uscc, expected)

    def place_problems(self, industry_code: str | None, district_code: str | None) -> Iterator[FieldProblem]:
        """What is wrong with where a stated enterprise is and what it does."""
        if industry_code is not None and self.industries.read(industry_code).industry is None:
            yield _problem("industry_code", "没有这个行业", "industry-unknown", industry_code, EXPECTED)
        if district_code is not None and (found := self.divisions.registered_in(district_code)).division is None:
            expected = "GB/T 2260 的 6 位区县代码"
            reason = found.remark or "没有这个区划代码"
            yield FieldProblem("district_code", reason, "district-unknown", district_code, expected)

    def fact_problems(self, facts: Sequence[Mapping[str, Any]]) -> Iterator[FieldProblem]:
        """What is wrong with stated facts that name codes of a national table."""
        for index, stated in enumerate(facts):
            fact = self.dictionary.find(stated["fact"])
            refused = None if fact is None else unknown_industry(fact, stated.get("value"), self.industries)
            if fact is not None and refused is not None:
                where = f"facts[{index}].value"
                message = refused.message(fact.label)
                yield FieldProblem(where, message, "industry-unknown", refused.found, refused.expected)


def _problem(field: str, reason: str, code: str, found: str, expected: str) -> FieldProblem:
    return FieldProblem(field, f"{reason}，现为“{found[:60]}”，应为{expected}", code, found, expected)
