"""The inbox of a commissioner."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from chassis.dependencies import ReadTx, Tx
from chassis.keyset import CursorInvalid, cut, decode
from chassis.pagination import Cursor, Limit, link_next
from chassis.problems import refusals
from services.notification.api.access import InboxReader, inbox_owner
from services.notification.api.polling import unchanged
from services.notification.api.schemas import InboxOut, Language, MessageOut, ReadAll, ReadAllOut
from services.notification.domain.errors import MessageNotFound, NoInbox
from services.notification.store import queries
from services.notification.store.repositories import Enterprises
from services.notification.use_cases.read_all_messages import read_all_messages
from services.notification.use_cases.read_message import read_message

router = APIRouter(prefix="/inbox", tags=["inbox"])

State = Annotated[Literal["unread", "read", "all"], Query(description="unread 未读, read 已读, all 全部")]
Kind = Annotated[
    Literal["enterprise_eligible", "title_recorded", "title_expiring", "whitelist_entered"] | None,
    Query(
        description="enterprise_eligible 测算达标, title_recorded 称号登记, title_expiring 称号将到期, "
        "whitelist_entered 进入白名单"
    ),
]
Lang = Annotated[Language, Query(description="language of the texts: zh or en")]

STATE_OF = {"unread": "delivered", "read": "read", "all": None}
EMPTY = {
    "unread": "没有未读消息。企业测算达标、称号登记或进入白名单时，会在这里告诉您。",
    "read": "还没有已读消息。",
    "all": "收件箱是空的。您服务的企业有新情况时，会在这里告诉您。",
}


@router.get("", response_model=InboxOut, responses=refusals(NoInbox, CursorInvalid))
def list_inbox(
    actor: InboxReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: State = "unread",
    kind: Kind = None,
    lang: Lang = "zh",
) -> InboxOut | Response:
    """List the caller's own messages, the latest delivered first (收件箱). Poll with `If-None-Match`."""
    owner = inbox_owner(actor, tx)
    before = _position(cursor)
    found = queries.inbox(tx, owner.id, state=STATE_OF[state], kind=kind, before=before, limit=limit)
    page = cut(found, limit, lambda each: _place(each[0].delivered_at, each[0].id))
    items = [MessageOut.of(message, enterprise, lang) for message, enterprise in page.rows]
    body = InboxOut(
        items=items,
        next_cursor=link_next(request, response, page.after),
        unread=queries.unread(tx, owner.id),
        notice=None if items or cursor else EMPTY[state],
    )
    return unchanged(request, response, body) or body


@router.post("/read-all", response_model=ReadAllOut, responses=refusals(NoInbox, MessageNotFound))
def read_all(actor: InboxReader, tx: Tx, seen: ReadAll | None = None) -> ReadAllOut:
    """Mark the caller's unread messages as read (全部已读); with `up_to` only those that were on the screen."""
    owner = inbox_owner(actor, tx)
    count = read_all_messages(tx, owner.id, seen.up_to if seen else None)
    return ReadAllOut(read=count, unread=queries.unread(tx, owner.id))


@router.post("/{message_id}/read", response_model=MessageOut, responses=refusals(NoInbox, MessageNotFound))
def read_one(message_id: uuid.UUID, actor: InboxReader, tx: Tx, lang: Lang = "zh") -> MessageOut:
    """Mark one message as read (已读). Another commissioner's message is not found."""
    message = read_message(tx, inbox_owner(actor, tx).id, message_id)
    return MessageOut.of(message, Enterprises(tx).mentioned(message.uscc), lang)


def _place(delivered_at: dt.datetime | None, message_id: uuid.UUID) -> tuple[str, str]:
    return delivered_at.isoformat() if delivered_at else "", str(message_id)


def _position(cursor: str | None) -> tuple[dt.datetime, uuid.UUID] | None:
    values = decode(cursor, (str, str))
    if values is None:
        return None
    try:
        return dt.datetime.fromisoformat(values[0]), uuid.UUID(values[1])
    except ValueError as error:
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始") from error
