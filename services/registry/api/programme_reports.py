"""The yearly development report of a programme as a Word file and as a web page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from chassis.dependencies import ReadTx
from chassis.http import Route
from chassis.problems import refusals
from services.registry.api.programme_access import Compiled, ProgrammeReader, in_use
from services.registry.api.programme_schemas import ProgrammeId
from services.registry.domain.programmes.errors import ProgrammeNotFound, ReportYearRefused
from services.registry.use_cases.programmes.report import yearly_report

router = APIRouter(prefix="/programmes/{programme_id}", tags=["programmes"], route_class=Route)

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PAGE = "text/html"


@router.get(
    "/report",
    response_class=Response,
    responses={
        200: {"content": {WORD: {}, PAGE: {}}, "description": "the report"},
        **refusals(ProgrammeNotFound, ReportYearRefused),
    },
)
def get_yearly_report(
    actor: ProgrammeReader,
    tx: ReadTx,
    catalog: Compiled,
    programme_id: ProgrammeId,
    year: Annotated[int, Query(ge=2000, le=2100, description="报告年度，在计划期内")],
    form: Annotated[Literal["docx", "html"], Query(description="Word 文件 docx 或网页 html")] = "docx",
) -> Response:
    """The report of one year with tables and charts, from the numbers of that day (年度发展报告)."""
    report = yearly_report(tx, in_use(tx, catalog, actor, programme_id), year)
    if form == "html":
        from services.registry.use_cases.programmes.render_page import render_page

        return Response(render_page(report), media_type=PAGE)
    from services.registry.use_cases.programmes.render_word import render_word  # loads python-docx: few are downloaded

    headers = {"Content-Disposition": f'attachment; filename="{programme_id}-{year}.docx"'}
    return Response(render_word(report), media_type=WORD, headers=headers)
