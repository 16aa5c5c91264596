"""What a client of the gateway is, and whether its attributes fit together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from chassis.errors import FieldProblem
from gateway.domain.errors import ClientInvalid, ClientIsCaller, SystemClientReserved
from gateway.domain.roles import ROLES, SYSTEM

CLIENT_ID = re.compile(r"^[a-z0-9](?:[a-z0-9-]{1,62}[a-z0-9])$")
AREA = re.compile(r"^(?:\*|[1-9]\d(?:\d{2}(?:\d{2}(?:\d{3}(?:\d{3})?)?)?)?)$")
"""`*`, or a GB/T 2260 prefix of 2, 4 or 6 digits, or 9 (镇街) or 12."""
USCC = re.compile(r"^[0-9A-HJ-NPQRTUWXY]{18}$")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What an administrator decides about a client. `areas` empty is nowhere, `*` everywhere."""

    name: str
    role: str
    scopes: frozenset[str]
    description: str | None = None
    areas: tuple[str, ...] = ()
    institution: str | None = None
    uscc: str | None = None
    commissioner: str | None = None
    department: str | None = None
    requests_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as it is kept: its argon2id hash, and the instant from which it is refused."""

    hash: str
    expires_at: dt.datetime | None = None

    def valid(self, moment: dt.datetime) -> bool:
        return self.expires_at is None or moment < self.expires_at


@dataclass(frozen=True, slots=True)
class Client:
    """A client as the data path sees it; equal to its predecessor when nothing about it has changed."""

    client_id: str
    attributes: Attributes
    token_version: int
    disabled: bool
    secrets: tuple[Secret, ...] = field(default=(), repr=False)


def checked(attributes: Attributes) -> Attributes:
    """The attributes, or a refusal that names every field that does not fit."""
    problems = list(_problems(attributes))
    if problems:
        raise ClientInvalid("客户端信息有误，请按 errors 中的说明修改后重试", problems=problems)
    return attributes


def changeable(client_id: str, role: str, *, by: str) -> None:
    """Refuse a change that would lock out the one who makes it, or the installer."""
    if client_id == by:
        raise ClientIsCaller("不能更改自己正在使用的客户端，请由其他管理员操作")
    if role == SYSTEM:
        raise SystemClientReserved("安装程序专用的客户端由安装程序自己管理，不能在此更改")


def _problems(attributes: Attributes) -> Iterable[FieldProblem]:
    role = ROLES.get(attributes.role)
    if role is None:
        yield FieldProblem("role", "没有这个角色", found=attributes.role, expected="、".join(ROLES))
        return
    if beyond := sorted(attributes.scopes - role.scopes):
        yield FieldProblem(
            "scopes",
            f"“{role.label}”不能拥有这些权限",
            code="scope-beyond-role",
            found=" ".join(beyond),
            expected=" ".join(sorted(role.scopes)),
        )
    if role.binding is not None and not getattr(attributes, role.binding):
        yield FieldProblem(role.binding, f"“{role.label}”必须填写此项", code="missing")
    for area in attributes.areas:
        if not AREA.match(area):
            yield FieldProblem(
                "areas", "不是有效的管辖区域", found=area, expected="行政区划代码前 2、4、6、9 或 12 位，或 *"
            )
    if attributes.uscc is not None and not USCC.match(attributes.uscc):
        yield FieldProblem("uscc", "不是统一社会信用代码", found=attributes.uscc, expected="18 位")
