"""What a change would bring about, told before anybody decides it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.change_requests import wanted_values
from services.registry.domain.life_cycle import add_months
from services.registry.domain.standing import SIZES
from services.registry.domain.titles import HELD, TITLES
from services.registry.store.pool import PoolEntries
from services.registry.store.repositories import Facts, Titles
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.apply_change import Tools

ENDING = ("revoked", "annulled", "deregistered")
_REPORTED = ("name", "district_code")
"""Fields whose change the documents count as a 重大变化."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """One thing that follows; `code` is stable, `text` for the person who decides."""

    code: str
    text: str


def consequences(
    tx: Transaction,
    row: EnterpriseRow,
    wanted: Mapping[str, Any],
    tools: Tools,
    *,
    act: str | None = None,
    effective_on: dt.date | None = None,
) -> list[Consequence]:
    """What follows from these fields (as requests keep them), or from an act, in the order of weight."""
    values = wanted_values(wanted)
    held = [record for record in Titles(tx).list_of(row.uscc) if record.state in HELD]
    found: list[Consequence] = []
    listed = "、".join(sorted({TITLES[record.title] for record in held}))
    if "name" in values:
        found.append(Consequence("former-name-kept", f"“{row.name}”转为曾用名，按旧名的名单仍能对上"))
        if held:
            found.append(Consequence("whitelist-renamed", f"白名单中的“{listed}”改用新名称，银行收到变更"))
    if "district_code" in values:
        found += _of_move(tx, row, bool(held))
    if "industry_code" in values:
        size = tools.knowledge.size(values["industry_code"], Facts(tx).periods(row.uscc))
        if size.size_class != row.size_class:
            before, after = (SIZES.get(each or "", "无法划型") for each in (row.size_class, size.size_class))
            found.append(Consequence("size-class-changes", f"企业规模由{before}变为{after}：{size.reason}"))
        found.append(Consequence("assessed-again", "依赖行业的评价条件重新测算"))
    if values.get("status") in ENDING:
        if held:
            found.append(Consequence("whitelist-left", f"“{listed}”退出白名单"))
        if any(PoolEntries(tx).present(row.uscc, pool) for pool in tools.pool_rules.pools):
            found.append(Consequence("pool-left", "按培育库规则出库"))
    if "risk_flags" in values or "listing_status" in values:
        found.append(Consequence("whitelist-flagged", "白名单和变更流水中的标识随之更新"))
    if act:
        found += _of_act(held)
    if act or any(each in values for each in _REPORTED):
        found += _reports(held, tools, effective_on or clock.today())
    return found


def _of_move(tx: Transaction, row: EnterpriseRow, holds: bool) -> Iterator[Consequence]:
    yield Consequence("feed-tombstone", "原管辖地的用户不再看到该企业，变更流水向其发出删除标记")
    yield Consequence(
        "commissioner-settled", "现服务专员不服务迁入地的，改由迁入地的服务专员负责，未办结的消息一并移交"
    )
    if holds:
        yield Consequence("whitelist-moved", "称号不变，白名单中的所属地区随之更新")
    yield Consequence("pool-stays", "在库记录随企业转到迁入地，已冻结的种子名单不变")


def _of_act(held: list[Any]) -> Iterator[Consequence]:
    yield Consequence(
        "file-closed", "被合并、解散分立的企业登记状态改为注销，档案关闭并指向承继企业，过去的状态和历史照常可查"
    )
    yield Consequence("commissioner-ended", "原企业的服务专员分配结束，未办结的消息不再推送")
    yield Consequence("pool-left", "原企业在库的，出库；待办的入库提议和变更申请作废")
    if held:
        listed = "、".join(sorted({TITLES[record.title] for record in held}))
        yield Consequence(
            "titles-by-document", f"持有“{listed}”：凭文件逐项转给承继企业，未列出的留在原档案并退出白名单"
        )
    yield Consequence("facts-stay", "年度数据和认证项目留在原企业档案，不与承继企业相加")


def _reports(held: list[Any], tools: Tools, since: dt.date) -> Iterator[Consequence]:
    """The report on a material change (重大变化情况报告) that the documents of each title held ask for."""
    for title in sorted({record.title for record in held}):
        provision = tools.life_cycles.of(title).provision("change_report", since)
        if provision is None or not provision.months or provision.source is None:
            continue
        due = add_months(since, provision.months).isoformat()
        ground = f"{provision.source.number} {provision.clause}"
        text = f"持有“{TITLES[title]}”的，应在变化后 {provision.months} 个月内报告重大变化，即 {due} 前（{ground}）"
        yield Consequence("change-report-due", text)
