"""Search: enterprises by what is typed, the best matches first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from chassis.dependencies import ReadTx
from chassis.http import Route
from services.registry.api.access import Reader
from services.registry.api.filters import Narrowed, seen_by
from services.registry.api.parameters import PRINTABLE
from services.registry.api.render import enterprise_out
from services.registry.api.schemas import Coded, EnterpriseOut
from services.registry.store.queries import conditions, narrowing_of
from services.registry.store.reference import reference
from services.registry.store.search import MATCHES, search
from services.registry.store.search_index import waiting
from services.registry.store.tables import EnterpriseRow

router = APIRouter(prefix="/enterprises", tags=["enterprises"], route_class=Route)

MOST = 50


class HitOut(BaseModel):
    """An enterprise that was found, and how."""

    enterprise: EnterpriseOut
    match: Coded = Field(description="uscc, exact, prefix, fragment, pinyin, initials, fuzzy")
    part: str | None = Field(
        description="what of the name or code matched; null where nothing matches letter by letter"
    )


class SearchOut(BaseModel):
    """The best matches; there is no next page: type more, or filter the list."""

    items: list[HitOut]
    waiting: int = Field(description="changes that are not in the index yet; usually 0, after a large import not")


@router.get("/search", response_model=SearchOut)
def search_of_enterprises(
    actor: Reader,
    tx: ReadTx,
    narrowed: Narrowed,
    q: Annotated[
        str,
        Query(
            max_length=100,
            min_length=1,
            pattern=PRINTABLE,
            description="名称片段、拼音、拼音首字母或信用代码开头；写错个别字也能找到",
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=MOST, description="最多条数，1 到 50")] = 20,
) -> SearchOut:
    """Find enterprises by name, pinyin, initials or credit code within the caller's areas (搜索企业).

    Ordered by kind of match: code or full name, beginning, fragment, pinyin, initials, then what is merely alike;
    among equals by title held and size.
    """
    filters = seen_by(actor, narrowed)
    hits = search(tx, q, narrowing_of(filters), limit)
    # The index may be a moment behind: what an enterprise is, and who may see it, is read where it is kept.
    wanted = select(EnterpriseRow).where(EnterpriseRow.uscc.in_([hit.uscc for hit in hits]), *conditions(filters))
    rows = {row.uscc: row for row in tx.session.scalars(wanted)}
    known = reference(tx)
    items = [
        HitOut(
            enterprise=enterprise_out(rows[hit.uscc], known),
            match=Coded(code=hit.match, label=MATCHES[hit.match]),
            part=hit.part,
        )
        for hit in hits
        if hit.uscc in rows
    ]
    return SearchOut(items=items, waiting=waiting(tx))
