"""Parks (园区): a carrier that enterprises are in, one at a time, from a day to a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.errors import FieldProblem
from services.registry.domain.errors import ParkInvalid

PARK = "park"
"""The kind of carrier that is a park."""
NOWHERE = ("无", "不在园区")
"""What a list writes for an enterprise that is in no park; a blank cell says nothing."""
_SAME_CITY = 4


@dataclass(frozen=True, slots=True)
class Named:
    """A registered park that bears a name. `district_code` is where it is registered."""

    id: UUID
    name: str
    district_code: str


def meant(found: Sequence[Named], district_code: str | None) -> Named | None:
    """The only park of a name in the enterprise's city, or the only one at all where its district is not known."""
    near = [each for each in found if (district_code or "").startswith(each.district_code[:_SAME_CITY])]
    chosen = near if district_code is not None else found
    return chosen[0] if len(chosen) == 1 else None


def require_day(since: dt.date | None, present_since: dt.date | None, today: dt.date) -> None:
    """Raise ParkInvalid unless an enterprise can have moved on `since`: not after today, not before it last moved."""
    if since is None:
        return
    if since > today:
        message, expected = "日期晚于今天，请核对", f"不晚于 {today.isoformat()}"
        raise _invalid("since", message, "date-in-future", since.isoformat(), expected)
    if present_since is not None and since < present_since:
        message, expected = "日期早于现在这一次入园的日期，请核对", f"不早于 {present_since.isoformat()}"
        raise _invalid("since", message, "period-reversed", since.isoformat(), expected)


def require_park(kind: str, label: str, closed_on: dt.date | None) -> None:
    """Raise ParkInvalid unless the carrier is a park that enterprises can be in."""
    if kind != PARK:
        raise _invalid("park_id", f"“{label}”不是园区，请选择园区", "not-a-park", label, "类别为园区的载体")
    if closed_on is not None:
        raise _invalid("park_id", f"“{label}”已于 {closed_on} 撤并，请选择现有园区", "park-closed", label, "现有园区")


def _invalid(field: str, message: str, code: str, found: str, expected: str) -> ParkInvalid:
    return ParkInvalid(message, problems=[FieldProblem(field, message, code, found, expected)])
