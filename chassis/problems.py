"""Errors as RFC 9457 problem documents: one map from the families of refusals to HTTP, one shape for all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import psycopg
import sqlalchemy.exc
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from chassis import context, errors, logging

PROBLEM = "application/problem+json"

STATUS: dict[type[errors.DomainError], int] = {
    errors.NotFound: 404,
    errors.Gone: 410,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Forbidden: 403,
    errors.Unauthenticated: 401,
    errors.Invalid: 422,
    errors.TooLarge: 413,
    errors.TooManyRequests: 429,
    errors.Unavailable: 503,
}

UNSTORABLE = "含有无法保存的字符（空字符 U+0000 或不完整的 Unicode 字符），请删除后重试"

_TITLES = {400: "请求格式有误", 404: "未找到", 405: "不支持的方法", 413: "内容过大", 415: "不支持的内容类型"}

_MESSAGES = {
    "missing": "缺少必填项",
    "extra_forbidden": "不认识的字段，请删除或检查拼写",
    "json_invalid": "不是有效的 JSON",
    "string_too_long": "内容过长",
    "string_too_short": "内容过短",
    "string_pattern_mismatch": "格式不符",
    "date_from_datetime_parsing": "日期应为 YYYY-MM-DD",
    "date_parsing": "日期应为 YYYY-MM-DD",
    "decimal_parsing": "应为数字",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "string_type": "应为文本",
    "bool_parsing": "应为 true 或 false",
    "bool_type": "应为 true 或 false",
    "less_than_equal": "超过允许的最大值",
    "less_than": "超过允许的最大值",
    "greater_than_equal": "低于允许的最小值",
    "greater_than": "低于允许的最小值",
    "too_long": "条目过多",
    "too_short": "条目过少",
    "list_type": "应为列表",
    "dict_type": "应为对象",
    "model_attributes_type": "应为对象",
    "uuid_parsing": "应为 UUID",
    "literal_error": "不是允许的取值",
    "enum": "不是允许的取值",
}


_EXPECTED = {
    "missing": "填写此项",
    "extra_forbidden": "只含接口文档列出的字段",
    "json_invalid": "有效的 JSON",
    "string_too_long": "不超过 {max_length} 个字符",
    "string_too_short": "不少于 {min_length} 个字符",
    "date_from_datetime_parsing": "YYYY-MM-DD",
    "date_parsing": "YYYY-MM-DD",
    "decimal_parsing": "数字",
    "int_parsing": "整数",
    "int_type": "整数",
    "string_type": "文本",
    "bool_parsing": "true 或 false",
    "bool_type": "true 或 false",
    "less_than_equal": "不大于 {le}",
    "less_than": "小于 {lt}",
    "greater_than_equal": "不小于 {ge}",
    "greater_than": "大于 {gt}",
    "too_long": "不超过 {max_length} 项",
    "too_short": "不少于 {min_length} 项",
    "list_type": "列表 […]",
    "dict_type": "对象 {{…}}",
    "model_attributes_type": "对象 {{…}}",
    "uuid_parsing": "UUID，如 01a20d4c-241c-7c36-9c18-06ad0a84362b",
}
"""What belongs there instead; the limits are the validator's own. Choices are listed, see `_expected`."""


_SHAPES = {
    r"^[0-9A-HJ-NPQRTUWXY]{18}$": "18 位数字或大写字母，没有空格，不含字母 I、O、S、V、Z",
    r"^\d{2,6}$": "2 至 6 位数字",
    r"^[0-9]{2,6}$": "2 至 6 位数字",
    r"^\d{6}$": "6 位数字",
    r"^[0-9a-f]{64}$": "64 位数字或小写字母 a 至 f",
    r"^[A-T]?\d{0,4}$": "A 至 T 的一个大写字母、最多 4 位数字，或字母后接数字，如 C、39、C3911",
    r"^([A-Ta-t]|[A-Ta-t]?\d{2,4})$": "A 至 T 的一个字母、2 至 4 位数字，或字母后接数字，如 C、39、C3911",
    r"^[a-z][a-z0-9_]{0,63}$": "小写字母开头，只含小写字母、数字和下划线，最多 64 个字符",
    r"^[a-z][a-z0-9_-]{0,62}$": "小写字母开头，只含小写字母、数字、下划线和连字符，最多 63 个字符",
    r"^[a-z][a-z0-9-]{2,59}$": "小写字母开头，只含小写字母、数字和连字符，3 至 60 个字符",
    r"^[a-z0-9](?:[a-z0-9-]{1,62}[a-z0-9])$": "只含小写字母、数字和连字符，3 至 64 个字符，首尾不是连字符",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "字母或数字开头，只含字母、数字、点、下划线和连字符，最多 64 个字符",
    r"^[A-Z]{1,3}-[A-Za-z0-9-]{1,30}$": "1 至 3 个大写字母、一个连字符，再接最多 30 个字母、数字或连字符，如 T-S3-4",
    r"^[\w.-]{1,100}$": "只含文字、数字、点、下划线和连字符，最多 100 个字符",
    r"^[0-9+\-() ]{5,30}$": "5 至 30 位，只含数字、加号、连字符、括号和空格",
    r"^[^@\s]{1,100}@[^@\s]{1,100}$": "电子邮箱地址，如 name@example.com，不含空格",
    r"^[^\x00-\x1f\x7f]*$": "一行文字，不含换行、制表符等控制字符",
    r"^[^\x00-\x08\x0b-\x1f\x7f]*$": "文字，可以换行，不含其他控制字符",
}
"""What a text has to look like, in words; a test asks for every pattern of the API."""


def shape_of(pattern: str) -> str | None:
    """What a text of this pattern looks like, in words."""
    return _SHAPES.get(pattern)


class ProblemItem(BaseModel):
    """One thing wrong with the input."""

    field: str = Field(description="where, for example `facts[2].value`")
    code: str
    message: str = Field(description="what was found, what is expected, in Chinese")
    found: Any = None
    expected: str | None = None


class Problem(BaseModel):
    """RFC 9457; `code` is stable and unique, `detail` says in Chinese what to do next."""

    type: str = Field(description="urn:peiyu:problem:CODE")
    title: str
    status: int
    detail: str
    code: str
    instance: str | None = None
    correlation_id: str
    errors: list[ProblemItem] = []


def status_of(error: errors.DomainError | type[errors.DomainError]) -> int:
    """The HTTP status of a refusal's family."""
    kind = error if isinstance(error, type) else type(error)
    for base in kind.__mro__:
        if base in STATUS:
            return STATUS[base]
    return 400


def refusals(*refused: type[errors.DomainError]) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the refusals it may give, by their codes, for the API document."""
    found: dict[int, list[type[errors.DomainError]]] = {}
    for error in refused:
        found.setdefault(status_of(error), []).append(error)
    return {
        status: {
            "model": Problem,
            "description": "; ".join(f"`{e.code}` {(e.__doc__ or '').strip().splitlines()[0]}" for e in group),
            "content": {PROBLEM: {}},
        }
        for status, group in sorted(found.items())
    }


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    title: str | None = None,
    instance: str | None = None,
    items: Sequence[Mapping[str, Any]] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer that refuses."""
    body: dict[str, Any] = {
        "type": f"urn:peiyu:problem:{code}",
        "title": title or _TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": detail,
        "code": code,
        "instance": instance,
        "correlation_id": context.current().correlation_id,
        "errors": list(items),
    }
    for name, value in (extra or {}).items():
        body.setdefault(name, value)
    return _ProblemResponse(body, status_code=status, media_type=PROBLEM, headers=dict(headers or {}))


class _ProblemResponse(JSONResponse):
    """Echoes what was found even when that is no valid text (a lone surrogate): a refusal must never fail itself."""

    def render(self, content: Any) -> bytes:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def of_domain_error(error: errors.DomainError, instance: str | None = None) -> JSONResponse:
    """A refusal as a problem document, with `Retry-After` and `WWW-Authenticate` where HTTP wants them."""
    headers: dict[str, str] = {}
    if "retry_after" in error.extra:
        headers["Retry-After"] = str(error.extra["retry_after"])
    elif isinstance(error, errors.Unavailable):
        headers["Retry-After"] = "5"
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    items = [
        {
            "field": item.field,
            "code": item.code,
            "message": item.message,
            "found": item.found,
            "expected": item.expected,
        }
        for item in error.problems
    ]
    return problem(
        status_of(error),
        error.code,
        error.detail,
        title=error.title,
        instance=instance,
        items=items,
        extra=error.extra,
        headers=headers,
    )


def install(app: FastAPI) -> None:
    """Render every way of refusing the same way."""

    async def domain(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.DomainError)
        if isinstance(error, errors.Unavailable):
            logging.get(__name__).warning("unavailable", code=error.code, detail=error.detail)
        return of_domain_error(error, request.url.path)

    async def validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return problem(
            422,
            "validation-failed",
            "输入有误，请按 errors 中的说明修改后重试",
            title="输入有误",
            instance=request.url.path,
            items=[_item(found) for found in error.errors()],
        )

    async def data(request: Request, error: Exception) -> JSONResponse:
        """Text that no database takes and that reached it all the same: a fault of the input. Any other is ours."""
        if not _of_nul(error):
            raise error
        return problem(422, "validation-failed", f"输入{UNSTORABLE}", title="输入有误", instance=request.url.path)

    async def http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = {400: "bad-request", 404: "no-such-endpoint", 405: "method-not-allowed", 413: "too-large"}.get(
            error.status_code, f"http-{error.status_code}"
        )
        detail = {404: "没有这个接口，请查看 /docs", 405: "该接口不支持此方法，请查看 /docs"}.get(
            error.status_code, str(error.detail)
        )
        return problem(error.status_code, code, detail, instance=request.url.path, headers=error.headers)

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logging.get(__name__).error("unexpected error", path=request.url.path, exc_info=error)
        return problem(
            500,
            "internal-error",
            "系统内部错误，已记录；请凭 correlation_id 联系平台管理员",
            title="系统内部错误",
            instance=request.url.path,
        )

    app.add_exception_handler(errors.DomainError, domain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(sqlalchemy.exc.DataError, data)
    app.add_exception_handler(psycopg.DataError, data)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)


def _of_nul(error: Exception) -> bool:
    """psycopg refuses NUL in text before it is sent; the server refuses its escape in jsonb (22P05)."""
    cause = error.orig if isinstance(error, sqlalchemy.exc.DataError) else error
    return getattr(cause, "sqlstate", None) == "22P05" or "cannot contain NUL" in str(cause)


def _item(found: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(found["type"])
    value = found.get("input")
    shown = value if isinstance(value, str | int | float | bool) or value is None else None
    if isinstance(shown, float) and not math.isfinite(shown):  # JSON has no word for it
        shown = str(shown)
    if isinstance(shown, str) and len(shown) > 100:
        shown = shown[:100] + "…"
    return {
        "field": _path(found["loc"]),
        "code": kind.replace("_", "-"),
        "message": _MESSAGES.get(kind, str(found["msg"]).removeprefix("Value error, ")),
        "found": shown,
        "expected": _expected(kind, found),
    }


def _expected(kind: str, found: Mapping[str, Any]) -> str | None:
    limits = found.get("ctx", {})
    if kind == "extra_forbidden" and found["loc"][0] == "query":  # chassis.http names the parameters there are
        return str(found["msg"])
    if kind == "string_pattern_mismatch":
        return shape_of(str(limits.get("pattern")))
    if kind in _EXPECTED:
        try:
            return _EXPECTED[kind].format_map(limits)
        except KeyError:  # whoever raised it did not say the limit
            return None
    choices = limits.get("expected")  # 'met' or 'unmet', in English
    return str(choices).replace("'", "").replace(" or ", "、").replace(", ", "、") + " 之一" if choices else None


def _path(location: Sequence[str | int]) -> str:
    parts = [*location]
    if parts and parts[0] in ("body", "query", "path", "header", "cookie") and len(parts) > 1:
        parts = parts[1:]
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else (f".{part}" if path else str(part))
    return path
