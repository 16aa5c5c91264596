"""Every event that finance reacts to."""

from __future__ import annotations

from chassis.bus import Subscriptions
from contracts.events.registry import (
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    TitleCancelled,
    TitleRecorded,
    TitleRenewed,
)
from services.finance import handlers

SUBSCRIPTIONS: Subscriptions = {
    EnterpriseRegistered: (handlers.keep_enterprise,),
    EnterpriseUpdated: (handlers.keep_enterprise,),
    EnterpriseMerged: (handlers.keep_enterprise,),
    EnterpriseSplit: (handlers.keep_enterprise,),
    TitleRecorded: (handlers.list_title,),
    TitleRenewed: (handlers.list_title,),
    TitleCancelled: (handlers.delist_title,),
}
