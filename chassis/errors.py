"""The families of refusals; HTTP statuses are chosen in one map (chassis.http), never here.

A refusal is a class: its `code` is unique and stable, its message tells a person in Chinese what was found,
what is expected and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with the input: where (`uscc`, `rows[3].value`), what was found, what is expected."""

    field: str
    message: str
    code: str = "invalid"
    found: Any = None
    expected: str | None = None


class DomainError(Exception):
    """A refusal that the caller can understand and act upon."""

    code: ClassVar[str] = "domain-error"
    title: ClassVar[str] = "请求未能完成"

    def __init__(self, detail: str, *, problems: Sequence[FieldProblem] = (), **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = tuple(problems)
        self.extra = extra


class NotFound(DomainError):
    """What was asked for is not there, or not visible to the caller."""

    code = "not-found"
    title = "未找到"


class Gone(DomainError):
    """It was there and is not kept any more; asking again will not bring it back."""

    code = "gone"
    title = "已不再保留"


class Conflict(DomainError):
    """The state of things does not allow it (duplicate, wrong state)."""

    code = "conflict"
    title = "与现有数据冲突"


class Stale(DomainError):
    """The caller's copy is older than what is stored (If-Match)."""

    code = "stale-write"
    title = "数据已被他人更新"


class Forbidden(DomainError):
    """The caller is known but may not."""

    code = "forbidden"
    title = "无权操作"


class Unauthenticated(DomainError):
    """The caller is not known."""

    code = "unauthenticated"
    title = "未通过身份验证"


class Invalid(DomainError):
    """The input is wrong; `problems` say which field, what was found and what is expected."""

    code = "invalid"
    title = "输入有误"


class TooLarge(DomainError):
    """The input exceeds a stated limit."""

    code = "too-large"
    title = "内容过大"


class TooManyRequests(DomainError):
    """The caller has used its allowance; `retry_after` seconds are in `extra`."""

    code = "too-many-requests"
    title = "请求过于频繁"


class Unavailable(DomainError):
    """Something we depend on does not answer; trying again later may help."""

    code = "unavailable"
    title = "服务暂时不可用"
