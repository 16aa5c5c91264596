"""The one-page profile of an enterprise (企业画像), for whoever visits it or decides about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis import clock
from chassis.db import Transaction
from rulebook.dictionary import Dictionary
from services.registry.domain.addresses import HOWS, resolve_address
from services.registry.domain.contacts import CONTACT_ROLES, masked_name, masked_phone
from services.registry.domain.facts import Entry, completeness
from services.registry.domain.life_cycle import STAGES, LifeCycles
from services.registry.domain.periods import last_complete_year
from services.registry.domain.pool import PoolRules
from services.registry.domain.profile_file import ProfileLayout
from services.registry.domain.programmes.report import Report, Section, Table
from services.registry.domain.relations import RELATIONS
from services.registry.domain.standing import SIZES, listing_label, risk_label
from services.registry.domain.status import RegistrationStatus
from services.registry.domain.titles import TITLES
from services.registry.store.history import History
from services.registry.store.people import Contacts, Relations
from services.registry.store.pool import PoolEntries
from services.registry.store.reference import Reference, reference
from services.registry.store.repositories import Facts, Titles
from services.registry.store.tables import EnterpriseRow

BLANK = "—"
UNKNOWN = "未填写"


@dataclass(frozen=True, slots=True)
class ProfileTools:
    """What a profile is made with."""

    dictionary: Dictionary
    life_cycles: LifeCycles
    pool_rules: PoolRules
    layout: ProfileLayout


def profile(tx: Transaction, row: EnterpriseRow, tools: ProfileTools, *, whole: bool) -> Report:
    """The profile as of now; people are masked unless `whole`. What is missing is said to be, never left blank."""
    known = reference(tx)
    periods = Facts(tx).periods(row.uscc)
    now = clock.now().astimezone(clock.SHANGHAI)
    sections = (
        Section("基本情况", tables=(_identity(tx, row, known),)),
        _titles(tx, row, tools),
        _figures(periods, tools),
        _people(tx, row, tools, whole=whole),
        _completeness(periods, tools),
    )
    basis = f"按 {now:%Y-%m-%d %H:%M} 的企业档案生成（版本 {row.version}）；供走访和研判参考，不作为认定依据"
    return Report("企业画像", f"{row.name}（{row.uscc}）", sections, basis + ("；合成样例" if row.synthetic else ""))


def _identity(tx: Transaction, row: EnterpriseRow, known: Reference) -> Table:
    industry = known.industries.by_code.get(row.industry_code or "")
    capital = row.registered_capital
    former = "、".join(each.name for each in History(tx, row).former_names())
    cells = [
        ("所属区县", known.places.name_of(row.district_code)),
        ("登记状态", RegistrationStatus(row.status).label if row.status else None),
        ("行业", f"{industry.code} {industry.name}" if industry else None),
        ("成立日期", row.established_on.isoformat() if row.established_on else None),
        ("注册资本", None if capital is None else f"{_grouped(format(capital.normalize(), 'f'))} {_currency(row)}"),
        ("企业规模", SIZES.get(row.size_class or "") or "无法划型"),
        ("上市挂牌", listing_label(row.listing_status) if row.listing_status else None),
        ("风险提示", "、".join(risk_label(flag) for flag in row.risk_flags) or "无"),
        ("注册地址", _address(row.registered_address, row, known)),
        ("实际经营地址", _address(row.actual_address, row, known)),
        ("曾用名", former or "无"),
        ("划型依据", row.size_reason),
    ]
    texts = [(label, text or UNKNOWN) for label, text in cells]
    pairs = tuple((*texts[place], *texts[place + 1]) for place in range(0, len(texts), 2))
    return Table(("项目", "内容", "项目", "内容"), (1.1, 3.2, 1.1, 3.2), pairs)


def _currency(row: EnterpriseRow) -> str:
    return "元" if row.registered_capital_currency == "CNY" else row.registered_capital_currency or ""


def _address(address: str | None, row: EnterpriseRow, known: Reference) -> str | None:
    if address is None:
        return None
    place = resolve_address(address, row.district_code, known.places)
    told = place.remark or (place.division.full_name if place.division else HOWS[place.how])
    return f"{address}（{told}）"


def _titles(tx: Transaction, row: EnterpriseRow, tools: ProfileTools) -> Section:
    records = list(reversed(Titles(tx).list_of(row.uscc)))
    rows = [
        (
            TITLES[each.title],
            STAGES[tools.life_cycles.stage(each.title, each.state, each.review_outcome, each.cancelled_kind)][0],
            each.batch or BLANK,
            each.document_number or each.decision_reference or BLANK,
            each.valid_to.isoformat() if each.valid_to else "文件未写明",
        )
        for each in records
    ]
    places = [
        f"{pool.label}：{tools.pool_rules.tier_label(code, present.tier)}（{present.entered_on.isoformat()} 入库）"
        for code, pool in tools.pool_rules.pools.items()
        if (present := PoolEntries(tx).present(row.uscc, code))
    ]
    columns = ("称号", "状态", "批次", "文号", "有效期止")
    table = _cut(Table(columns, (2.4, 1.2, 1.4, 2.6, 1.4), tuple(rows)), tools.layout.rows)
    told = "；".join(places) or "不在培育库"
    return Section("称号与培育", (told,) if rows else ("没有称号记录", told), (table,) if rows else ())


def _figures(periods: Mapping[int, Mapping[str, Entry]], tools: ProfileTools) -> Section:
    last = last_complete_year(clock.today())
    years = [last - back for back in range(tools.layout.years)]
    rows = []
    for fact_id in tools.layout.facts:
        fact = tools.dictionary[fact_id]
        money = fact_id.endswith("_yuan")
        values = [periods.get(year, {}).get(fact_id) for year in years]
        label = f"{fact.label}（{'元' if money else fact.unit or '—'}）"
        rows.append((label, *(UNKNOWN if entry is None else _grouped(str(entry["value"])) for entry in values)))
    columns = ("指标", *(f"{year} 年度" for year in years))
    return Section("主要指标", tables=(Table(columns, (2.2, *(1.4 for _ in years)), tuple(rows)),))


def _people(tx: Transaction, row: EnterpriseRow, tools: ProfileTools, *, whole: bool) -> Section:
    contacts = [
        (
            CONTACT_ROLES[each.role],
            each.name if whole else masked_name(each.name),
            BLANK if each.phone is None else each.phone if whole else masked_phone(each.phone),
            each.position or BLANK,
        )
        for each in Contacts(tx).list_of(row.uscc)
    ]
    held = [
        (
            RELATIONS[each.kind],
            each.holder_name if whole or each.holder != "person" else masked_name(each.holder_name),
            BLANK if each.share is None else f"{format((each.share * 100).normalize(), 'f')}%",
            each.source,
        )
        for each in Relations(tx).list_of(row.uscc)
        if each.uscc == row.uscc
    ]
    tables = [
        _cut(Table(columns, (1.4, 2.0, 1.6, 2.6), tuple(rows)), tools.layout.rows)
        for columns, rows in (
            (("联系人", "姓名", "电话", "职务"), contacts),
            (("控股、参股", "持有人", "比例", "来源"), held),
        )
        if rows
    ]
    missing = [name for name, rows in (("联系人", contacts), ("股权和控制关系", held)) if not rows]
    told = f"{'、'.join(missing)}{UNKNOWN}" if missing else ""
    return Section("联系人与股权", (told,) if told else (), tuple(tables))


def _completeness(periods: Mapping[int, Mapping[str, Entry]], tools: ProfileTools) -> Section:
    counted = completeness(tools.dictionary, periods, last_complete_year(clock.today()))
    labels = [tools.dictionary[fact].label for fact, _ in counted.missing]
    shown = "、".join(labels[: tools.layout.missing])
    more = len(labels) - tools.layout.missing
    lacking = (
        f"还缺 {len(labels)} 项：{shown}" + (f"，等（另有 {more} 项）" if more > 0 else "") if labels else "没有缺项"
    )
    return Section("档案完整度", (f"已填 {counted.present} 项，共 {counted.expected} 项。{lacking}",))


def _cut(table: Table, most: int) -> Table:
    """At most so many rows; how many are left out stands in the last one."""
    if len(table.rows) <= most:
        return table
    left_out = (f"另有 {len(table.rows) - most} 条，见企业档案", *("" for _ in table.columns[1:]))
    return Table(table.columns, table.weights, (*table.rows[:most], left_out))


def _grouped(text: str) -> str:
    """Thousands apart in a plain decimal; anything else stays as it is."""
    whole, point, rest = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if not (digits.isascii() and digits.isdigit()):
        return text
    return f"{sign}{int(digits):,}{point}{rest}"
