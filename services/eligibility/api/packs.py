"""Routes of policy packs: which rules there are, their text, and their life from draft to retirement."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from chassis import etags, keyset, logging, pagination
from chassis.auth import Actor
from chassis.dependencies import ReadTx, Tx
from chassis.errors import FieldProblem
from chassis.idempotency import Idempotent
from chassis.pagination import Cursor, Limit
from chassis.problems import refusals
from rulebook.outline import outline
from rulebook.pack import Pack
from rulebook.pack_differences import pack_differences
from rulebook.source import SourceInvalid
from services.eligibility.api import rendering, rendering_packs
from services.eligibility.api.access import AssessmentReader, PackKeeper, require_everywhere
from services.eligibility.api.codes import require_known
from services.eligibility.api.schemas import PackOut
from services.eligibility.api.schemas_packs import (
    TEXT_LIMIT,
    CasesNew,
    CasesReport,
    OutlineLineOut,
    PackDetail,
    PackDifferenceOut,
    PackNew,
    ScheduleNew,
)
from services.eligibility.api.state import catalog_of
from services.eligibility.domain.catalog import StoredPack
from services.eligibility.domain.errors import (
    ActivationDayPast,
    ActivationTooEarly,
    CasesDropped,
    FilterInvalid,
    PackContradicts,
    PackInUse,
    PackKnownAlready,
    PackNotFound,
    PackRefused,
    PackStateWrong,
    SimulationRequired,
)
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.check_pack import check_pack
from services.eligibility.use_cases.find_contradictions import find_conflicts
from services.eligibility.use_cases.keep_draft import keep_draft, refused, replace_cases
from services.eligibility.use_cases.retire_pack import delete_pack, retire_pack
from services.eligibility.use_cases.schedule_pack import schedule_pack, unschedule_pack

router = APIRouter(prefix="/packs", tags=["packs"])

State = Literal["draft", "tested", "scheduled", "active", "retired"]
YAML = ("application/yaml", "application/x-yaml", "text/yaml")


async def submitted(request: Request) -> PackNew:
    """The draft in the body: JSON with `source` and `cases`, or the pack alone as YAML."""
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type in YAML:
            return PackNew(source=body.decode("utf-8-sig"))
        return PackNew.model_validate_json(body)
    except UnicodeDecodeError:
        raise RequestValidationError(
            [{"type": "not_utf8", "loc": ("body",), "msg": "规则包应为 UTF-8 文本，请另存后重新提交", "input": ""}]
        ) from None
    except ValidationError as error:
        found: list[Any] = error.errors(include_url=False)
        raise RequestValidationError([each | {"loc": ("body", *each["loc"])} for each in found]) from None


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": PackNew.model_json_schema()},
            "application/yaml": {"schema": {"type": "string", "maxLength": TEXT_LIMIT, "description": "the pack"}},
        },
    }
}


@router.get("", response_model=list[PackOut])
def get_packs(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    response: Response,
    title: str | None = Query(default=None, description="称号代码"),
    pack_id: str | None = Query(default=None, description="规则包编号"),
    state: State | None = Query(default=None, description="draft、tested、scheduled、active 或 retired"),
    limit: Limit = pagination.MAX_LIMIT,
    cursor: Cursor = None,
) -> list[PackOut]:
    """List the versions of policy packs (规则包) by their ids; `Link: rel="next"` leads on where there are more.

    A draft that an older release stored and this one cannot read is left out; its text is at `/source`.
    """
    require_known(request, title=title)
    after = keyset.decode(cursor, (str, str))
    packs, published = Packs(tx), actor.uscc is not None
    if pack_id is not None and pack_id not in (known := packs.list_ids(published=published)):
        expected = f"以下之一：{'、'.join(known)}"
        message = f"没有这个编号的规则包，现为“{pack_id[:60]}”，应为{expected}"
        problem = FieldProblem("pack_id", message, "pack-unknown", pack_id[:60], expected)
        raise FilterInvalid("筛选条件有误，请按 errors 中的说明修改后重试", problems=[problem])
    rows = packs.list_page(
        title=title,
        pack_id=pack_id,
        state=state,
        published=published,
        after=(after[0], after[1]) if after else None,
        limit=limit,
    )
    page = keyset.cut(rows, limit, lambda row: (row.pack_id, row.hash))
    pagination.link_next(request, response, page.after)
    readable = [(row, pack) for row in page.rows if (pack := _readable(request, row)) is not None]
    return [rendering.pack(pack, row.state) for row, pack in readable]


@router.post(
    "",
    response_model=PackDetail,
    status_code=201,
    responses=refusals(PackRefused, PackKnownAlready),
    openapi_extra=_BODY,
)
def post_pack(
    actor: PackKeeper,
    tx: Tx,
    request: Request,
    response: Response,
    wanted: Annotated[PackNew, Depends(submitted)],
    _: Annotated[None, Idempotent] = None,
) -> PackDetail:
    """Store a draft (草案). It is compiled and refused with every problem by line; it serves nobody yet."""
    require_everywhere(actor)
    row = keep_draft(tx, catalog_of(request), wanted.source, wanted.cases, wanted.file)
    response.headers["Location"] = f"{request.url.path}/{row.hash}"
    return _detail(request, tx, row)


@router.get("/{sha256}", response_model=PackDetail, responses=refusals(PackNotFound))
def get_pack(actor: AssessmentReader, tx: ReadTx, request: Request, sha256: str) -> PackDetail:
    """Read one version with its life: state, who and when, its cases' report, the application dates it serves."""
    return _detail(request, tx, _visible(actor, tx, sha256))


@router.get(
    "/{sha256}/source",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}}}, **refusals(PackNotFound)},
)
def get_pack_source(actor: AssessmentReader, tx: ReadTx, request: Request, sha256: str) -> Response:
    """Read the text of one version of a pack, as YAML."""
    row = _visible(actor, tx, sha256)
    etag = etags.quoted(row.hash)
    return etags.not_modified(request, etag) or Response(
        row.body, media_type="application/yaml", headers={"ETag": etag}
    )


@router.get("/{sha256}/outline", response_model=list[OutlineLineOut], responses=refusals(PackNotFound))
def get_pack_outline(actor: AssessmentReader, tx: ReadTx, request: Request, sha256: str) -> list[OutlineLineOut]:
    """Read one version as an outline in Chinese, each line with its clause (提纲)."""
    row = _visible(actor, tx, sha256)
    return [OutlineLineOut(**line._asdict()) for line in outline(_compiled(request, row))]


@router.get("/{sha256}/differences", response_model=list[PackDifferenceOut], responses=refusals(PackNotFound))
def get_pack_differences(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    sha256: str,
    base: Annotated[str, Query(pattern=r"^[0-9a-f]{64}$", description="the version to compare with")],
) -> list[PackDifferenceOut]:
    """Compare with another version (比较): thresholds, points, bands and windows that differ, by id, with clause."""
    old, new = (_compiled(request, _visible(actor, tx, each)) for each in (base, sha256))
    return [PackDifferenceOut(**each._asdict()) for each in pack_differences(old, new)]


@router.put("/{sha256}/cases", response_model=PackDetail, responses=refusals(PackNotFound, PackRefused, PackStateWrong))
def put_pack_cases(actor: PackKeeper, tx: Tx, request: Request, sha256: str, wanted: CasesNew) -> PackDetail:
    """Give a draft its cases (案例), or other ones; it is untested then."""
    require_everywhere(actor)
    return _detail(request, tx, replace_cases(tx, catalog_of(request), sha256, wanted.cases))


@router.post("/{sha256}/tests", response_model=CasesReport, responses=refusals(PackNotFound, PackRefused))
def post_pack_tests(actor: PackKeeper, tx: Tx, request: Request, sha256: str) -> CasesReport:
    """Run the pack's own cases (跑案例): a draft that passes is tested, a tested one that does not is a draft again."""
    require_everywhere(actor)
    found = rendering_packs.report(check_pack(tx, catalog_of(request), sha256))
    assert found is not None  # as check_pack wrote it
    return found


@router.post(
    "/{sha256}/schedule",
    response_model=PackDetail,
    responses=refusals(
        PackNotFound,
        PackStateWrong,
        ActivationDayPast,
        ActivationTooEarly,
        CasesDropped,
        PackContradicts,
        SimulationRequired,
    ),
)
def post_pack_schedule(actor: PackKeeper, tx: Tx, request: Request, sha256: str, wanted: ScheduleNew) -> PackDetail:
    """Schedule a tested pack (排期). It needs a finished simulation of everybody against what is in use: who gains and
    who loses is announced before the rules change."""
    require_everywhere(actor)
    row = schedule_pack(
        tx,
        catalog_of(request),
        request.app.state.sizes,
        sha256,
        wanted.activates_on,
        without_cases=wanted.without_cases,
        fresh=dt.timedelta(days=request.app.state.settings.simulation_days),
    )
    return _detail(request, tx, row)


@router.delete("/{sha256}/schedule", response_model=PackDetail, responses=refusals(PackNotFound, PackStateWrong))
def delete_pack_schedule(actor: PackKeeper, tx: Tx, request: Request, sha256: str) -> PackDetail:
    """Take a schedule back (撤销排期); the pack stays tested."""
    require_everywhere(actor)
    return _detail(request, tx, unschedule_pack(tx, sha256))


@router.post("/{sha256}/retire", response_model=PackDetail, responses=refusals(PackNotFound, PackStateWrong))
def post_pack_retirement(actor: PackKeeper, tx: Tx, request: Request, sha256: str) -> PackDetail:
    """Take a pack out of use without another in its place (停用). Applications of earlier days keep their answer."""
    require_everywhere(actor)
    return _detail(request, tx, retire_pack(tx, catalog_of(request), sha256))


@router.delete("/{sha256}", status_code=204, response_class=Response, responses=refusals(PackNotFound, PackInUse))
def delete_pack_version(actor: PackKeeper, tx: Tx, sha256: str) -> Response:
    """Delete a version that never served (删除草案). One that serves or served is refused with the reason."""
    require_everywhere(actor)
    delete_pack(tx, sha256)
    return Response(status_code=204)


def _visible(actor: Actor, tx: ReadTx, sha256: str) -> PackRow:
    row = Packs(tx).get(sha256)
    if actor.uscc is not None and row.activated_at is None:  # a draft is nobody's rule yet
        raise PackNotFound("没有这个版本的规则包，请核对编号")
    return row


def _compiled(request: Request, row: PackRow) -> Pack:
    """Raises PackRefused for a version that an older release stored and this one's stricter loader does not take."""
    try:
        return catalog_of(request).compile(StoredPack(row.hash, row.file, row.body))
    except SourceInvalid as invalid:
        raise refused(f"规则包 {row.pack_id}（{row.hash[:12]}）", "source", invalid) from None


def _readable(request: Request, row: PackRow) -> Pack | None:
    try:
        return _compiled(request, row)
    except PackRefused as refusal:
        logging.get(__name__).error("stored pack cannot be read", pack=row.pack_id, hash=row.hash, reason=str(refusal))
        return None


def _detail(request: Request, tx: ReadTx, row: PackRow) -> PackDetail:
    tx.flush()
    pack = _compiled(request, row)
    conflicts = find_conflicts(tx, catalog_of(request), row, pack)
    return rendering_packs.detail(row, pack, Packs(tx).list_serving(), conflicts)
