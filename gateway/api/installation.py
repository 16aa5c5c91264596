"""How far the installation has come, recorded by the installer."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from chassis.dependencies import ReadTx, Tx
from gateway.api.access import Administrator, Installer
from gateway.store.repositories import InstallationStates
from gateway.store.tables import InstallationStateRow
from gateway.use_cases.record_installation import record_installation

router = APIRouter(prefix="/installation", tags=["installation"])


class StateChange(BaseModel):
    """What to record."""

    model_config = ConfigDict(extra="forbid")

    value: dict[str, Any] = Field(description='for `sample`: {"loaded": true, …}')


class StateOut(BaseModel):
    """What is recorded under a key."""

    model_config = ConfigDict(from_attributes=True)

    key: str
    value: dict[str, Any]
    at: dt.datetime


class InstallationOut(BaseModel):
    """Everything recorded."""

    items: list[StateOut]


@router.put("/{key}", response_model=StateOut)
def put_installation_state(
    actor: Installer,
    tx: Tx,
    key: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,62}$", description="例如 sample")],
    change: StateChange,
) -> InstallationStateRow:
    """Record a piece of the installation's state. 记录安装进度，例如示例数据已导入。"""
    return record_installation(tx, key, change.value)


@router.get("", response_model=InstallationOut)
def read_installation(actor: Administrator, tx: ReadTx) -> InstallationOut:
    """Read what the installer has recorded. 查看安装进度。"""
    rows = InstallationStates(tx).list_all()
    return InstallationOut(items=[StateOut.model_validate(row) for row in rows])
