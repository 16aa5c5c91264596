"""Programmes (计划): which there are, what they say word for word, and the life of their versions."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from chassis import clock, etags
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.problems import refusals
from services.registry.api.access import areas_of
from services.registry.api.programme_access import (
    Compiled,
    ProgrammeReader,
    ProgrammeWriter,
    RequestProgrammeAdmission,
    in_use,
)
from services.registry.api.programme_render import programme_out, summary, task_out
from services.registry.api.programme_schemas import (
    LineId,
    ProgrammeId,
    ProgrammeNew,
    ProgrammeOut,
    ProgrammeSummary,
    TaskOut,
)
from services.registry.domain.programmes.errors import (
    ProgrammeKnownAlready,
    ProgrammeNotFound,
    ProgrammeOutsideJurisdiction,
    ProgrammeRefused,
    ProgrammeStateWrong,
    ProgrammeVersionNotFound,
    TaskNotFound,
)
from services.registry.domain.programmes.model import Task
from services.registry.store.programmes import Programmes
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.keep import (
    activate_programme,
    dismiss_programme_draft,
    keep_programme_draft,
    retire_programme,
)

router = APIRouter(prefix="/programmes", tags=["programmes"], route_class=Route)

State = Literal["draft", "active", "retired"]
PartCode = Literal["task", "safeguard", "body", "annex"]
DeadlineCode = Literal["dated", "yearly", "event", "none"]


@router.get("", response_model=Page[ProgrammeSummary])
def list_of_programmes(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Annotated[State, Query(description="使用中 active、草案 draft、已停用 retired")] = "active",
    programme: Annotated[ProgrammeId | None, Query(description="计划编号")] = None,
) -> Page[ProgrammeSummary]:
    """The programmes of the caller's areas; with `state` also drafts and earlier versions (计划一览)."""
    after = decode(cursor, (str, str))
    rows = Programmes(tx).list_page(
        programme_id=programme,
        state=state,
        areas=areas_of(actor),
        after=(after[0], after[1]) if after else None,
        limit=limit,
    )
    page = cut(rows, limit, lambda row: (row.programme_id, row.hash))
    known, today = reference(tx), clock.today()
    items = [summary(catalog.stored(row.hash, row.body, row.file), row, known, today) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.post(
    "",
    status_code=201,
    response_model=ProgrammeSummary,
    responses=refusals(ProgrammeRefused, ProgrammeKnownAlready, ProgrammeOutsideJurisdiction),
)
def post_programme(
    request: Request,
    response: Response,
    actor: ProgrammeWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    body: ProgrammeNew,
    catalog: Compiled,
) -> ProgrammeSummary:
    """Keep a draft: compiled, or refused with every problem by line; it serves nobody yet (新增或修订计划草案)."""
    row = keep_programme_draft(tx, catalog, body.source, body.file, RequestProgrammeAdmission(actor))
    response.headers["Location"] = f"{request.url.path}/{row.programme_id}/versions/{row.hash}"
    return summary(catalog.stored(row.hash, row.body, row.file), row, reference(tx), clock.today())


@router.get("/{programme_id}", response_model=ProgrammeOut, responses=refusals(ProgrammeNotFound))
def get_programme(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
) -> ProgrammeOut | Response:
    """The programme in use: document, period, what supervision it orders, units, conflicts with both sources (计划)."""
    programme = in_use(tx, catalog, actor, programme_id)
    row = Programmes(tx).active(programme_id)
    etag = etags.quoted(f"{row.hash[:32]}-{programme.over(clock.today())}")
    response.headers["ETag"] = etag
    found = etags.not_modified(request, etag)
    return found or programme_out(programme, row, reference(tx), clock.today())


@router.get(
    "/{programme_id}/versions/{sha256}/source",
    response_class=Response,
    responses={
        **refusals(ProgrammeNotFound, ProgrammeVersionNotFound, ProgrammeOutsideJurisdiction),
        200: {"content": {"application/yaml": {}}, "description": "the text"},
    },
)
def get_programme_source(actor: ProgrammeWriter, tx: ReadTx, programme_id: ProgrammeId, sha256: str) -> Response:
    """The text of one version, to be changed and sent back as a draft (计划原文数据)."""
    row = Programmes(tx).version(programme_id, sha256)
    RequestProgrammeAdmission(actor).to_programme(tuple(row.areas))
    return Response(row.body, media_type="application/yaml", headers={"ETag": etags.quoted(row.hash[:32])})


_LIFE = refusals(ProgrammeVersionNotFound, ProgrammeStateWrong, ProgrammeOutsideJurisdiction)


@router.post("/{programme_id}/versions/{sha256}/activate", response_model=ProgrammeSummary, responses=_LIFE)
def post_programme_activation(
    actor: ProgrammeWriter, tx: Tx, catalog: Compiled, programme_id: ProgrammeId, sha256: str
) -> ProgrammeSummary:
    """Put a draft in use in the place of the version that is; figures and reports stay (启用计划)."""
    row = activate_programme(tx, programme_id, sha256, RequestProgrammeAdmission(actor))
    return summary(catalog.stored(row.hash, row.body, row.file), row, reference(tx), clock.today())


@router.post("/{programme_id}/versions/{sha256}/retire", response_model=ProgrammeSummary, responses=_LIFE)
def post_programme_retirement(
    actor: ProgrammeWriter, tx: Tx, catalog: Compiled, programme_id: ProgrammeId, sha256: str
) -> ProgrammeSummary:
    """Take the version out of use (停用计划)."""
    row = retire_programme(tx, programme_id, sha256, RequestProgrammeAdmission(actor))
    return summary(catalog.stored(row.hash, row.body, row.file), row, reference(tx), clock.today())


@router.delete("/{programme_id}/versions/{sha256}", status_code=204, responses=_LIFE)
def delete_programme_draft(actor: ProgrammeWriter, tx: Tx, programme_id: ProgrammeId, sha256: str) -> None:
    """Delete a draft that never served; an upgrade does not bring it back (删除草案)."""
    dismiss_programme_draft(tx, programme_id, sha256, RequestProgrammeAdmission(actor))


@router.get("/{programme_id}/tasks", response_model=Page[TaskOut], responses=refusals(ProgrammeNotFound))
def list_of_programme_tasks(
    request: Request,
    response: Response,
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    limit: Limit = 50,
    cursor: Cursor = None,
    unit: Annotated[str | None, Query(max_length=100, description="责任单位，按文件中的名称或现用名称")] = None,
    role: Annotated[
        Literal["lead", "cooperating", "responsible"] | None, Query(description="该单位的角色，与 unit 同用")
    ] = None,
    part: Annotated[PartCode | None, Query(description="任务、保障措施、正文任务或附件分工")] = None,
    section: Annotated[str | None, Query(max_length=100, description="所在章节名称的片段")] = None,
    deadline: Annotated[DeadlineCode | None, Query(description="时限的种类")] = None,
) -> Page[TaskOut]:
    """The tasks in the document's own words and order, with the units in their roles (任务清单)."""
    programme = in_use(tx, catalog, actor, programme_id)
    names = {each.name for each in programme.units if unit in (each.name, each.now, each.written)}

    def wanted(task: Task) -> bool:
        held = {"lead": task.lead, "cooperating": task.cooperating, "responsible": (*task.responsible, *task.also)}
        units = task.units if role is None else held[role]
        return (
            (unit is None or bool(names.intersection(units)))
            and (part is None or task.part == part)
            and (section is None or section in task.section)
            and (deadline is None or task.deadline.kind == deadline)
        )

    found = [(place, task) for place, task in enumerate(programme.tasks) if wanted(task)]
    after = decode(cursor, (int,))
    found = found if after is None else [each for each in found if each[0] > after[0]]
    page = cut(found[: limit + 1], limit, lambda each: (each[0],))
    items = [task_out(programme, task) for _, task in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get(
    "/{programme_id}/tasks/{task_id}", response_model=TaskOut, responses=refusals(ProgrammeNotFound, TaskNotFound)
)
def get_programme_task(
    actor: ProgrammeReader, tx: ReadTx, catalog: Compiled, programme_id: ProgrammeId, task_id: LineId
) -> TaskOut:
    """One task (任务)."""
    programme = in_use(tx, catalog, actor, programme_id)
    task = programme.task(task_id)
    if task is None:
        raise TaskNotFound(f"计划中没有编号为 {task_id} 的任务，请在任务清单中核对")
    return task_out(programme, task)
