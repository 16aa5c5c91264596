"""Who may do what: the guards of eligibility's routes, and whose enterprises a caller sees."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from chassis.auth import EVERYWHERE, Actor, OutsideJurisdiction, guard
from services.eligibility.domain.errors import EnterpriseNotKnown
from services.eligibility.store.tables import EnterpriseRow

READERS = ("officer", "platform", "commissioner", "enterprise", "leader", "system")
COHORT_READERS = ("officer", "platform", "commissioner", "leader", "system")
"""Who may see lists of enterprises that are near a title; an enterprise has its own plan."""
KEEPERS = ("officer", "system")
"""Who may change the rules everybody is judged by, and try out others."""
RUNNERS = ("officer", "platform", "system")

AssessmentReader = Annotated[Actor, Depends(guard("assessments:read", roles=READERS))]
AssessmentRunner = Annotated[Actor, Depends(guard("assessments:run", roles=RUNNERS))]
PackKeeper = Annotated[Actor, Depends(guard("policies:write", roles=KEEPERS))]
CohortReader = Annotated[Actor, Depends(guard("assessments:read", roles=COHORT_READERS))]


def require_everywhere(actor: Actor) -> None:
    """Rules are for every enterprise of the installation: whoever looks after a part of it does not change them."""
    if EVERYWHERE not in actor.areas:
        raise OutsideJurisdiction("规则包对全部企业生效，只有管辖全部区域的工作人员可以改动；本辖区可以发起模拟")


def require_area_of(actor: Actor, district: str | None, what: str) -> None:
    """Work over enterprises of a district, or of everywhere when none is named, needs that jurisdiction."""
    if not actor.answers_for(district):
        raise OutsideJurisdiction(f"只能对本辖区的企业{what}，请在 district 中填写辖区内的区划代码")


def require_visible(actor: Actor, enterprise: EnterpriseRow) -> None:
    """An enterprise sees itself, everybody else the enterprises of their areas."""
    if actor.uscc is not None:
        if actor.uscc != enterprise.uscc:
            raise EnterpriseNotKnown("您只能查看本企业的测算结果")
        return
    actor.require_area(enterprise.district_code)
