"""Who may do what: the guards of finance's routes, and whose consents an actor may touch."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.auth import EVERYWHERE, Actor, guard
from chassis.db import Transaction
from services.finance.domain.errors import ConsentEnterpriseUnknown, ConsentForAnother
from services.finance.store.repositories import Enterprises

ENTERPRISE = "enterprise"
OFFICIALS = ("officer", "leader", "platform", "system")
CONSENTERS = (ENTERPRISE, "officer", "system")

WhitelistReader = Annotated[Actor, Depends(guard("whitelist:read"))]
"""Titles are public (公告): whoever was given the scope sees all of them, a bank nothing else."""

EntriesReader = Annotated[Actor, Depends(guard("whitelist:read", roles=OFFICIALS))]
ConsentsReader = Annotated[Actor, Depends(guard("consents:read", roles=CONSENTERS))]
ConsentsWriter = Annotated[Actor, Depends(guard("consents:write", roles=CONSENTERS))]


def acts_for_itself(actor: Actor) -> bool:
    """Whether the actor is an enterprise's own client, and so bound to its own credit code."""
    return ENTERPRISE in actor.roles


def require_standing(tx: Transaction, actor: Actor, uscc: str) -> None:
    """Refuse unless the enterprise is known and is the actor's own, or lies in the official's areas."""
    if acts_for_itself(actor) and actor.uscc != uscc:
        raise ConsentForAnother("只能办理本企业的授权，请核对统一社会信用代码")
    enterprise = Enterprises(tx).find(uscc)
    if enterprise is None:
        raise ConsentEnterpriseUnknown("没有这家企业的登记信息，请核对统一社会信用代码；刚登记的企业请稍后再试")
    if not acts_for_itself(actor):
        actor.require_area(enterprise.district_code)


def areas_of(actor: Actor) -> tuple[str, ...] | None:
    """The areas to filter by; null when the actor may see everywhere."""
    return None if EVERYWHERE in actor.areas or acts_for_itself(actor) else actor.areas
