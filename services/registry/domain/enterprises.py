"""The identity of an enterprise, and what differs between two states of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What the registry keeps of an enterprise itself. None is missing; capital is in whole units of its currency."""

    name: str
    registered_address: str | None = None
    actual_address: str | None = None
    district_code: str | None = None
    industry_code: str | None = None
    established_on: dt.date | None = None
    registered_capital: Decimal | None = None
    registered_capital_currency: str | None = None
    status: str | None = None
    risk_flags: tuple[str, ...] = ()
    listing_status: str | None = None
    synthetic: bool = False


FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Identity))


def differences(old: Identity, new: Identity) -> tuple[str, ...]:
    """The fields whose values differ, in the order of their declaration."""
    return tuple(name for name in FIELDS if getattr(old, name) != getattr(new, name))
