"""What lists of enterprises are narrowed to: one set of parameters for the list, the search and the export."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Query

from chassis.auth import Actor
from services.registry.api.access import areas_of
from services.registry.api.parameters import PRINTABLE
from services.registry.store.queries import Filters

SizeFilter = Literal["large", "medium", "small", "micro", "unknown"]
StatusFilter = Literal["active", "suspended", "revoked", "annulled", "deregistered", "moved_out", "unknown"]
TitleCode = Literal[
    "innovative_sme",
    "tech_sme",
    "specialized_sme",
    "little_giant",
    "high_tech",
    "champion",
    "suzhou_specialized_sme",
    "suzhou_growing_micro",
    "suzhou_industry_giant",
    "qianjiang_tech_enterprise",
]
TierFilter = Literal["little_giant", "specialized_sme", "innovative_sme", "none"]
ListingFilter = Literal["unlisted", "regional", "neeq", "bse", "sse", "szse", "overseas", "unknown"]
FlagFilter = Literal["abnormal_operation", "serious_dishonesty", "stopped", "none"]
RevenueFilter = Literal["under_10m", "10m_20m", "20m_50m", "50m_100m", "100m_400m", "400m_up"]


def _narrowed(
    district: Annotated[str | None, Query(pattern=r"^\d{2,6}$", description="区划代码或其前几位")] = None,
    industry: Annotated[
        str | None, Query(pattern=r"^([A-Ta-t]|[A-Ta-t]?\d{2,4})$", description="行业门类、大类、中类或小类代码")
    ] = None,
    size: Annotated[SizeFilter | None, Query(description="企业规模")] = None,
    title: Annotated[TitleCode | None, Query(description="持有该称号（有效或复核中）")] = None,
    tier: Annotated[TierFilter | None, Query(description="优质中小企业梯度：持有的最高一层；none 为不在梯度内")] = None,
    status: Annotated[StatusFilter | None, Query(description="登记状态")] = None,
    listing: Annotated[ListingFilter | None, Query(description="上市挂牌情况")] = None,
    flag: Annotated[FlagFilter | None, Query(description="风险标记；none 为没有任何标记")] = None,
    park: Annotated[uuid.UUID | None, Query(description="所属园区（载体编号）")] = None,
    revenue: Annotated[
        RevenueFilter | None,
        Query(description="上一完整年度营业收入所在区间（元，含下限不含上限）；没有数据的不在其中"),
    ] = None,
    synthetic: Annotated[bool | None, Query(description="是否合成样例")] = None,
) -> Filters:
    return Filters(
        district=district,
        industry=industry,
        size=size,
        title=title,
        tier=tier,
        status=status,
        listing=listing,
        flag=flag,
        park=None if park is None else str(park),
        revenue=revenue,
        synthetic=synthetic,
    )


Narrowed = Annotated[Filters, Depends(_narrowed)]
"""All filters but the name; see `seen_by`."""


def _listed(
    narrowed: Narrowed,
    q: Annotated[
        str | None, Query(max_length=100, min_length=1, pattern=PRINTABLE, description="名称片段，或信用代码开头")
    ] = None,
) -> Filters:
    return replace(narrowed, q=q)


ListFilters = Annotated[Filters, Depends(_listed)]
"""The filters of a list, the fragment of a name among them; see `seen_by`."""


def seen_by(actor: Actor, filters: Filters) -> Filters:
    """The filters within what the caller may see: their areas, or their own enterprise."""
    return replace(filters, areas=areas_of(actor), own=actor.uscc)
