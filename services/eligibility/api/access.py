"""Who may do what: the guards of eligibility's routes, and whose enterprises a caller sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.auth import Actor, guard
from services.eligibility.domain.errors import EnterpriseNotKnown
from services.eligibility.store.tables import EnterpriseRow

READERS = ("officer", "platform", "commissioner", "enterprise", "leader", "system")
COHORT_READERS = ("officer", "platform", "commissioner", "leader", "system")
"""Who may see lists of enterprises that are near a title; an enterprise has its own plan."""
RUNNERS = ("officer", "platform", "system")

AssessmentReader = Annotated[Actor, Depends(guard("assessments:read", roles=READERS))]
AssessmentRunner = Annotated[Actor, Depends(guard("assessments:run", roles=RUNNERS))]
CohortReader = Annotated[Actor, Depends(guard("assessments:read", roles=COHORT_READERS))]


def require_visible(actor: Actor, enterprise: EnterpriseRow) -> None:
    """An enterprise sees itself, everybody else the enterprises of their areas."""
    if actor.uscc is not None:
        if actor.uscc != enterprise.uscc:
            raise EnterpriseNotKnown("您只能查看本企业的测算结果")
        return
    actor.require_area(enterprise.district_code)
