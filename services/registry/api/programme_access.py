"""Who may see and change programmes: guards, jurisdiction, and the programme in use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from chassis.auth import EVERYWHERE, Actor, guard
from chassis.db import Transaction
from services.registry.api.access import OFFICIALS
from services.registry.domain.programmes.access import covers, meets
from services.registry.domain.programmes.catalog import Catalog
from services.registry.domain.programmes.errors import ProgrammeNotFound, ProgrammeOutsideJurisdiction
from services.registry.domain.programmes.model import Programme
from services.registry.store.programmes import Programmes

ProgrammeReader = Annotated[
    Actor, Depends(guard("programmes:read", roles=(*OFFICIALS, "department", "leader", "platform")))
]
ProgrammeWriter = Annotated[Actor, Depends(guard("programmes:write", roles=OFFICIALS))]
TaskReporter = Annotated[Actor, Depends(guard("programmes:report", roles=(*OFFICIALS, "department")))]


@dataclass(frozen=True, slots=True)
class RequestProgrammeAdmission:
    """Answers for one caller: it may change a programme when it answers for all of its areas."""

    actor: Actor

    def to_programme(self, areas: tuple[str, ...]) -> None:
        if EVERYWHERE not in self.actor.areas and not covers(self.actor.areas, areas):
            wanted = "、".join(areas)
            raise ProgrammeOutsideJurisdiction(f"该计划的区域（{wanted}）不全在您的管辖区域内，只能查看")


def _catalog(request: Request) -> Catalog:
    return cast(Catalog, request.app.state.programmes)


Compiled = Annotated[Catalog, Depends(_catalog)]


def in_use(tx: Transaction, catalog: Catalog, actor: Actor, programme_id: str) -> Programme:
    """The programme in use; to a caller whose areas have nothing to do with it there is none."""
    row = Programmes(tx).active(programme_id)
    if EVERYWHERE not in actor.areas and not meets(actor.areas, row.areas):
        raise ProgrammeNotFound(f"没有使用中的计划“{programme_id}”，或它与您的管辖区域无关")
    return catalog.stored(row.hash, row.body, row.file)
