"""Refuses codes that nothing has, before a list comes out empty or facts are computed for nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from fastapi import Request

from services.eligibility.api.schemas import AssessmentNew, StatedFact
from services.eligibility.domain.codes import Codes
from services.eligibility.domain.errors import FilterInvalid, StatedFactsInvalid


def codes_of(request: Request) -> Codes:
    return cast(Codes, request.app.state.codes)


def require_known(
    request: Request,
    *,
    title: str | None = None,
    district: str | None = None,
    finding: str | None = None,
    uscc: str | None = None,
) -> None:
    """Raise FilterInvalid with every filter that nothing can match."""
    problems = list(codes_of(request).problems(title=title, district=district, finding=finding, uscc=uscc))
    if problems:
        raise FilterInvalid("筛选条件有误，请按 errors 中的说明修改后重试", problems=problems)


def require_known_title(request: Request, title: str) -> None:
    """Raise StatedFactsInvalid where a request asks for a title that does not exist."""
    problems = list(codes_of(request).problems(title=title))
    if problems:
        raise StatedFactsInvalid("称号代码有误，请按 errors 中的说明修改后重试；本次没有计算", problems=problems)


def require_known_codes(request: Request, facts: Sequence[StatedFact]) -> None:
    """Raise StatedFactsInvalid where a stated fact names a code of no national table."""
    problems = list(codes_of(request).fact_problems([fact.model_dump(mode="json") for fact in facts]))
    if problems:
        raise StatedFactsInvalid("行业代码有误，请按 errors 中的说明修改后重试；本次没有计算", problems=problems)


def require_known_place(request: Request, wanted: AssessmentNew) -> None:
    """Raise StatedFactsInvalid where the stated industry or district is in no national table."""
    codes = codes_of(request)
    problems = [
        *codes.place_problems(wanted.industry_code, wanted.district_code),
        *codes.fact_problems([fact.model_dump(mode="json") for fact in wanted.facts or ()]),
    ]
    if problems:
        raise StatedFactsInvalid("行业或区划代码有误，请按 errors 中的说明修改后重试；本次没有计算", problems=problems)
