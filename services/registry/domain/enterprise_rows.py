"""Reads one row of an enterprise list into stored form; a blank cell says nothing and changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from rulebook.industries import Industries
from services.registry.domain import capital, status
from services.registry.domain.columns import Recognised
from services.registry.domain.places import Places
from services.registry.domain.reading import Row
from services.registry.domain.standing import LISTINGS, RISKS, read_listing, read_risks


def read_enterprise_row(
    cells: Mapping[str, str],
    columns: Mapping[str, Recognised],
    *,
    places: Places,
    industries: Industries,
    today: dt.date,
) -> Row:
    """`values` holds the fields of Identity that the row states, as JSON values, `uscc` and the `park` by its name."""
    row = Row(cells, columns, today)
    row.uscc(required=True)
    row.name(required=True)
    row.text("registered_address")
    row.text("actual_address")
    row.text("park")
    row.date("established_on", latest=today)
    row.boolean("synthetic")
    _district(row, places)
    _industry(row, industries)
    _capital(row)
    _status(row)
    _standing(row)
    return row


def _district(row: Row, places: Places) -> None:
    if "district" not in row.cells:
        row.remark("district", "district-missing", "没有填写所属区县，该企业暂不归属任何辖区")
        return
    found = places.resolve(row.cells["district"])
    if found.division is None:
        row.refuse("district", "district-unknown", found.remark or "区县无法识别", "6 位区划代码或区县全称")
        return
    row.values["district_code"] = found.division.code
    if found.remark:
        row.remark("district", "district-uncertain", found.remark)


def _industry(row: Row, industries: Industries) -> None:
    if "industry" not in row.cells:
        return
    found = industries.read(row.cells["industry"])
    if found.industry is None:
        row.refuse("industry", "industry-unknown", found.remark or "行业无法识别", "GB/T 4754-2017 小类代码，如 3911")
        return
    row.values["industry_code"] = found.industry.code
    if found.remark:
        row.remark("industry", "industry-too-wide", found.remark)


def _capital(row: Row) -> None:
    if "registered_capital" not in row.cells:
        return
    found = capital.parse(row.cells["registered_capital"], unit=row.columns["registered_capital"].unit or "")
    if isinstance(found, capital.CapitalProblem):
        row.refuse("registered_capital", found.code, found.message, "带单位的金额，如 500万元人民币")
    elif found is not None:
        row.values["registered_capital"] = format(found.amount.normalize(), "f")
        row.values["registered_capital_currency"] = found.currency


def _status(row: Row) -> None:
    found = status.parse(row.cells.get("status", ""))
    if isinstance(found, status.StatusProblem):
        row.refuse("status", found.code, found.message, "存续、在业、停业、吊销、撤销、注销、迁出")
    elif found is not None:
        row.values["status"] = str(found)


def _standing(row: Row) -> None:
    if "risk_flags" in row.cells:
        flags = read_risks(row.cells["risk_flags"])
        if flags is None:
            expected = "、".join(label for label, _ in RISKS.values()) + "，或 无"
            row.refuse("risk_flags", "risk-unknown", f"不认识的风险标识，应为：{expected}", expected)
        else:
            row.values["risk_flags"] = list(flags)
    if "listing_status" in row.cells:
        listing = read_listing(row.cells["listing_status"])
        if listing is None:
            expected = "、".join(label for label, _ in LISTINGS.values())
            row.refuse("listing_status", "listing-unknown", f"不认识的上市情况，应为：{expected}", expected)
        else:
            row.values["listing_status"] = listing
