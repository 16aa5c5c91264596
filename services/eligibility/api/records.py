"""Routes of what leaves the house with an assessment: the notice to the enterprise, and the signed record."""

from __future__ import annotations

import json
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from chassis import clock, etags
from chassis.auth import PUBLIC
from chassis.dependencies import ReadTx, Tx
from chassis.problems import refusals
from chassis.signing import canonical_bytes, digest
from services.eligibility.api import rendering
from services.eligibility.api.access import AssessmentReader
from services.eligibility.api.schemas import KeysOut, NoticeOut
from services.eligibility.api.state import Told, catalog_of, told_again
from services.eligibility.domain.errors import AssessmentNotFound
from services.eligibility.domain.notice import Notice, notice_of
from services.eligibility.domain.record import signed_bytes
from services.eligibility.store.repositories import RecordKeys
from services.eligibility.use_cases.issue_record import issue_record

router = APIRouter(tags=["records"])

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@router.get("/assessments/{assessment_id}/notice", response_model=NoticeOut, responses=refusals(AssessmentNotFound))
def get_notice(actor: AssessmentReader, tx: ReadTx, request: Request, assessment_id: uuid.UUID) -> NoticeOut:
    """Read the notice (告知书): positive, negative with reasons and clauses, or the list of missing material.

    不作为认定依据.
    """
    told = told_again(actor, tx, request, assessment_id)
    return rendering.notice(_notice(request, told), told.row)


@router.get(
    "/assessments/{assessment_id}/notice.docx",
    response_class=Response,
    responses={200: {"content": {WORD: {}}}, **refusals(AssessmentNotFound)},
)
def get_notice_file(
    actor: AssessmentReader,
    tx: ReadTx,
    request: Request,
    assessment_id: uuid.UUID,
    sender: Annotated[str | None, Query(max_length=60, description="发送单位，写在落款处")] = None,
) -> Response:
    """Download the notice (告知书) as a Word file, dated today."""
    from services.eligibility.use_cases.render_notice import render_notice  # loads python-docx: few are downloaded

    told = told_again(actor, tx, request, assessment_id)
    content = render_notice(_notice(request, told), sender, clock.today())
    headers = {"Content-Disposition": f'attachment; filename="notice-{assessment_id}.docx"'}
    return Response(content, media_type=WORD, headers=headers)


@router.get(
    "/assessments/{assessment_id}/record",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}, **refusals(AssessmentNotFound)},
)
def get_record(actor: AssessmentReader, tx: Tx, request: Request, assessment_id: uuid.UUID) -> Response:
    """Download the record of an assessment (测算留痕单): inputs, texts of the rules, result, hashes, signatures.

    `peiyu assessment verify FILE` replays it without a database. 不作为认定依据.
    """
    told = told_again(actor, tx, request, assessment_id)
    state = request.app.state
    record = issue_record(tx, told.row, told.enterprise, told.pack, told.found, state.sources, state.signers)
    etag = etags.quoted(digest(signed_bytes(record)))
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'attachment; filename="assessment-record-{assessment_id}.json"',
    }
    body = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
    return etags.not_modified(request, etag) or Response(body, media_type="application/json", headers=headers)


@router.get("/records/jwks.json", response_model=KeysOut, dependencies=[Depends(PUBLIC)])
def get_record_keys(tx: ReadTx, request: Request) -> Response:
    """Read the public keys that records are signed with (公钥), retired ones included."""
    published = {key["kid"]: key for key in RecordKeys(tx).list_all()}
    current = {signer.kid: signer.public for signer in request.app.state.signers}
    body = canonical_bytes({"keys": list((current | published).values())})
    etag = etags.quoted(digest(body))
    headers = {"ETag": etag, "Cache-Control": "public, max-age=300"}
    return etags.not_modified(request, etag) or Response(body, media_type="application/jwk-set+json", headers=headers)


def _notice(request: Request, told: Told) -> Notice:
    return notice_of(
        told.found,
        told.enterprise.name,
        told.enterprise.uscc,
        catalog_of(request).dictionary,
        request.app.state.wordings,
    )
