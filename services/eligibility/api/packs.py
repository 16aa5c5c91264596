"""Routes of policy packs: which rules are in use, and their text."""

from __future__ import annotations

from typing import cast

from fastapi import APIRouter, Request, Response

from chassis import etags
from chassis.dependencies import ReadTx
from chassis.problems import refusals
from services.eligibility.api import rendering
from services.eligibility.api.access import AssessmentReader
from services.eligibility.api.schemas import PackOut
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import PackNotFound
from services.eligibility.store.repositories import Packs

router = APIRouter(prefix="/packs", tags=["packs"])


@router.get("", response_model=list[PackOut])
def get_packs(actor: AssessmentReader, tx: ReadTx, request: Request) -> list[PackOut]:
    """List the versions of policy packs (规则包), active ones and drafts."""
    catalog = cast(Catalog, request.app.state.catalog)
    return [
        rendering.pack(catalog.compile(StoredPack(row.hash, row.file, row.body)), row.state)
        for row in Packs(tx).list_all()
    ]


@router.get(
    "/{sha256}/source",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}}}, **refusals(PackNotFound)},
)
def get_pack_source(actor: AssessmentReader, tx: ReadTx, request: Request, sha256: str) -> Response:
    """Read the text of one version of a pack, as YAML."""
    row = Packs(tx).get(sha256)
    etag = etags.quoted(row.hash)
    return etags.not_modified(request, etag) or Response(
        row.body, media_type="application/yaml", headers={"ETag": etag}
    )
