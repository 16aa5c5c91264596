"""Reads the rows of an enterprise list into stored form; a blank cell says nothing and changes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from rulebook.industries import Industries
from services.registry.domain import capital, status
from services.registry.domain.columns import Recognised
from services.registry.domain.places import Places
from services.registry.domain.reading import Row
from services.registry.domain.standing import LISTINGS, RISKS, read_listing, read_risks

_Field = Callable[[Row, Places, Industries], None]

_OWN: tuple[tuple[str, _Field], ...] = (
    ("uscc", lambda row, places, industries: row.uscc(required=True)),
    ("name", lambda row, places, industries: row.name(required=True)),
    ("registered_address", lambda row, places, industries: _text(row, "registered_address")),
    ("actual_address", lambda row, places, industries: _text(row, "actual_address")),
)
"""Columns whose cells are an enterprise's own."""

_SHARED: tuple[tuple[str, _Field], ...] = (
    ("park", lambda row, places, industries: _text(row, "park")),
    ("established_on", lambda row, places, industries: _established(row)),
    ("synthetic", lambda row, places, industries: row.boolean("synthetic")),
    ("district", lambda row, places, industries: _district(row, places)),
    ("industry", lambda row, places, industries: _industry(row, industries)),
    ("registered_capital", lambda row, places, industries: _capital(row)),
    ("status", lambda row, places, industries: _status(row)),
    ("risk_flags", lambda row, places, industries: _risks(row)),
    ("listing_status", lambda row, places, industries: _listing(row)),
)
"""Columns whose cells many enterprises share. Each is read without a look at any other cell."""

_REMEMBERED = 20_000
"""Cells of one column whose meaning is remembered; dates of forty years are fewer."""

_SHORT = 100
_NOWHERE = 1 << 30


class EnterpriseRows:
    """Reads the rows of one sheet. What a cell that others share means is found out once, and remembered."""

    def __init__(
        self, columns: Mapping[str, Recognised], *, places: Places, industries: Industries, today: dt.date
    ) -> None:
        self._columns, self._places, self._industries, self._today = columns, places, industries, today
        self._own = [(key, columns[key].index) for key, _ in _OWN if key in columns]
        shared = [(key, read, self._read(key, read, "")) for key, read in _SHARED]
        self._shared = [
            (columns[key].index if key in columns else _NOWHERE, key, read, {"": blank})
            for key, read, blank in shared
            # A column that the sheet does not have is one where every cell is blank: some have a word to say on that.
            if key in columns or blank.values or blank.problems or blank.remarks
        ]

    def read(self, cells: Sequence[str]) -> Row:
        """`values` holds the fields of Identity that the row states, as JSON values, `uscc` and the park's name."""
        width = len(cells)
        row = Row({key: cells[at] for key, at in self._own if at < width and cells[at]}, self._columns, self._today)
        for _, read in _OWN:
            read(row, self._places, self._industries)
        for at, key, read, known in self._shared:
            text = cells[at] if at < width else ""
            found = known.get(text)
            if found is None:
                found = self._read(key, read, text)
                if len(known) < _REMEMBERED and len(text) <= _SHORT:
                    known[text] = found
            row.values.update(found.values)
            if found.problems:
                row.problems += found.problems
            if found.remarks:
                row.remarks += found.remarks
        return row

    def _read(self, key: str, read: _Field, text: str) -> Row:
        row = Row({key: text} if text else {}, self._columns, self._today)
        read(row, self._places, self._industries)
        return row


def _text(row: Row, key: str) -> None:
    row.text(key)


def _established(row: Row) -> None:
    row.date("established_on", latest=row.today)


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


def _risks(row: Row) -> None:
    if "risk_flags" not in row.cells:
        return
    flags = read_risks(row.cells["risk_flags"])
    if flags is None:
        expected = "、".join(label for label, _ in RISKS.values()) + "，或 无"
        row.refuse("risk_flags", "risk-unknown", f"不认识的风险标识，应为：{expected}", expected)
    else:
        row.values["risk_flags"] = list(flags)


def _listing(row: Row) -> None:
    if "listing_status" not in row.cells:
        return
    listing = read_listing(row.cells["listing_status"])
    if listing is None:
        expected = "、".join(label for label, _ in LISTINGS.values())
        row.refuse("listing_status", "listing-unknown", f"不认识的上市情况，应为：{expected}", expected)
    else:
        row.values["listing_status"] = listing
