"""Fields of an enterprise as an API request states them, checked and brought to stored form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chassis.errors import FieldProblem
from rulebook.industries import Industries
from services.registry.domain.capital import CURRENCIES
from services.registry.domain.errors import EnterpriseInvalid
from services.registry.domain.names import comparison_key
from services.registry.domain.places import Places

_LARGEST = Decimal(10) ** 15


def read_fields(stated: Mapping[str, Any], *, places: Places, industries: Industries, today: dt.date) -> dict[str, Any]:
    """Fields of Identity. Null takes a field away; a name cannot be. Raises EnterpriseInvalid with every problem."""
    values = dict(stated)
    problems: list[FieldProblem] = []
    for name in ("name", "synthetic", "risk_flags"):
        if name in values and values[name] is None:
            problems.append(FieldProblem(name, "不能为空", "required", None, "填写内容，或不传该字段"))
    if isinstance(values.get("name"), str) and not comparison_key(values["name"]):
        problems.append(FieldProblem("name", "企业名称不能只有空白", "name-missing", values["name"], "企业全称"))
    _district(values, places, problems)
    _industry(values, industries, problems)
    _capital(values, problems)
    established = values.get("established_on")
    if established is not None and established > today:
        message = "成立日期晚于今天，请核对"
        expected = f"不晚于 {today.isoformat()}"
        problems.append(FieldProblem("established_on", message, "date-in-future", established.isoformat(), expected))
    if values.get("risk_flags") is not None:
        values["risk_flags"] = tuple(sorted(set(values["risk_flags"])))
    if problems:
        raise EnterpriseInvalid("企业信息有误，请按 errors 中的说明修改后重试", problems=problems)
    return values


def _district(values: dict[str, Any], places: Places, problems: list[FieldProblem]) -> None:
    code = values.get("district_code")
    if code is None:
        return
    found = places.divisions.registered_in(code)
    if found.division is None:
        message = found.remark or "区划代码无法识别"
        problems.append(FieldProblem("district_code", message, "district-unknown", code, "GB/T 2260 的 6 位区县代码"))
        return
    values["district_code"] = found.division.code


def _industry(values: dict[str, Any], industries: Industries, problems: list[FieldProblem]) -> None:
    code = values.get("industry_code")
    if code is None:
        return
    found = industries.read(code)
    if found.industry is None:
        message = found.remark or "行业代码无法识别"
        problems.append(FieldProblem("industry_code", message, "industry-unknown", code, "GB/T 4754-2017 小类代码"))
        return
    values["industry_code"] = found.industry.code


def _capital(values: dict[str, Any], problems: list[FieldProblem]) -> None:
    if "registered_capital" in values:
        amount = values["registered_capital"]
        if amount is None:
            values["registered_capital_currency"] = None
        elif amount < 0 or amount >= _LARGEST:
            message = "注册资本应为不小于 0 的金额（以货币的元为单位）"
            problems.append(
                FieldProblem("registered_capital", message, "capital-out-of-range", str(amount), '如 "5000000"')
            )
        else:
            values.setdefault("registered_capital_currency", "CNY")
    currency = values.get("registered_capital_currency")
    if currency is not None and currency not in CURRENCIES.values():
        expected = "、".join(sorted(set(CURRENCIES.values())))
        message = f"不认识的币种“{currency}”，应为 ISO 4217 代码"
        problems.append(FieldProblem("registered_capital_currency", message, "currency-unknown", currency, expected))
