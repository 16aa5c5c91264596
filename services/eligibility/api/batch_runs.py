"""Routes of batch runs: assess everybody of an area again, and see how far that is."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis import keyset, pagination
from chassis.dependencies import ReadTx, Tx
from chassis.idempotency import Idempotent
from chassis.pagination import Cursor, Limit, Page
from chassis.problems import refusals
from services.eligibility.api.access import AssessmentRunner, require_area_of
from services.eligibility.api.codes import require_known
from services.eligibility.domain.errors import BatchRunNotFound
from services.eligibility.store.pending import BatchRuns
from services.eligibility.store.tables import BatchRunRow
from services.eligibility.use_cases.start_batch_run import start_batch_run

router = APIRouter(prefix="/batch-runs", tags=["batch runs"])


class BatchRunNew(BaseModel):
    """Whom to assess again."""

    model_config = ConfigDict(extra="forbid")

    district: str | None = Field(
        default=None, pattern=r"^\d{2,6}$", description="GB/T 2260 prefix in your areas; absent: everybody"
    )


class BatchRunOut(BaseModel):
    """A batch run (批量测算) and how far it is."""

    id: uuid.UUID
    district: str | None
    total: int = Field(description="enterprises marked at the start")
    done: int = Field(description="of these, assessed since")
    finished: bool
    reason: str | None = Field(
        default=None, description="why it began by itself: rules came into use or went; null: somebody asked"
    )
    requested_by: str
    requested_at: dt.datetime


@router.post("", response_model=BatchRunOut, status_code=202)
def post_batch_run(
    actor: AssessmentRunner,
    tx: Tx,
    wanted: BatchRunNew,
    request: Request,
    response: Response,
    _: Annotated[None, Idempotent] = None,
) -> BatchRunOut:
    """Assess every enterprise of an area again, in the background (批量测算).

    It goes on by itself after any interruption; only outcomes that became other ones are stored and announced.
    """
    require_area_of(actor, wanted.district, "发起批量测算")
    require_known(request, district=wanted.district)
    row = start_batch_run(tx, wanted.district)
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return _out(row, row.total)


@router.get("", response_model=Page[BatchRunOut])
def get_batch_runs(
    actor: AssessmentRunner,
    tx: ReadTx,
    request: Request,
    response: Response,
    limit: Limit = pagination.DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[BatchRunOut]:
    """List the batch runs, the newest first."""
    after = keyset.decode(cursor, (uuid.UUID,))
    runs = BatchRuns(tx)
    page = keyset.cut(runs.list_page(after[0] if after else None, limit), limit, lambda row: (row.id,))
    following = pagination.link_next(request, response, page.after)
    return Page(items=[_out(row, runs.waiting(row.id)) for row in page.rows], next_cursor=following)


@router.get("/{run_id}", response_model=BatchRunOut, responses=refusals(BatchRunNotFound))
def get_batch_run(actor: AssessmentRunner, tx: ReadTx, run_id: uuid.UUID) -> BatchRunOut:
    """See how far a batch run is."""
    runs = BatchRuns(tx)
    return _out(runs.get(run_id), runs.waiting(run_id))


def _out(row: BatchRunRow, waiting: int) -> BatchRunOut:
    return BatchRunOut(
        id=row.id,
        district=row.district,
        total=row.total,
        done=max(0, row.total - waiting),
        finished=waiting == 0,
        reason=row.reason,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
    )
