"""Every event that crosses a service boundary, by its wire name."""

from __future__ import annotations

from contracts.events.base import Event
from contracts.events.eligibility import (
    AssessmentChanged,
    AssessmentEnded,
    FindingRequested,
    FlipListReady,
    NearMiss,
    PackActivated,
    PackRetired,
    PackScheduled,
    PackScheduleWithdrawn,
)
from contracts.events.finance import ConsentChanged, WhitelistChanged
from contracts.events.notification import AssignmentChanged
from contracts.events.registry import (
    EnterpriseMerged,
    EnterpriseMoved,
    EnterpriseRegistered,
    EnterpriseSplit,
    EnterpriseUpdated,
    FactsRecorded,
    PoolEntered,
    PoolLeft,
    TargetAtRisk,
    TaskOverdue,
    TitleCancelled,
    TitleExpiring,
    TitleRecorded,
    TitleRenewed,
)

ALL: dict[str, type[Event]] = {
    event.type: event
    for event in (
        EnterpriseRegistered,
        EnterpriseUpdated,
        EnterpriseMoved,
        EnterpriseMerged,
        EnterpriseSplit,
        FactsRecorded,
        TitleRecorded,
        TitleRenewed,
        TitleExpiring,
        TitleCancelled,
        TaskOverdue,
        TargetAtRisk,
        PoolEntered,
        PoolLeft,
        AssessmentChanged,
        NearMiss,
        AssessmentEnded,
        FindingRequested,
        FlipListReady,
        PackScheduled,
        PackActivated,
        PackScheduleWithdrawn,
        PackRetired,
        WhitelistChanged,
        ConsentChanged,
        AssignmentChanged,
    )
}
