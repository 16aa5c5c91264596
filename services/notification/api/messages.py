"""Figures about messages."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chassis.dependencies import ReadTx
from services.notification.api.access import CommissionersReader
from services.notification.api.polling import unchanged
from services.notification.api.schemas import KindCount, Labelled, MessageStatistics
from services.notification.domain.kinds import KINDS, STATES
from services.notification.store import queries

router = APIRouter(prefix="/messages", tags=["messages"])


@router.get("/statistics", response_model=MessageStatistics)
def get_message_statistics(
    actor: CommissionersReader, tx: ReadTx, request: Request, response: Response
) -> MessageStatistics | Response:
    """Count messages by kind and state (待送达, 未读, 已读) within the caller's jurisdiction."""
    counts = queries.message_counts(tx, actor.areas)
    kinds = []
    for kind in KINDS.values():
        states = {state: counts.get((kind.code, state), 0) for state in STATES}
        label = Labelled(code=kind.code, label=kind.label)
        kinds.append(KindCount(kind=label, total=sum(states.values()), **states))
    body = MessageStatistics(
        pending=sum(each.pending for each in kinds),
        delivered=sum(each.delivered for each in kinds),
        read=sum(each.read for each in kinds),
        total=sum(each.total for each in kinds),
        kinds=kinds,
    )
    return unchanged(request, response, body) or body
