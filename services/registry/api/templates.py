"""Templates of the spreadsheets that can be imported."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from chassis import etags
from chassis.http import Route
from chassis.problems import refusals
from services.registry.api.access import Reader
from services.registry.api.state import Known
from services.registry.domain.columns import KINDS
from services.registry.domain.errors import TemplateNotFound
from services.registry.use_cases.render_template import render_template

router = APIRouter(prefix="/templates", tags=["imports"], route_class=Route)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get(
    "/{kind}.xlsx",
    response_class=Response,
    responses={**refusals(TemplateNotFound), 200: {"content": {XLSX: {}}, "description": "the workbook"}},
)
def get_template(request: Request, actor: Reader, kind: str, knowledge: Known) -> Response:
    """A workbook to fill in, made from the facts dictionary: kind is enterprises, facts, titles or items (导入模板)."""
    if kind not in KINDS:
        raise TemplateNotFound(f"没有“{kind}”的模板，可下载：{'、'.join(KINDS)}")
    etag = etags.quoted(f"{kind}-{knowledge.dictionary_hash[:32]}")
    if (unchanged := etags.not_modified(request, etag)) is not None:
        return unchanged
    headers = {"ETag": etag, "Content-Disposition": f'attachment; filename="peiyu-{kind}.xlsx"'}
    return Response(render_template(kind, knowledge.dictionary), media_type=XLSX, headers=headers)
