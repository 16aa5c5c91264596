"""Every event that eligibility reacts to. The whole list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts.events.base import Event
from contracts.events.registry import (
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    FactsRecorded,
    TitleCancelled,
    TitleRecorded,
    TitleRenewed,
)
from services.eligibility import handlers

SUBSCRIPTIONS: dict[type[Event], tuple[Callable[..., Any], ...]] = {
    EnterpriseRegistered: (handlers.remember_enterprise,),
    EnterpriseUpdated: (handlers.remember_enterprise,),
    EnterpriseMerged: (handlers.remember_enterprise,),
    EnterpriseSplit: (handlers.remember_enterprise,),
    FactsRecorded: (handlers.remember_facts,),
    TitleRecorded: (handlers.remember_title,),
    TitleRenewed: (handlers.remember_title,),
    TitleCancelled: (handlers.remember_title,),
}
