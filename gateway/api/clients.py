"""Administration of the clients that may ask for tokens."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from chassis import clock, etags, keyset, pagination
from chassis.dependencies import ReadTx, Tx
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from gateway.api.access import Administrator
from gateway.api.schemas import (
    ClientChange,
    ClientNew,
    ClientOut,
    ClientWithSecretOut,
    SecretRotation,
    UsageListOut,
    UsageOut,
)
from gateway.domain import errors
from gateway.store import queries
from gateway.store.repositories import Clients
from gateway.store.secrets import new_secret
from gateway.use_cases.change_client import change_client
from gateway.use_cases.create_client import create_client
from gateway.use_cases.delete_client import delete_client
from gateway.use_cases.disable_client import disable_client
from gateway.use_cases.enable_client import enable_client
from gateway.use_cases.rotate_secret import rotate_secret

router = APIRouter(prefix="/clients", tags=["clients"])

_CHANGING = (errors.ClientNotFound, errors.ClientIsCaller, errors.SystemClientReserved)


@router.post(
    "",
    status_code=201,
    response_model=ClientWithSecretOut,
    responses=refusals(errors.ClientTaken, errors.ClientInvalid, errors.SystemClientReserved),
)
def post_client(actor: Administrator, tx: Tx, new: ClientNew, response: Response) -> ClientWithSecretOut:
    """Register a client; its secret is shown in this answer and never again.

    登记接入客户端。密钥只显示一次，因此本接口不重放应答：标识相同的第二次请求返回 409，密钥遗失请更换。
    """
    secret = new_secret()
    row = create_client(tx, new.client_id, new.attributes(), secret=secret)
    response.headers["Location"] = f"/api/gateway/v1/clients/{row.client_id}"
    response.headers["Cache-Control"] = "no-store"
    return ClientWithSecretOut.showing(row, secret)


@router.get("", response_model=Page[ClientOut], responses=refusals(keyset.CursorInvalid))
def list_clients(
    actor: Administrator,
    tx: ReadTx,
    request: Request,
    response: Response,
    role: Annotated[str | None, Query(description="角色代码")] = None,
    institution: Annotated[str | None, Query(description="金融机构代码")] = None,
    disabled: Annotated[bool | None, Query(description="只看已停用（true）或未停用（false）的")] = None,
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ClientOut]:
    """List clients by id. 客户端列表，按标识排序。"""
    after = keyset.decode(cursor, (str,))
    found = queries.list_clients(
        tx,
        after=(after[0],) if after is not None else None,
        limit=limit,
        role=role,
        institution=institution,
        disabled=disabled,
    )
    following = pagination.link_next(request, response, found.after)
    return Page(items=[ClientOut.of(row) for row in found.rows], next_cursor=following)


@router.get("/{client_id}", response_model=ClientOut, responses=refusals(errors.ClientNotFound))
def read_client(
    actor: Administrator, tx: ReadTx, client_id: str, request: Request, response: Response
) -> ClientOut | Response:
    """Read a client. 查看客户端。"""
    row = Clients(tx).get(client_id)
    etag = etags.quoted(row.version)
    if unchanged := etags.not_modified(request, etag):
        return unchanged
    response.headers["ETag"] = etag
    return ClientOut.of(row)


@router.patch(
    "/{client_id}",
    response_model=ClientOut,
    responses=refusals(*_CHANGING, errors.ClientInvalid, etags.StaleWrite),
)
def patch_client(
    actor: Administrator, tx: Tx, client_id: str, change: ClientChange, request: Request, response: Response
) -> ClientOut:
    """Change a client's grants or bindings; the data path knows within a second. 修改客户端的权限、区域或限额。"""
    row = Clients(tx).get_for_update(client_id, by=actor.client_id)
    etags.require_match(request, row.version)
    change_client(tx, row, change.wanted())
    response.headers["ETag"] = etags.quoted(row.version)
    return ClientOut.of(row)


@router.delete("/{client_id}", status_code=204, responses=refusals(*_CHANGING, errors.ClientStillEnabled))
def remove_client(actor: Administrator, tx: Tx, client_id: str) -> None:
    """Remove a disabled client for good; its id is never given again. 删除已停用的客户端。"""
    delete_client(tx, client_id, by=actor.client_id)


@router.post(
    "/{client_id}/secrets",
    status_code=201,
    response_model=ClientWithSecretOut,
    responses=refusals(*_CHANGING, errors.ClientDisabled),
)
def post_secret(
    actor: Administrator, tx: Tx, client_id: str, rotation: SecretRotation, response: Response
) -> ClientWithSecretOut:
    """Give a client a new secret, shown in this answer and never again. 更换密钥，原密钥在过渡期后失效。"""
    secret = new_secret()
    row = rotate_secret(tx, client_id, secret=secret, grace_seconds=rotation.grace_seconds, by=actor.client_id)
    response.headers["Cache-Control"] = "no-store"
    return ClientWithSecretOut.showing(row, secret)


@router.post("/{client_id}/disable", response_model=ClientOut, responses=refusals(*_CHANGING))
def post_disabled(actor: Administrator, tx: Tx, client_id: str) -> ClientOut:
    """Refuse the client and all its tokens within two seconds. 停用客户端，已发令牌在两秒内失效。"""
    return ClientOut.of(disable_client(tx, client_id, by=actor.client_id))


@router.post("/{client_id}/enable", response_model=ClientOut, responses=refusals(*_CHANGING))
def post_enabled(actor: Administrator, tx: Tx, client_id: str) -> ClientOut:
    """Let a disabled client in again. 启用客户端；停用前的令牌不再有效，请重新获取。"""
    return ClientOut.of(enable_client(tx, client_id, by=actor.client_id))


@router.get("/{client_id}/usage", response_model=UsageListOut, responses=refusals(errors.ClientNotFound))
def read_usage(
    actor: Administrator,
    tx: ReadTx,
    client_id: str,
    first: Annotated[dt.date | None, Query(description="起始日期，默认 30 天前")] = None,
    last: Annotated[dt.date | None, Query(description="截止日期，默认今天")] = None,
) -> UsageListOut:
    """Read how often a client called which service on which day. 客户端调用量，按日、按服务。"""
    Clients(tx).get(client_id)
    until = last or clock.today()
    rows = queries.usage(tx, client_id, first or until - dt.timedelta(days=30), until)
    return UsageListOut(items=[UsageOut.model_validate(row) for row in rows])
