"""Coverage: which districts have enterprises that nobody looks after."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chassis.dependencies import ReadTx
from services.notification.api.access import CommissionersReader
from services.notification.api.polling import unchanged
from services.notification.api.schemas import CoverageOut, DistrictOut
from services.notification.store import queries

router = APIRouter(prefix="/coverage", tags=["coverage"])


@router.get("", response_model=CoverageOut)
def get_coverage(
    actor: CommissionersReader, tx: ReadTx, request: Request, response: Response
) -> CoverageOut | Response:
    """Count enterprises with and without a commissioner by district (服务覆盖), within the caller's jurisdiction."""
    districts = [DistrictOut.of(row) for row in queries.coverage(tx, actor.areas)]
    unassigned = sum(each.unassigned for each in districts)
    body = CoverageOut(
        enterprises=sum(each.enterprises for each in districts),
        unassigned=unassigned,
        pending_messages=sum(each.pending_messages for each in districts),
        notice=_notice(districts, unassigned),
        districts=districts,
    )
    return unchanged(request, response, body) or body


def _notice(districts: list[DistrictOut], unassigned: int) -> str:
    if not districts:
        return "还没有企业。导入企业后，会按区县自动分配服务专员。"
    if not unassigned:
        return "每户企业都有服务专员。"
    gaps = [each for each in districts if each.unassigned]
    unplaced = any(each.district_code is None for each in gaps)
    remedy = "请为这些区县登记服务专员，登记后自动分配、自动补发消息。"
    return f"有 {unassigned} 户企业还没有服务专员。{remedy}" + ("未填区县的企业请先补填区县。" if unplaced else "")
