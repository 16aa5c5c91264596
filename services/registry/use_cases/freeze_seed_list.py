"""Freezes the yearly seed list (种子企业名单) of an area: who was in the pool on that day, with a hash."""

from __future__ import annotations

from sqlalchemy import func, select

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.errors import PoolInvalid, SeedListFrozen
from services.registry.domain.pool import PoolRules, content_hash
from services.registry.store.pool import PoolEntries, SeedLists
from services.registry.store.pool_tables import SeedListRow
from services.registry.store.reference import reference


def freeze_seed_list(
    tx: Transaction,
    *,
    year: int,
    area: str,
    pool: str,
    tiers: tuple[str, ...],
    name: str,
    document: str | None,
    rules: PoolRules,
    may: Admission,
) -> SeedListRow:
    """Freeze the members of the given tiers (none given: all). The list of a year, area and pool is frozen once."""
    may.to_area(area)
    today = clock.today()
    known = rules.pools.get(pool)
    if known is None:
        expected = "、".join(f"{code}（{each.label}）" for code, each in rules.pools.items())
        raise _invalid("pool", "没有这个培育库", "pool-unknown", pool, expected)
    if unknown := [tier for tier in tiers if tier not in known.tiers]:
        raise _invalid("tiers", f"{known.label}没有这个梯次", "tier-unknown", unknown[0], "、".join(known.tiers))
    if not today.year - 1 <= year <= today.year + 1:
        expected = f"{today.year - 1} 至 {today.year + 1}"
        raise _invalid("year", "名单按今天的库冻结，年度应为去年、今年或明年", "year-impossible", str(year), expected)
    places = reference(tx).places
    if places.name_of(area) is None:
        raise _invalid("area", "不是国标区划代码", "district-unknown", area, "6 位区划代码，如 341300")
    tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("registry-seed-lists", 7))))
    lists = SeedLists(tx)
    if frozen := lists.find(year, area, pool):
        message = f"{year} 年{known.label}的种子企业名单已于 {frozen.frozen_on} 冻结，不能重新生成"
        raise SeedListFrozen(message, list_id=str(frozen.id))
    members = [
        {
            "uscc": entry.uscc,
            "name": row.name,
            "district_code": row.district_code,
            "tier": entry.tier,
            "source_list": entry.source_list,
            "reason": entry.reason,
            "entered_on": entry.entered_on.isoformat(),
        }
        for entry, row in PoolEntries(tx).members(pool, area)
        if not tiers or entry.tier in tiers
    ]
    if not members:
        raise _invalid("area", "该地区的培育库中没有符合的企业，没有可冻结的名单", "list-empty", area, "至少一家企业")
    row = SeedListRow(
        id=ids.new_id(),
        year=year,
        area=area,
        pool=pool,
        name=name,
        document=document,
        count=len(members),
        sha256=content_hash(members),
        frozen_on=today,
        frozen_by=tx.context.actor,
        frozen_at=clock.now(),
    )
    lists.add(row, members)
    tx.audit("seed-list-frozen", str(row.id), {"year": year, "area": area, "count": row.count, "sha256": row.sha256})
    return row


def _invalid(field: str, message: str, code: str, found: str, expected: str) -> PoolInvalid:
    return PoolInvalid(message, problems=[FieldProblem(field, message, code, found, expected)])
