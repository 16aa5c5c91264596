"""The cultivation pool (培育库): rules, entries, proposals, yearly seed lists."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from chassis import clock
from chassis.auth import OutsideJurisdiction
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import PoolReader, PoolWriter, RequestAdmission, areas_of
from services.registry.api.item_schemas import source_out
from services.registry.api.parameters import PRINTABLE, checked_uscc
from services.registry.api.pool_schemas import (
    MemberOut,
    PoolEntryNew,
    PoolEntryOut,
    PoolExit,
    PoolMove,
    PoolOut,
    PoolProposalOut,
    PoolRuleOut,
    PoolRulesOut,
    ProposalDecision,
    pool_out,
)
from services.registry.api.render import coded
from services.registry.api.schemas import Coded
from services.registry.api.state import Rules
from services.registry.domain.errors import (
    AlreadyInPool,
    EnterpriseDissolved,
    EnterpriseNotFound,
    NotInPool,
    PoolEntryNotFound,
    PoolInvalid,
    PoolProposalDecided,
    PoolProposalNotFound,
    UsccInvalid,
)
from services.registry.domain.pool import ACTS, BY, WHENS, PoolRules
from services.registry.store.pool import PoolEntries, PoolFilters, list_entries, list_proposals
from services.registry.store.pool_tables import PoolEntryRow, PoolProposalRow
from services.registry.store.reference import Reference, reference
from services.registry.store.repositories import Enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.decide_pool_proposal import STATES, decide_pool_proposal
from services.registry.use_cases.keep_pool import Entry, Exit, enter_pool, leave_pool, move_in_pool

router = APIRouter(prefix="/pool", tags=["pool"], route_class=Route)

Code = Annotated[str | None, Query(max_length=50, pattern=PRINTABLE)]
District = Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")]


@router.get("/rules", response_model=PoolRulesOut)
def get_pool_rules(actor: PoolReader, rules: Rules) -> PoolRulesOut:
    """Tiers, lists, reasons to leave, and the rules of the dynamic adjustment (培育库规则)."""
    return PoolRulesOut(
        edition=rules.edition,
        sha256=rules.sha256,
        pause_days=rules.pause_days,
        pools=[
            PoolOut(
                pool=Coded(code=each.code, label=each.label),
                tiers=[Coded(code=tier, label=label) for tier, label in each.tiers.items()],
                grounds=source_out(each.source, each.clause, each.quote, each.evidence),
            )
            for each in rules.pools.values()
        ],
        sources=[Coded(code=code, label=label) for code, label in rules.sources.items()],
        leaving=[Coded(code=code, label=label) for code, label in rules.leaving.items()],
        rules=[
            PoolRuleOut(
                id=each.id,
                label=each.label,
                when=Coded(code=each.when, label=WHENS[each.when]),
                titles=list(each.titles),
                items=list(each.items),
                statuses=list(each.statuses),
                open_lines=each.open_lines,
                effort=each.effort,
                area=list(each.area),
                act=Coded(code=each.act, label=ACTS[each.act]),
                pool=pool_out(each.pool, rules),
                from_tiers=[Coded(code=tier, label=rules.tier_label(each.pool, tier)) for tier in each.from_tiers],
                tier=coded(each.tier, rules.tier_label(each.pool, each.tier or "")),
                source_list=coded(each.source_list, rules.sources.get(each.source_list or "")),
                leaving=coded(each.leaving, rules.leaving.get(each.leaving or "")),
                by=Coded(code=each.by, label=BY[each.by]),
                evidence=each.evidence,
                grounds=each.source and source_out(each.source, each.clause or "", each.quote or "", each.evidence),
            )
            for each in rules.rules
        ],
    )


@router.get("/entries", response_model=Page[PoolEntryOut], responses=refusals(UsccInvalid))
def list_of_entries(
    request: Request,
    response: Response,
    actor: PoolReader,
    tx: ReadTx,
    rules: Rules,
    limit: Limit = 50,
    cursor: Cursor = None,
    pool: Code = None,
    tier: Code = None,
    source_list: Code = None,
    district: District = None,
    uscc: Annotated[str | None, Query(max_length=100, description="统一社会信用代码")] = None,
    present: Annotated[bool | None, Query(description="true: 在库的; false: 已出库的")] = None,
) -> Page[PoolEntryOut]:
    """Stays in the pool in the caller's areas, by page (培育库)."""
    filters = PoolFilters(
        pool=pool,
        tier=tier,
        source_list=source_list,
        district=district,
        uscc=None if uscc is None else checked_uscc(uscc),
        present=present,
        areas=areas_of(actor),
    )
    after = decode(cursor, (uuid.UUID,))
    page = cut(list_entries(tx, filters, after[0] if after else None, limit), limit, lambda each: (each[0].id,))
    known = reference(tx)
    items = [_entry(entry, row, rules, known) for entry, row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.post(
    "/entries",
    status_code=201,
    response_model=PoolEntryOut,
    responses=refusals(
        EnterpriseNotFound, EnterpriseDissolved, AlreadyInPool, PoolInvalid, UsccInvalid, OutsideJurisdiction
    ),
)
def post_entry(
    request: Request, actor: PoolWriter, tx: Tx, _: Annotated[None, Idempotent], rules: Rules, body: PoolEntryNew
) -> PoolEntryOut:
    """Take an enterprise into the pool (入库)."""
    row = _locked(tx, checked_uscc(body.uscc), RequestAdmission(actor, request))
    entry = Entry(
        pool=body.pool,
        tier=body.tier,
        source_list=body.source_list,
        reason=body.reason,
        on=body.entered_on or clock.today(),
        document=body.document,
    )
    return _entry(enter_pool(tx, row, entry, rules), row, rules, reference(tx))


@router.post(
    "/entries/{entry_id}/move",
    status_code=201,
    response_model=PoolEntryOut,
    responses=refusals(PoolEntryNotFound, NotInPool, PoolInvalid, OutsideJurisdiction),
)
def post_move(
    request: Request,
    actor: PoolWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    rules: Rules,
    entry_id: Annotated[uuid.UUID, Path()],
    body: PoolMove,
) -> PoolEntryOut:
    """Move an enterprise to another tier of the same pool; the new stay is answered (调整梯次)."""
    present, row = _present(tx, entry_id, RequestAdmission(actor, request))
    entry = Entry(
        pool=present.pool,
        tier=body.tier,
        source_list=body.source_list or present.source_list,
        reason=body.reason,
        on=body.on or clock.today(),
        document=body.document,
    )
    return _entry(move_in_pool(tx, row, entry, rules), row, rules, reference(tx))


@router.post(
    "/entries/{entry_id}/leave",
    response_model=PoolEntryOut,
    responses=refusals(PoolEntryNotFound, NotInPool, PoolInvalid, OutsideJurisdiction),
)
def post_exit(
    request: Request,
    actor: PoolWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    rules: Rules,
    entry_id: Annotated[uuid.UUID, Path()],
    body: PoolExit,
) -> PoolEntryOut:
    """Let an enterprise leave the pool, with the reason (出库)."""
    present, row = _present(tx, entry_id, RequestAdmission(actor, request))
    left = Exit(code=body.reason_code, reason=body.reason, on=body.on or clock.today(), document=body.document)
    return _entry(leave_pool(tx, row, present.pool, left, rules), row, rules, reference(tx))


@router.get("/proposals", response_model=Page[PoolProposalOut], responses=refusals(UsccInvalid))
def list_of_proposals(
    request: Request,
    response: Response,
    actor: PoolReader,
    tx: ReadTx,
    rules: Rules,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[
        Literal["open", "accepted", "refused", "withdrawn"] | None, Query(description="待决定、已采纳、未采纳、已撤回")
    ] = None,
    pool: Code = None,
    rule_id: Code = None,
    district: District = None,
    uscc: Annotated[str | None, Query(max_length=100, description="统一社会信用代码")] = None,
) -> Page[PoolProposalOut]:
    """What the rules propose in the caller's areas, by page (培育库提议)."""
    filters = PoolFilters(
        pool=pool,
        rule_id=rule_id,
        district=district,
        state=state,
        uscc=None if uscc is None else checked_uscc(uscc),
        areas=areas_of(actor),
    )
    after = decode(cursor, (uuid.UUID,))
    page = cut(list_proposals(tx, filters, after[0] if after else None, limit), limit, lambda each: (each[0].id,))
    known = reference(tx)
    items = [_proposal(proposal, row, rules, known) for proposal, row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.post(
    "/proposals/{proposal_id}/decision",
    response_model=PoolProposalOut,
    responses=refusals(
        PoolProposalNotFound, PoolProposalDecided, AlreadyInPool, NotInPool, PoolInvalid, OutsideJurisdiction
    ),
)
def post_proposal_decision(
    request: Request,
    actor: PoolWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    rules: Rules,
    proposal_id: Annotated[uuid.UUID, Path()],
    body: ProposalDecision,
) -> PoolProposalOut:
    """Accept a proposal, which is then done, or refuse it; with the reason (决定提议)."""
    proposal, row = decide_pool_proposal(
        tx,
        proposal_id,
        accept=body.decision == "accept",
        reason=body.reason,
        document=body.document,
        rules=rules,
        may=RequestAdmission(actor, request),
    )
    return _proposal(proposal, row, rules, reference(tx))


def _locked(tx: Tx, uscc: str, may: RequestAdmission) -> EnterpriseRow:
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    return row


def _present(tx: Tx, entry_id: uuid.UUID, may: RequestAdmission) -> tuple[PoolEntryRow, EnterpriseRow]:
    """The stay with its enterprise locked; refused when it has ended."""
    entry = PoolEntries(tx).get(entry_id)
    row = _locked(tx, entry.uscc, may)
    tx.session.refresh(entry)
    if entry.left_on is not None:
        raise NotInPool(f"这条入库记录已于 {entry.left_on} 结束，请查看企业现在的记录")
    return entry, row


def _member(row: EnterpriseRow, known: Reference) -> MemberOut:
    district = coded(row.district_code, known.places.name_of(row.district_code))
    return MemberOut(uscc=row.uscc, name=row.name, district=district)


def _entry(entry: PoolEntryRow, row: EnterpriseRow, rules: PoolRules, known: Reference) -> PoolEntryOut:
    return PoolEntryOut(
        entry_id=entry.id,
        enterprise=_member(row, known),
        pool=pool_out(entry.pool, rules),
        tier=Coded(code=entry.tier, label=rules.tier_label(entry.pool, entry.tier)),
        source_list=Coded(code=entry.source_list, label=rules.sources.get(entry.source_list, entry.source_list)),
        reason=entry.reason,
        document=entry.document,
        rule_id=entry.rule_id,
        entered_on=entry.entered_on,
        entered_by=entry.entered_by,
        left_on=entry.left_on,
        left_code=coded(entry.left_code, rules.leaving.get(entry.left_code or "")),
        left_reason=entry.left_reason,
        left_document=entry.left_document,
        left_by=entry.left_by,
    )


def _proposal(each: PoolProposalRow, row: EnterpriseRow, rules: PoolRules, known: Reference) -> PoolProposalOut:
    labels = {rule.id: rule.label for rule in rules.rules}
    return PoolProposalOut(
        proposal_id=each.id,
        enterprise=_member(row, known),
        act=Coded(code=each.act, label=ACTS[each.act]),
        pool=pool_out(each.pool, rules),
        tier=coded(each.tier, rules.tier_label(each.pool, each.tier or "")),
        source_list=coded(each.source_list, rules.sources.get(each.source_list or "")),
        left_code=coded(each.left_code, rules.leaving.get(each.left_code or "")),
        rule_id=each.rule_id,
        rule=labels.get(each.rule_id, each.rule_id),
        ground=each.ground,
        state=Coded(code=each.state, label=STATES[each.state]),
        proposed_at=each.proposed_at,
        decision_reason=each.decision_reason,
        decided_by=each.decided_by,
        decided_at=each.decided_at,
    )
