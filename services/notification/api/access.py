"""Who may call what, and whose inbox it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import Depends

from chassis.auth import Actor, OutsideJurisdiction, guard
from chassis.db import Transaction
from services.notification.domain.errors import CommissionerNotFound, NoInbox
from services.notification.store import queries
from services.notification.store.repositories import Commissioners
from services.notification.store.tables import CommissionerRow

InboxReader = Annotated[Actor, Depends(guard("inbox:read", roles=["commissioner"]))]
CommissionersReader = Annotated[Actor, Depends(guard("commissioners:read", roles=["officer", "leader", "system"]))]
CommissionersWriter = Annotated[Actor, Depends(guard("commissioners:write", roles=["officer", "system"]))]


def inbox_owner(actor: Actor, tx: Transaction) -> CommissionerRow:
    """The commissioner that the caller's identity names."""
    row = Commissioners(tx).find_by_code(actor.commissioner) if actor.commissioner else None
    if row is None:
        raise NoInbox("您的账号没有对应的服务专员，请联系主管部门在“服务专员”中登记")
    return row


def require_areas(actor: Actor, areas: Iterable[str]) -> None:
    """A commissioner is managed by those who answer for every area served."""
    outside = [area for area in areas if not actor.answers_for(area)]
    if outside:
        raise OutsideJurisdiction(f"服务区域 {'、'.join(outside)} 不在您的管辖范围内，请由上级主管部门办理")


def visible_commissioner(actor: Actor, tx: Transaction, code: str) -> CommissionerRow:
    """The commissioner `code` if any of the areas served touches the caller's."""
    row = Commissioners(tx).get_by_code(code)
    if not queries.visible(row, actor.areas):
        raise CommissionerNotFound(f"没有编号为“{code}”的服务专员，请核对编号")
    return row
