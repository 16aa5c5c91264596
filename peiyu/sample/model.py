"""The rows of the sample."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

LABEL = "（合成样例）"
"""How the name of every synthetic enterprise begins."""

Scalar: TypeAlias = str | int | bool
Value: TypeAlias = Scalar | list[dict[str, Scalar]]


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise as a register writes it: capital and status are texts, capital may be missing."""

    uscc: str
    name: str
    district_code: str
    address: str
    business_address: str | None
    industry_code: str
    established_on: dt.date
    registered_capital: str | None
    status: str


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """Fact id → canonical value (money in yuan, missing ids absent) of one enterprise and one year; 0 is current."""

    uscc: str
    fiscal_year: int
    source: str
    as_of: dt.date
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Finding:
    """An official's decision on a condition that has no number."""

    uscc: str
    fact: str
    decision: str
    reason: str
    evidence: str
    decided_on: dt.date
    valid_until: dt.date


@dataclass(frozen=True, slots=True)
class Title:
    """One row of an official list."""

    uscc: str
    title: str
    batch: str
    document_number: str
    issued_by: str
    announced_on: dt.date
    valid_from: dt.date | None
    valid_to: dt.date | None
    state: str


@dataclass(frozen=True, slots=True)
class Consent:
    """An enterprise's permission that one institution may see its details for one purpose."""

    uscc: str
    institution: str
    purpose: str
    document_number: str
    granted_on: dt.date
    expires_on: dt.date
    withdrawn_on: dt.date | None


@dataclass(frozen=True, slots=True)
class Commissioner:
    """A service commissioner (服务专员) and the districts (GB/T 2260) that are looked after."""

    id: str
    name: str
    unit: str
    districts: tuple[str, ...]
    capacity: int


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything that one seed gives. `year` is t, the last complete fiscal year; facts cover t-2 to t."""

    seed: int
    today: dt.date
    year: int
    enterprises: tuple[Enterprise, ...] = ()
    facts: tuple[PeriodFacts, ...] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    titles: tuple[Title, ...] = field(default=(), repr=False)
    consents: tuple[Consent, ...] = field(default=(), repr=False)
    commissioners: tuple[Commissioner, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """Credit code → name."""
        return {enterprise.uscc: enterprise.name for enterprise in self.enterprises}
