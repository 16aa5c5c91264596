"""Routes of gap plans, what-if questions and near-misses: computed, nothing is stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from chassis import clock, keyset, pagination
from chassis.dependencies import ReadTx
from chassis.pagination import Cursor, Page
from chassis.problems import refusals
from rulebook.compare import differences
from rulebook.nearness import SHARE
from rulebook.pack import EFFORTS
from rulebook.plan_model import Window
from services.eligibility.api import plan_rendering
from services.eligibility.api.access import AssessmentReader, CohortReader, require_visible
from services.eligibility.api.assessments import ledger_entry
from services.eligibility.api.codes import require_known, require_known_codes, require_known_place, require_known_title
from services.eligibility.api.plan_schemas import GapPlanNew, GapPlanOut, NearMiss, WhatIfNew, WhatIfOut
from services.eligibility.api.state import rules_of
from services.eligibility.domain.errors import EnterpriseNotKnown, NoPackInForce, StatedFactsInvalid
from services.eligibility.settings import Settings
from services.eligibility.store import queries
from services.eligibility.store.repositories import Enterprises
from services.eligibility.store.tables import AssessmentRow
from services.eligibility.use_cases.list_near_misses import Near, Place, near_misses
from services.eligibility.use_cases.plan_on_request import (
    plan_gaps,
    registered_situation,
    stated_situation,
    what_if,
)

router = APIRouter(tags=["plans"])

FewRows = Annotated[int, Query(ge=1, le=50, description="每页条数，1 到 50：每条都要推算第一步")]


@router.post(
    "/gap-plans", response_model=GapPlanOut, responses=refusals(EnterpriseNotKnown, NoPackInForce, StatedFactsInvalid)
)
def post_gap_plan(actor: AssessmentReader, tx: ReadTx, wanted: GapPlanNew, request: Request) -> GapPlanOut:
    """Plan the way to a title (差距规划): the smallest set of changes, what each is for, when it can apply.

    Every plan is verified: the evaluator judges the changed facts. What is missing is asked for and never guessed: a
    plan that waits for it is `pending`, and says what can be computed only then. What cannot be done before the next
    window, the other routes, the plans of titles needed first and the end of the edition stand beside it. Nothing is
    stored: 不作为认定依据.
    """
    rules = rules_of(request, tx)
    require_known_title(request, wanted.title)
    today = clock.today()
    day = wanted.application_date or today
    if wanted.uscc is not None:
        require_visible(actor, Enterprises(tx).get(wanted.uscc))
        situation = registered_situation(tx, rules, wanted.uscc, wanted.title, kind=wanted.kind, day=day)
    else:
        require_known_place(request, wanted)
        situation = stated_situation(
            request.app.state.catalog.dictionary,
            rules,
            [fact.model_dump(mode="json") for fact in wanted.facts or ()],
            None if wanted.titles is None else [ledger_entry(each.model_dump(mode="json")) for each in wanted.titles],
            wanted.title,
            kind=wanted.kind,
            industry_code=wanted.industry_code,
            district_code=wanted.district_code,
            day=day,
            today=today,
        )
    windows = [Window(each.title or wanted.title, each.opens, each.closes, each.label) for each in wanted.windows]
    planned = plan_gaps(rules, situation, as_of=min(day, today), windows=windows)
    return plan_rendering.gap_plan(planned, situation.enterprise)


@router.post(
    "/what-if", response_model=WhatIfOut, responses=refusals(EnterpriseNotKnown, NoPackInForce, StatedFactsInvalid)
)
def post_what_if(actor: AssessmentReader, tx: ReadTx, wanted: WhatIfNew, request: Request) -> WhatIfOut:
    """Ask what a registered enterprise would be found to be if some facts, titles or findings were different.

    The answer gives the verdict before and after and every line that reads differently. Nothing is stored.
    """
    rules = rules_of(request, tx)
    require_known_title(request, wanted.title)
    require_known_codes(request, wanted.facts)
    require_visible(actor, Enterprises(tx).get(wanted.uscc))
    day = wanted.application_date or clock.today()
    situation = registered_situation(tx, rules, wanted.uscc, wanted.title, kind=wanted.kind, day=day)
    found = what_if(
        request.app.state.catalog.dictionary,
        rules,
        situation,
        facts=[fact.model_dump(mode="json") for fact in wanted.facts],
        findings=[each.model_dump(mode="json") for each in wanted.findings],
        titles=[ledger_entry(each.model_dump(mode="json")) for each in wanted.titles],
        today=clock.today(),
    )
    return plan_rendering.what_if(found, differences(found.before, found.after), situation.enterprise)


@router.get("/near-misses", response_model=Page[NearMiss])
def get_near_misses(
    actor: CohortReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    title: Annotated[str, Query(max_length=50, description="称号代码")],
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="GB/T 2260 前缀")] = None,
    lines: Annotated[int | None, Query(ge=0, le=20, description="最多几项未满足，默认按系统设置")] = None,
    short: Annotated[
        Decimal | None, Query(ge=0, le=1, description="评分至多差要求分值的多大比例，如 0.25，默认按系统设置")
    ] = None,
    limit: FewRows = 20,
    cursor: Cursor = None,
) -> Page[NearMiss]:
    """List the enterprises in your areas that are close to a title and not there, nearest first (临近达标).

    Close is a setting: few open lines, none that takes years, and a score of which little is missing. Each row says
    what its plan begins with; whom no change brings there is left out. Only the last page has fewer than `limit`.
    """
    require_known(request, title=title, district=district)
    settings: Settings = request.app.state.settings
    after: Any = keyset.decode(cursor, (int, int, str))
    rules = rules_of(request, tx)

    def rows_after(place: Place | None) -> Near:
        return queries.list_near(
            tx,
            actor,
            title=title,
            district=district,
            most_lines=settings.near_miss_lines if lines is None else lines,
            efforts=EFFORTS[: EFFORTS.index(settings.near_miss_effort) + 1],
            most_short=settings.near_miss_short if short is None else short,
            after=(place[0], place[1] * SHARE, place[2]) if place else None,
            limit=limit,
        )

    found = near_misses(rows_after, _place, rules, rules.editions.by_hash(), clock.today(), after=after, limit=limit)
    page = keyset.cut(found, limit, lambda each: _place(each.row))
    following = pagination.link_next(request, response, page.after)
    items: list[Any] = [plan_rendering.near_miss(each.row, each.enterprise, each.step) for each in page.rows]
    return Page(items=items, next_cursor=following)


def _place(row: AssessmentRow) -> Place:
    return row.open_lines or 0, _steps(row.open_distance), row.uscc


def _steps(short: Decimal | None) -> int:
    """A cursor has whole numbers."""
    return int((short or Decimal(0)) / SHARE)
