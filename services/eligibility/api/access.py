"""Who may do what: the guards of eligibility's routes."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.auth import Actor, guard

READERS = ("officer", "platform", "commissioner", "enterprise", "leader", "system")
COHORT_READERS = ("officer", "platform", "commissioner", "leader", "system")
"""Who may see lists of enterprises that are near a title; an enterprise has its own plan."""
RUNNERS = ("officer", "platform", "system")

AssessmentReader = Annotated[Actor, Depends(guard("assessments:read", roles=READERS))]
AssessmentRunner = Annotated[Actor, Depends(guard("assessments:run", roles=RUNNERS))]
CohortReader = Annotated[Actor, Depends(guard("assessments:read", roles=COHORT_READERS))]
