"""The parts of targets for areas and departments (目标分解) and the lists of a year (年度目标清单)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.problems import refusals
from services.registry.api.parameters import Line
from services.registry.api.programme_access import (
    Compiled,
    ProgrammeReader,
    ProgrammeWriter,
    RequestProgrammeAdmission,
    in_use,
)
from services.registry.api.programme_schemas import LineId, ProgrammeId
from services.registry.api.programme_target_render import plain
from services.registry.api.programme_target_schemas import Number
from services.registry.api.programme_targets import target_of
from services.registry.api.schemas import Coded, Wanted
from services.registry.domain.programmes.errors import (
    AssignmentRefused,
    ProgrammeNotFound,
    ProgrammeOutsideJurisdiction,
    TargetNotFound,
)
from services.registry.store.programme_ledger import Assignments
from services.registry.use_cases.programmes.decompose import Decomposition, assign, decomposition

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)

KindCode = Literal["area", "park", "unit"]
_ASSIGNED = {"area": "地区", "park": "园区", "unit": "单位"}


class PartNew(Wanted):
    """What one area, park or department answers for."""

    assignee: Line = Field(description="GB/T 2260 code of six digits, the id of a park, or the unit's name in the plan")
    value: Number


class DecompositionNew(Wanted):
    """The whole list of one year; it takes the place of the one that stands."""

    year: int = Field(ge=2000, le=2100)
    kind: KindCode
    document: Line
    parts: list[PartNew] = Field(max_length=500)


class PartOut(BaseModel):
    """One assignee; `attained` is counted in the register, null where that cannot be."""

    assignee: Coded
    value: str
    attained: int | None
    document: str


class DecompositionOut(BaseModel):
    """How the parts of a target stand to it."""

    target_id: str
    year: int
    kind: Literal["area", "unit"] = Field(description="area also where the assignees are parks: see assigned_to")
    assigned_to: Coded = Field(description="area | park | unit")
    parts: list[PartOut]
    wanted: str | None
    wanted_how: str
    assigned: str | None = Field(description="the sum; null where parts do not add up (shares, averages)")
    difference: str | None = Field(description="assigned minus wanted")
    standing: Coded = Field(description="exact | over | under | unknown")


class YearTargetOut(BaseModel):
    """One line of the yearly list (年度目标清单) of an area or a department."""

    year: int
    target_id: str
    label: str
    unit: str | None
    kind: Literal["area", "unit"] = Field(description="area also where the assignee is a park: see assigned_to")
    assigned_to: Coded = Field(description="area | park | unit")
    assignee: str
    value: str
    document: str


@router.put(
    "/targets/{target_id}/assignments",
    response_model=DecompositionOut,
    responses=refusals(ProgrammeNotFound, TargetNotFound, AssignmentRefused, ProgrammeOutsideJurisdiction),
)
def put_assignments(
    actor: ProgrammeWriter,
    tx: Tx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    target_id: LineId,
    body: DecompositionNew,
) -> DecompositionOut:
    """Divide a target among areas, parks or departments for a year; the answer says what is over or left (目标分解)."""
    programme = in_use(tx, catalog, actor, programme_id)
    RequestProgrammeAdmission(actor).to_programme(programme.areas)
    parts = {each.assignee: each.value for each in body.parts}
    if len(parts) != len(body.parts):
        raise AssignmentRefused("同一地区或单位在分解表中只能出现一次，请合并后重试")
    found = assign(
        tx,
        programme,
        target_of(programme, target_id),
        year=body.year,
        kind=body.kind,
        parts=parts,
        document=body.document,
    )
    return _decomposition(found)


@router.get(
    "/targets/{target_id}/assignments",
    response_model=DecompositionOut,
    responses=refusals(ProgrammeNotFound, TargetNotFound),
)
def get_assignments(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    target_id: LineId,
    year: Annotated[int, Query(ge=2000, le=2100)],
    kind: Annotated[KindCode, Query(description="按地区 area、按园区 park 或按单位 unit")] = "area",
) -> DecompositionOut:
    """The parts of a target in one year with what each has attained (目标分解)."""
    programme = in_use(tx, catalog, actor, programme_id)
    return _decomposition(decomposition(tx, programme, target_of(programme, target_id), year, kind))


@router.get("/assignments", response_model=list[YearTargetOut], responses=refusals(ProgrammeNotFound))
def list_of_assignments(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    year: Annotated[int, Query(ge=2000, le=2100)],
    assignee: Annotated[str | None, Query(max_length=100, description="区划代码、园区编号或单位名称")] = None,
) -> list[YearTargetOut]:
    """The list of one year, for one area or department or for all (年度目标清单)."""
    programme = in_use(tx, catalog, actor, programme_id)
    found = []
    for row in Assignments(tx).standing(programme.id, year=year, assignee=assignee):
        target = programme.target(row.target_id)
        if target is not None:
            found.append(
                YearTargetOut(
                    year=row.year,
                    target_id=row.target_id,
                    label=target.label,
                    unit=target.unit or None,
                    kind="unit" if row.kind == "unit" else "area",
                    assigned_to=Coded(code=row.kind, label=_ASSIGNED[row.kind]),
                    assignee=row.assignee,
                    value=plain(row.value) or "0",
                    document=row.document,
                )
            )
    return found


_STANDINGS = {"exact": "正好", "over": "多分", "under": "少分", "unknown": "不能比较"}


def _decomposition(found: Decomposition) -> DecompositionOut:
    if found.difference is None:
        standing = "unknown"
    else:
        standing = "exact" if not found.difference else ("over" if found.difference > 0 else "under")
    return DecompositionOut(
        target_id=found.target.id,
        year=found.year,
        kind="unit" if found.kind == "unit" else "area",
        assigned_to=Coded(code=found.kind, label=_ASSIGNED[found.kind]),
        parts=[
            PartOut(
                assignee=Coded(code=each.row.assignee, label=each.name),
                value=plain(each.row.value) or "0",
                attained=each.attained,
                document=each.row.document,
            )
            for each in found.parts
        ],
        wanted=plain(found.wanted),
        wanted_how=found.wanted_how,
        assigned=plain(found.assigned),
        difference=plain(found.difference),
        standing=Coded(code=standing, label=_STANDINGS[standing]),
    )
