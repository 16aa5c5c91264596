"""Exports: a list of enterprises as xlsx or csv, written in the background."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from chassis import blobs, jobs
from chassis.auth import Actor
from chassis.dependencies import ReadTx, Tx
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.plumbing import JobProgressRow
from chassis.problems import refusals
from services.registry.api.access import Exporter, covers
from services.registry.api.filters import ListFilters
from services.registry.api.imports import ProgressOut
from services.registry.api.schemas import Coded
from services.registry.domain.errors import ExportNotFinished, ExportNotFound
from services.registry.domain.exports import FORMS
from services.registry.store.exports import Exports
from services.registry.store.search_tables import ExportRow
from services.registry.use_cases.export_list import export_list

router = APIRouter(prefix="/exports", tags=["exports"], route_class=Route)

STATES = {"queued": "排队中", "running": "处理中", "done": "已完成", "failed": "失败"}


class ExportOut(BaseModel):
    """One exported list and how far it is."""

    id: uuid.UUID
    form: str
    filters: dict[str, Any] = Field(description="the filters it was made with; those that were not given are absent")
    state: Coded = Field(description="queued, running, done, failed")
    progress: ProgressOut | None
    rows: int = Field(description="enterprises in the file")
    error: str | None
    created_by: str
    created_at: dt.datetime
    finished_at: dt.datetime | None


@router.post("", status_code=202, response_model=ExportOut)
def post_export(
    request: Request,
    response: Response,
    actor: Exporter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    filters: ListFilters,
    form: Annotated[Literal["xlsx", "csv"], Query(description="文件格式")] = "xlsx",
) -> ExportOut:
    """Write the list of the same filters into a file, in the background; kept for seven days (导出名单)."""
    row = export_list(tx, form, filters, areas=actor.areas)
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return _out(row, None)


@router.get("/{export_id}", response_model=ExportOut, responses=refusals(ExportNotFound))
def get_export(actor: Exporter, tx: ReadTx, export_id: uuid.UUID) -> ExportOut:
    """See how far an export is (导出进度)."""
    row = _visible(tx, actor, export_id)
    return _out(row, jobs.progress_of(tx, row.job_id))


@router.get(
    "/{export_id}/file",
    response_class=Response,
    responses={
        200: {"content": {each.partition(";")[0]: {} for each in FORMS.values()}},
        **refusals(ExportNotFound, ExportNotFinished),
    },
)
def get_export_file(actor: Exporter, tx: ReadTx, export_id: uuid.UUID) -> Response:
    """Download the file (下载导出文件)."""
    row = _visible(tx, actor, export_id)
    if row.sha256 is None:
        why = f"没有成功：{row.error}" if row.state == "failed" else "还没有完成，请稍后再下载"
        raise ExportNotFinished(f"这次导出{why}")
    headers = {"Content-Disposition": f'attachment; filename="enterprises-{export_id}.{row.form}"'}
    return Response(blobs.load(tx, row.sha256), media_type=FORMS[row.form], headers=headers)


def _visible(tx: ReadTx, actor: Actor, export_id: uuid.UUID) -> ExportRow:
    row = Exports(tx).get(export_id)
    if not covers(actor, row.areas):
        raise ExportNotFound("没有这次导出，或它不在您的管辖区域内，或文件已过保存期；请重新导出")
    return row


def _out(row: ExportRow, progress: JobProgressRow | None) -> ExportOut:
    state = "running" if row.state == "queued" and progress is not None else row.state
    return ExportOut(
        id=row.id,
        form=row.form,
        filters=row.filters,
        state=Coded(code=state, label=STATES[state]),
        progress=progress and ProgressOut(done=progress.done, total=progress.total, message=progress.message),
        rows=row.rows,
        error=row.error,
        created_by=row.created_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
