"""The one-page profile of an enterprise as data, as a web page and as a Word file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from chassis.auth import OutsideJurisdiction
from chassis.dependencies import Tx
from chassis.http import Route
from chassis.problems import refusals
from services.registry.api.access import Reader, note_read, require_enterprise
from services.registry.api.parameters import PathUscc, Purpose
from services.registry.api.people import sees_people
from services.registry.api.programme_reports import PAGE, WORD
from services.registry.api.state import Profiling
from services.registry.domain.errors import EnterpriseDissolved, EnterpriseNotFound, OwnEnterpriseOnly, UsccInvalid
from services.registry.domain.programmes.report import Report
from services.registry.store.history import see_one_moment
from services.registry.store.repositories import Enterprises, require_open
from services.registry.use_cases.profile import profile

router = APIRouter(prefix="/enterprises/{uscc}", tags=["enterprises"], route_class=Route)


class ProfileTableOut(BaseModel):
    """A table of the profile."""

    columns: list[str]
    rows: list[list[str]]


class ProfileSectionOut(BaseModel):
    """A section of the profile."""

    heading: str
    paragraphs: list[str]
    tables: list[ProfileTableOut]


class ProfileOut(BaseModel):
    """The profile as it is printed; for figures to compute with, read the file."""

    title: str
    subtitle: str
    sections: list[ProfileSectionOut]
    basis: str


@router.get(
    "/profile",
    response_model=ProfileOut,
    responses={
        200: {"content": {WORD: {}, PAGE: {}}, "description": "the profile"},
        **refusals(EnterpriseNotFound, EnterpriseDissolved, OutsideJurisdiction, OwnEnterpriseOnly, UsccInvalid),
    },
)
def get_profile(
    request: Request,
    actor: Reader,
    tx: Tx,
    uscc: PathUscc,
    tools: Profiling,
    form: Annotated[
        Literal["json", "html", "docx"], Query(description="数据 json、网页 html 或 Word 文件 docx")
    ] = "json",
    purpose: Purpose = None,
) -> ProfileOut | Response:
    """One page on one enterprise, before a visit or a decision (企业画像); the reader stands in the file's log."""
    see_one_moment(tx)
    row = Enterprises(tx).get(uscc)
    require_enterprise(actor, uscc, row.district_code)
    require_open(row)
    whole = sees_people(actor, uscc)
    made = profile(tx, row, tools, whole=whole)
    for part in ("profile", *(("contacts",) if whole else ())):
        note_read(tx, actor, uscc, part, purpose=purpose)
    if form == "html":
        from services.registry.use_cases.programmes.render_page import render_page

        return Response(render_page(made), media_type=PAGE)
    if form == "docx":
        from services.registry.use_cases.programmes.render_word import UPRIGHT, render_word  # loads python-docx

        headers = {"Content-Disposition": f'attachment; filename="{uscc}.docx"'}
        return Response(render_word(made, UPRIGHT), media_type=WORD, headers=headers)
    return _out(made)


def _out(made: Report) -> ProfileOut:
    return ProfileOut(
        title=made.title,
        subtitle=made.subtitle,
        sections=[
            ProfileSectionOut(
                heading=section.heading,
                paragraphs=list(section.paragraphs),
                tables=[
                    ProfileTableOut(columns=list(table.columns), rows=[list(cells) for cells in table.rows])
                    for table in section.tables
                ],
            )
            for section in made.sections
        ],
        basis=made.basis,
    )
