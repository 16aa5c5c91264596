"""Shapes of the administration of clients."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.domain.clients import CLIENT_ID, Attributes
from gateway.domain.roles import ROLES
from gateway.store.tables import ClientRow

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
ClientId = Annotated[str, StringConstraints(pattern=CLIENT_ID.pattern)]
PerMinute = Annotated[int, Field(ge=1, le=100_000)]


class ClientNew(BaseModel):
    """A client to be registered."""

    model_config = ConfigDict(extra="forbid")

    client_id: ClientId = Field(description="小写字母、数字和连字符，3 到 64 位；一经使用不再分配给他人")
    name: Name
    role: str = Field(description="、".join(f"{role.code}（{role.label}）" for role in ROLES.values()))
    scopes: list[str] | None = Field(default=None, description="不填为该角色的全部权限")
    description: str | None = Field(default=None, max_length=1000)
    areas: list[str] = Field(default=[], max_length=200, description="行政区划代码前缀；* 为全部，空为无")
    institution: Code | None = Field(default=None, description="金融机构必填")
    uscc: Code | None = Field(default=None, description="企业必填：统一社会信用代码")
    commissioner: Code | None = Field(default=None, description="服务专员必填：专员编号")
    department: Code | None = Field(default=None, description="责任单位必填")
    requests_per_minute: PerMinute | None = Field(default=None, description="不填为平台默认值")

    def attributes(self) -> Attributes:
        role = ROLES.get(self.role)
        scopes = frozenset(self.scopes) if self.scopes is not None else (role.scopes if role else frozenset())
        given = self.model_dump(exclude={"client_id", "scopes", "areas"})
        return Attributes(**given, scopes=scopes, areas=tuple(self.areas))


class ClientChange(BaseModel):
    """What to change; a field left out stays as it is, a null clears it."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    role: str | None = None
    scopes: list[str] | None = None
    description: str | None = Field(default=None, max_length=1000)
    areas: list[str] | None = Field(default=None, max_length=200)
    institution: Code | None = None
    uscc: Code | None = None
    commissioner: Code | None = None
    department: Code | None = None
    requests_per_minute: PerMinute | None = None

    def wanted(self) -> dict[str, Any]:
        """The attributes to change. Name, role, scopes and areas cannot be cleared: a null leaves them."""
        kept = ("name", "role", "scopes", "areas")
        given = {
            name: value
            for name, value in self.model_dump(exclude_unset=True).items()
            if value is not None or name not in kept
        }
        if "scopes" in given:
            given["scopes"] = frozenset(given["scopes"])
        if "areas" in given:
            given["areas"] = tuple(given["areas"])
        return given


class SecretRotation(BaseModel):
    """How a new secret takes over."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: int = Field(
        default=86_400, ge=0, le=30 * 86_400, description="原密钥继续有效的秒数；0 为立即作废，已发令牌同时失效"
    )


class Labelled(BaseModel):
    """A code with its Chinese label."""

    code: str
    label: str


class SecretOut(BaseModel):
    """A secret, of which nobody keeps more than its last characters."""

    model_config = ConfigDict(from_attributes=True)

    hint: str = Field(description="密钥末四位")
    created_at: dt.datetime
    expires_at: dt.datetime | None


class ClientOut(BaseModel):
    """A client."""

    client_id: str
    name: str
    description: str | None
    role: Labelled
    scopes: list[str]
    areas: list[str]
    institution: str | None
    uscc: str | None
    commissioner: str | None
    department: str | None
    requests_per_minute: int | None
    disabled_at: dt.datetime | None
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    secrets: list[SecretOut]

    @classmethod
    def of(cls, row: ClientRow) -> ClientOut:
        return cls(**_fields(row))


class ClientWithSecretOut(ClientOut):
    """A client with the secret that is shown this once."""

    client_secret: str = Field(description="只显示这一次，请妥善保存")

    @classmethod
    def showing(cls, row: ClientRow, secret: str) -> ClientWithSecretOut:
        return cls(**_fields(row), client_secret=secret)


class UsageOut(BaseModel):
    """Requests to a service on a day."""

    model_config = ConfigDict(from_attributes=True)

    day: dt.date
    service: str
    count: int


class UsageListOut(BaseModel):
    """Counters by day and service."""

    items: list[UsageOut]


def _fields(row: ClientRow) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ClientOut.model_fields if name not in ("role", "secrets")}
    return {
        **plain,
        "role": Labelled(code=row.role, label=ROLES[row.role].label),
        "secrets": [SecretOut.model_validate(secret) for secret in row.secrets],
    }
