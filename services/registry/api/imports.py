"""Imports of spreadsheets: upload, progress, result, row errors."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from chassis import etags, jobs
from chassis.auth import Actor
from chassis.dependencies import ReadTx, Tx
from chassis.errors import FieldProblem
from chassis.http import Route
from chassis.idempotency import Idempotent
from chassis.keyset import CursorInvalid, cut, decode
from chassis.pagination import Cursor, Limit, Page, link_next
from chassis.plumbing import JobProgressRow
from chassis.problems import refusals
from services.registry.api.access import ImportReader, ImportWriter, covers
from services.registry.api.facts import SourceKind
from services.registry.api.schemas import Coded
from services.registry.api.state import Configured
from services.registry.domain.columns import KINDS
from services.registry.domain.errors import (
    FileHasMacros,
    FileNotReadable,
    FileTooLarge,
    ImportKindUnknown,
    ImportNotFound,
)
from services.registry.store.queries import list_problems
from services.registry.store.repositories import Imports
from services.registry.store.tables import ImportRow
from services.registry.use_cases.accept_import import Upload, accept_import

router = APIRouter(prefix="/imports", tags=["imports"], route_class=Route)

STATES = {"queued": "排队中", "running": "处理中", "done": "已完成", "refused": "未导入", "failed": "失败"}


class ImportForm(BaseModel):
    """The multipart form."""

    model_config = ConfigDict(extra="forbid")

    file: UploadFile
    kind: str = Field(
        description="enterprises 企业名单, facts 企业指标, titles 称号名单, items 认证项目名单", max_length=50
    )
    mode: Literal["all_or_nothing", "per_row"] = Field(
        default="all_or_nothing", description="all_or_nothing: 有错误则整份不导入; per_row: 只导入正确的行"
    )
    dry_run: bool = Field(default=False, description="true: 只校验，不写入")
    source: SourceKind = Field(default="import", description="where the facts of the file come from, unless a row says")


class ProgressOut(BaseModel):
    """How far a running import is; `total` is null until the file is read."""

    done: int
    total: int | None
    message: str | None


class CountsOut(BaseModel):
    """Rows of the file; each is counted once under created, updated, unchanged, rejected or withheld."""

    rows: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    withheld: int = Field(
        description="sound rows that were not written because the whole file was refused（无误但因整表拒绝而未写入）"
    )


class ImportOut(BaseModel):
    """One import and what became of it."""

    id: uuid.UUID
    kind: Coded
    mode: str
    dry_run: bool
    source: str
    file_name: str
    sha256: str
    size: int
    state: Coded = Field(description="queued, running, done, refused (nothing written: see the errors), failed")
    progress: ProgressOut | None
    counts: CountsOut
    errors: int = Field(description="errors found; the first 1000 are kept, see /imports/{id}/errors")
    warnings: int = Field(description="remarks on rows that were taken")
    error: str | None = Field(description="why the import failed")
    created_by: str
    created_at: dt.datetime
    finished_at: dt.datetime | None


class ImportProblemOut(BaseModel):
    """One row error or remark; `row` is the number that Excel shows."""

    sheet: str | None
    row: int | None
    column: str | None = Field(description="the header as the file writes it")
    found: str | None
    code: str
    message: str
    expected: str | None


@router.post(
    "",
    status_code=202,
    response_model=ImportOut,
    responses=refusals(ImportKindUnknown, FileNotReadable, FileHasMacros, FileTooLarge),
)
def post_import(
    request: Request,
    response: Response,
    actor: ImportWriter,
    tx: Tx,
    _: Annotated[None, Idempotent],
    form: Annotated[ImportForm, Form(media_type="multipart/form-data")],
    settings: Configured,
) -> ImportOut:
    """Upload an xlsx or csv file; it is imported in the background (导入)."""
    if form.kind not in KINDS:
        expected = "、".join(f"{kind}（{label}）" for kind, label in KINDS.items())
        problem = FieldProblem("kind", f"没有“{form.kind}”这种导入", "import-kind-unknown", form.kind, expected)
        raise ImportKindUnknown(f"导入种类应为：{expected}", problems=[problem])
    if (form.file.size or 0) > settings.import_max_bytes:
        limit = settings.import_max_bytes
        raise FileTooLarge(f"文件超过 {limit // (1 << 20)} MiB，请拆分后分次导入", limit_bytes=limit)
    upload = Upload(
        content=form.file.file.read(),
        file_name=_printable(form.file.filename),
        kind=form.kind,
        mode=form.mode,
        dry_run=form.dry_run,
        source=form.source,
    )
    row = accept_import(
        tx,
        upload,
        areas=actor.areas,
        max_bytes=settings.import_max_bytes,
        max_unpacked_bytes=settings.import_max_unpacked_bytes,
    )
    response.headers["Location"] = f"{request.url.path}/{row.id}"
    return _out(row, None)


@router.get("", response_model=Page[ImportOut])
def list_of_imports(
    request: Request, response: Response, actor: ImportReader, tx: ReadTx, limit: Limit = 50, cursor: Cursor = None
) -> Page[ImportOut]:
    """Imports made for the caller's areas, the newest first."""
    given = decode(cursor, (str, str))
    after = _position(given) if given else None
    rows = Imports(tx).list_page(actor.areas, after, limit)
    page = cut(rows, limit, lambda row: (row.created_at.isoformat(), str(row.id)))
    items = [_out(row, jobs.progress_of(tx, row.job_id)) for row in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


@router.get("/{import_id}", response_model=ImportOut, responses=refusals(ImportNotFound))
def get_import(
    request: Request, response: Response, actor: ImportReader, tx: ReadTx, import_id: uuid.UUID
) -> ImportOut | Response:
    """One import: state, progress, counts (导入结果)."""
    row = _visible(tx, actor, import_id)
    answer = _out(row, jobs.progress_of(tx, row.job_id))
    etag = etags.quoted(hashlib.sha256(answer.model_dump_json().encode()).hexdigest()[:32])
    response.headers["ETag"] = etag
    return etags.not_modified(request, etag) or answer


@router.get("/{import_id}/errors", response_model=Page[ImportProblemOut], responses=refusals(ImportNotFound))
def list_of_import_errors(
    request: Request,
    response: Response,
    actor: ImportReader,
    tx: ReadTx,
    import_id: uuid.UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
    severity: Annotated[Literal["error", "warning"], Query(description="error 错误, warning 提示")] = "error",
) -> Page[ImportProblemOut]:
    """The errors (or remarks) of an import in the order of the file's rows (逐行错误)."""
    row = _visible(tx, actor, import_id)
    after = decode(cursor, (int,))
    found = list_problems(tx, row.id, severity, after[0] if after else 0, limit)
    page = cut(found, limit, lambda each: (each.position,))
    items = [ImportProblemOut.model_validate(each, from_attributes=True) for each in page.rows]
    return Page(items=items, next_cursor=link_next(request, response, page.after))


def _visible(tx: ReadTx, actor: Actor, import_id: uuid.UUID) -> ImportRow:
    row = Imports(tx).get(import_id)
    if not covers(actor, row.areas):
        raise ImportNotFound("没有这次导入，或它不在您的管辖区域内")
    return row


def _position(given: tuple[str, str]) -> tuple[dt.datetime, uuid.UUID]:
    try:
        return dt.datetime.fromisoformat(given[0]), uuid.UUID(given[1])
    except ValueError as error:
        raise CursorInvalid("游标无效，请去掉 cursor 参数从第一页重新开始") from error


def _printable(name: str | None) -> str:
    return "".join(character for character in (name or "") if character.isprintable())[:200] or "（未命名）"


def _out(row: ImportRow, progress: JobProgressRow | None) -> ImportOut:
    state = "running" if row.state == "queued" and progress is not None else row.state
    return ImportOut(
        id=row.id,
        kind=Coded(code=row.kind, label=KINDS[row.kind]),
        mode=row.mode,
        dry_run=row.dry_run,
        source=row.source,
        file_name=row.file_name,
        sha256=row.sha256,
        size=row.size,
        state=Coded(code=state, label=STATES[state]),
        progress=progress and ProgressOut(done=progress.done, total=progress.total, message=progress.message),
        counts=_counts(row),
        errors=row.problems or 0,
        warnings=row.remarks or 0,
        error=row.error,
        created_by=row.created_by,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def _counts(row: ImportRow) -> CountsOut:
    counted = {name: getattr(row, name) or 0 for name in ("created", "updated", "unchanged", "rejected")}
    rows = row.rows or 0
    return CountsOut(rows=rows, **counted, withheld=rows - sum(counted.values()) if row.state == "refused" else 0)
