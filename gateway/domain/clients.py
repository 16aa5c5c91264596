"""What a client of the gateway is, and whether its attributes fit together."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chassis.errors import FieldProblem
from gateway.domain.errors import ClientInvalid, ClientIsCaller, SystemClientReserved
from gateway.domain.roles import ROLES, SYSTEM

CLIENT_ID = re.compile(r"^[a-z0-9](?:[a-z0-9-]{1,62}[a-z0-9])$")
AREA = re.compile(r"\*|[1-9][0-9](?:[0-9]{2}){0,2}")
"""`*`, or a GB/T 2260 code of a province, city or district in 2, 4 or 6 digits."""
BELOW_DISTRICT = re.compile(r"[1-9][0-9]{8}(?:[0-9]{3})?")
"""A code of a town (9 digits) or village (12); enterprises carry 6, so it would answer for none of them."""
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
    """The attributes as they are kept, or a refusal that names every field that does not fit."""
    problems = list(_problems(attributes))
    if problems:
        raise ClientInvalid("客户端信息有误，请按 errors 中的说明修改后重试", problems=problems)
    return replace(attributes, areas=tuple(dict.fromkeys(map(prefix, attributes.areas))))


def prefix(area: str) -> str:
    """What the codes of an area's districts begin with: 341300 (a whole city) → 3413, 340000 → 34."""
    while len(area) > 2 and area.endswith("00"):
        area = area[:-2]
    return area


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
        if BELOW_DISTRICT.fullmatch(area):
            yield FieldProblem(
                "areas", "管辖区域目前只到县（区）一级，请改填所属县（区）的 6 位代码", found=area, expected=area[:6]
            )
        elif not AREA.fullmatch(area):
            yield FieldProblem("areas", "不是有效的管辖区域", found=area, expected="行政区划代码前 2、4 或 6 位，或 *")
    if attributes.uscc is not None and not USCC.match(attributes.uscc):
        yield FieldProblem("uscc", "不是统一社会信用代码", found=attributes.uscc, expected="18 位")
