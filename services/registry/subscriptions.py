"""Every event the registry reacts to."""

from __future__ import annotations

from chassis.bus import Subscriptions
from contracts.events.eligibility import AssessmentChanged, AssessmentEnded, NearMiss
from services.registry import handlers

SUBSCRIPTIONS: Subscriptions = {
    AssessmentChanged: (handlers.remember_verdict,),
    NearMiss: (handlers.remember_verdict,),
    AssessmentEnded: (handlers.forget_verdict,),
}
