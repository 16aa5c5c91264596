"""Every event that notification reacts to."""

from __future__ import annotations

from chassis.bus import Subscriptions
from contracts.events.eligibility import AssessmentChanged, FindingRequested
from contracts.events.finance import WhitelistChanged
from contracts.events.registry import (
    EnterpriseMerged,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    TitleExpiring,
    TitleRecorded,
    TitleRenewed,
)
from services.notification.handlers import (
    cover_enterprise,
    let_go_of_divided,
    let_go_of_merged,
    tell_eligible,
    tell_finding_requested,
    tell_title_expiring,
    tell_title_recorded,
    tell_whitelisted,
)

SUBSCRIPTIONS: Subscriptions = {
    EnterpriseRegistered: (cover_enterprise,),
    EnterpriseUpdated: (cover_enterprise,),
    EnterpriseMerged: (let_go_of_merged,),
    EnterpriseSplit: (let_go_of_divided,),
    TitleRecorded: (cover_enterprise, tell_title_recorded),
    TitleRenewed: (cover_enterprise, tell_title_recorded),
    TitleExpiring: (cover_enterprise, tell_title_expiring),
    AssessmentChanged: (tell_eligible,),
    FindingRequested: (tell_finding_requested,),
    WhitelistChanged: (tell_whitelisted,),
}
