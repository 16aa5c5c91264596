"""Facts and findings of one enterprise."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from chassis import clock, etags
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.problems import refusals
from services.registry.api.access import FactWriter, FindingWriter, RequestAdmission
from services.registry.api.parameters import Line, Passage, PathUscc
from services.registry.api.render import fact_out
from services.registry.api.schemas import FactOut, Wanted
from services.registry.api.state import Known
from services.registry.domain.errors import (
    EnterpriseDissolved,
    EnterpriseNotFound,
    FactsInvalid,
    FindingInvalid,
    UsccInvalid,
)
from services.registry.domain.statements import Statement, read_finding, read_statements
from services.registry.store.reference import reference
from services.registry.store.repositories import Facts
from services.registry.use_cases.record_facts import record_facts
from services.registry.use_cases.record_finding import record_finding

router = APIRouter(prefix="/enterprises/{uscc}", tags=["facts"], route_class=Route)

REFUSED = (EnterpriseNotFound, EnterpriseDissolved, UsccInvalid, OutsideJurisdiction, etags.StaleWrite)
SourceKind = Literal[
    "self_declared", "audit_report", "tax", "official_platform", "official_finding", "official_list", "import"
]


class FactStated(Wanted):
    """One fact: `value` in canonical form (money in yuan as a decimal string), or with a `unit`; null withdraws it."""

    fact: Line = Field(description="id in the facts dictionary")
    fiscal_year: int | None = Field(default=None, description="for yearly facts; absent for point facts")
    value: Any
    unit: Line | None = Field(default=None, description="元, 千元, 万元, 百万元, 亿元 for money; % for ratios")
    source: SourceKind
    as_of: dt.date | None = None


class FactsStated(Wanted):
    """Facts to record; those that are not named stay as they are."""

    facts: list[FactStated] = Field(min_length=1, max_length=1000)


class PeriodChanged(BaseModel):
    """Facts of one fiscal year (0 = as of a date) that really changed."""

    fiscal_year: int
    facts: list[str]


class FactsRecordedOut(BaseModel):
    """What was changed; nothing when all was on file already."""

    uscc: str
    version: int
    changed: list[PeriodChanged]


class FindingNew(Wanted):
    """An official's decision on a condition that asks for judgement."""

    finding: Line = Field(description="id of a fact of type finding")
    decision: Literal["met", "unmet"] = Field(description="met 符合, unmet 不符合")
    reason: Passage
    evidence: Passage | None = None
    valid_until: dt.date | None = None


@router.put(
    "/facts",
    response_model=FactsRecordedOut,
    responses=refusals(*REFUSED, FactsInvalid),
)
def put_facts(
    request: Request,
    response: Response,
    actor: FactWriter,
    tx: Tx,
    uscc: PathUscc,
    body: FactsStated,
    knowledge: Known,
) -> FactsRecordedOut:
    """Record facts of one enterprise; sent again, they change nothing (填报指标)."""
    statements = [Statement(**each.model_dump()) for each in body.facts]
    official = bool({"officer", "system"} & actor.roles)
    industries = reference(tx).industries
    stated = read_statements(statements, knowledge.dictionary, industries, official=official, today=clock.today())
    row, changed = record_facts(tx, uscc, stated, knowledge=knowledge, may=RequestAdmission(actor, request))
    response.headers["ETag"] = etags.quoted(row.version)
    periods = [PeriodChanged(fiscal_year=year, facts=list(ids)) for year, ids in changed.items()]
    return FactsRecordedOut(uscc=uscc, version=row.version, changed=periods)


@router.post(
    "/findings",
    status_code=201,
    response_model=FactOut,
    responses=refusals(*REFUSED, FindingInvalid),
)
def post_finding(
    request: Request,
    response: Response,
    actor: FindingWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    uscc: PathUscc,
    body: FindingNew,
    knowledge: Known,
) -> FactOut:
    """Record an official's finding; it is a fact like any other (认定意见)."""
    decision = body.model_dump(exclude={"finding"})
    stated = read_finding(knowledge.dictionary, body.finding, decision, today=clock.today())
    may = RequestAdmission(actor, request)
    row, _changed = record_finding(tx, uscc, body.finding, stated, knowledge=knowledge, may=may)
    response.headers["ETag"] = etags.quoted(row.version)
    entry = Facts(tx).periods(uscc)[0][body.finding]
    return fact_out(body.finding, entry, knowledge.dictionary)
