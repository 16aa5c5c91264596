"""The token endpoint of OAuth 2.0 (RFC 6749), client credentials grant."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from chassis.auth import PUBLIC
from chassis.errors import Unavailable
from gateway.api.token_document import RESPONSES, TOKEN_REQUEST
from gateway.proxy.limits import RateLimits
from gateway.tokens.access import joined
from gateway.tokens.issuing import Credentials, Issuer, TokenRefused

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM = "application/x-www-form-urlencoded"
_MAX_BYTES = 16 * 1024


class TokenRoute(APIRoute):
    """Refuses in the words of RFC 6749, query parameters included, instead of problem documents."""


router = APIRouter(route_class=TokenRoute, tags=["oauth"])


@router.post(
    "/oauth/token",
    dependencies=[Depends(PUBLIC)],
    response_class=JSONResponse,
    responses=RESPONSES,
    openapi_extra=TOKEN_REQUEST,
)
async def issue_token(request: Request) -> JSONResponse:
    """Get an access token for client credentials.

    用客户端标识和密钥换取访问令牌：HTTP Basic 或表单两种方式任选其一；`scope` 可只申请部分权限。
    令牌 30 分钟有效，到期前重新获取即可，没有刷新令牌。
    """
    limits: RateLimits = request.app.state.anonymous
    issuer: Issuer = request.app.state.issuer
    address = request.client.host if request.client else "unknown"
    allowance = limits.hit(address, request.app.state.settings.anonymous_requests_per_minute)
    headers = {name.decode(): value.decode() for name, value in allowance.headers()}
    try:
        if allowance.exceeded:
            raise TokenRefused(
                "slow_down",
                "too many requests",
                "请求过于频繁，请稍后重试",
                status=429,
                retry_after=allowance.reset_seconds,
            )
        form = await _form(request)
        _check_grant(form)
        issued = await issuer.issue(_credentials(request, form, address), form.get("scope"))
    except TokenRefused as refused:
        return _refusal(refused, headers)
    except Unavailable as error:
        return _refusal(
            TokenRefused("temporarily_unavailable", error.code, error.detail, status=503, retry_after=2), headers
        )
    body = {
        "access_token": issued.token,
        "token_type": "Bearer",
        "expires_in": issued.expires_in,
        "scope": joined(issued.scopes),
    }
    return JSONResponse(body, headers=headers | _NO_STORE)


async def _form(request: Request) -> dict[str, str]:
    """The parameters of the body; each at most once, empty ones as if absent (RFC 6749, 3.2)."""
    if request.query_params:
        raise _invalid("parameters belong in the body", "参数请放在请求体中，不要放在网址里")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != _FORM:
        raise _invalid(f"content type must be {_FORM}", f"请求体应为表单：Content-Type: {_FORM}")
    body = bytearray()
    async for chunk in request.stream():
        body.extend(chunk)
        if len(body) > _MAX_BYTES:
            raise _invalid("body too large", "请求体过大")
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise _invalid("body is not a form", "请求体不是有效的 UTF-8 表单") from None
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise _invalid("a parameter is repeated", "同一参数只能出现一次")
    return {name: value for name, value in pairs if value}


def _check_grant(form: dict[str, str]) -> None:
    if "grant_type" not in form:
        raise _invalid("grant_type is missing", "缺少 grant_type，应为 client_credentials")
    if form["grant_type"] != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "use client_credentials", "grant_type 只支持 client_credentials")


def _credentials(request: Request, form: dict[str, str], address: str) -> Credentials:
    """From HTTP Basic or from the form, never from both."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        client_id, secret = form.get("client_id"), form.get("client_secret")
        if not client_id or not secret:
            raise _unauthenticated("client credentials are missing", "缺少客户端标识或密钥")
        return Credentials(client_id, secret, address)
    if "client_secret" in form:
        raise _invalid("use one way of client authentication", "客户端认证请只用一种方式：HTTP Basic 或表单")
    client_id, secret = _basic(authorization)
    if form.get("client_id", client_id) != client_id:
        raise _invalid("client_id contradicts the authorization", "表单中的 client_id 与 Authorization 不一致")
    return Credentials(client_id, secret, address)


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret, each form-encoded before it was joined and put into base64 (RFC 6749, 2.3.1)."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError(scheme)
        client_id, separator, secret = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (ValueError, binascii.Error):
        raise _unauthenticated("authorization is not HTTP Basic", "Authorization 不是有效的 HTTP Basic") from None
    if not separator or not client_id or not secret:
        raise _unauthenticated("client credentials are missing", "缺少客户端标识或密钥")
    return unquote_plus(client_id), unquote_plus(secret)


def _invalid(description: str, detail: str) -> TokenRefused:
    return TokenRefused("invalid_request", description, detail)


def _unauthenticated(description: str, detail: str) -> TokenRefused:
    return TokenRefused("invalid_client", description, detail, status=401)


def _refusal(refused: TokenRefused, headers: dict[str, str]) -> JSONResponse:
    body: dict[str, Any] = {
        "error": refused.error,
        "error_description": refused.description,
        "detail": refused.detail,
    }
    extra = dict(headers)
    if refused.status == 401:
        extra["WWW-Authenticate"] = 'Basic realm="peiyu", charset="UTF-8"'
    if refused.retry_after:
        extra["Retry-After"] = str(max(1, refused.retry_after))
    return JSONResponse(body, status_code=refused.status, headers=extra | _NO_STORE)
