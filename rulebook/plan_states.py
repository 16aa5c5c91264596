"""Closes states: a boolean or code, an official's finding, the size class, titles and bans."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from rulebook.pack import SIZES, TITLES, Equals, Found, Holds, NoBan, SizeIn
from rulebook.plan_draft import Draft, Edit
from rulebook.plan_model import Kind
from rulebook.plan_remedies import Asking, Remedies, Way, cheapest, source_of
from rulebook.size import SizeResult
from rulebook.status import Status
from rulebook.subject import POINT, Title
from rulebook.wording import period_label, shown_value

_SIZE_WORDS = {
    "industry_code": "所属行业代码",
    "headcount": "期末从业人员",
    "revenue_yuan": "营业收入",
    "total_assets_yuan": "资产总额",
}


def close_equals(remedies: Remedies, test: Equals, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    fact, year = test.ref.fact, remedies.year_of(test.ref)
    held = draft.subject.facts.get((fact.id, year))
    if held is None or held.value is None:
        edit = remedies.missing(fact, year, test.value, asking)
    elif held.value == test.value:  # the source does not count
        edit = remedies.confirmed(fact, year, held.value, asking)
    elif remedies.frozen(fact.id, year):
        remedies.block(f"{period_label(fact, year)}属于已结束的年度，不能再改变")
        edit = None
    elif fact.judged:
        now = shown_value(fact, held.value)
        remedies.block(f"“{fact.label}”现为“{now}”：由主管部门认定，不由企业决定，有异议的请主管部门复核")
        edit = None
    else:
        effort, ready = remedies.timing(fact, year, asking)
        edit = remedies.edit(
            Edit(
                slot=("fact", fact.id, year),
                kind=Kind.REACH,
                value=test.value,
                effort=effort,
                ready=ready,
                condition=asking.condition,
                fact=fact,
                before=held.value,
                source=source_of(fact, asking),
            )
        )
    return [] if edit is None else [(edit,)]


def close_found(remedies: Remedies, test: Found, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    refused = status is Status.UNMET
    effort = (asking.effort if asking.effort not in ("", "paperwork") else "months") if refused else "paperwork"
    edit = remedies.edit(
        Edit(
            slot=("fact", test.fact.id, POINT),
            kind=Kind.DECIDE,
            value={"decision": "met", "reason": "按规划假定", "evidence": None, "valid_until": None},
            effort=effort,
            ready=remedies.in_time(effort),
            condition=asking.condition,
            fact=test.fact,
            before="unmet" if refused else None,
            distance=Fraction(int(refused)),
            source="official_finding",
        )
    )
    return [] if edit is None else [(edit,)]


def close_size(remedies: Remedies, test: SizeIn, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    size = draft.subject.size
    if status is Status.MANUAL_REVIEW:
        return [()]
    if status is Status.UNMET and size is not None:
        remedies.block(f"企业规模为{size.label}，{size.reason}；不宜以缩减规模取得称号")
        return []
    smallest = min(test.sizes, key=lambda each: -list(SIZES).index(each))
    missing = size.missing if size is not None else ()
    edit = Edit(
        slot=("size", "", POINT),
        kind=Kind.SUPPLY,
        value=SizeResult(smallest, frozenset((smallest,)), "按规划假定"),
        effort="paperwork",
        ready=remedies.clock.as_of,
        condition=asking.condition,
        distance=Fraction(0),
        words="、".join(_SIZE_WORDS.get(each, each) for each in missing) or "划型所需数据",
        before="、".join(label for code, label in SIZES.items() if code in test.sizes),
    )
    return [(edit,)]


def close_titles(remedies: Remedies, test: Holds, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    if test.forbidden:
        if status is Status.UNKNOWN:
            return _ledger(remedies, draft, asking)
        if status is Status.UNMET:
            names = "、".join(TITLES.get(each, each) for each in test.titles)
            remedies.block(f"仍持有{names}，有效期满前不能申报")
            return []
        return [()]
    if status is Status.MANUAL_REVIEW:
        return [()]
    open_ledger = status is Status.UNKNOWN and (draft.base.titles is None or not draft.base.ledger_complete)
    listed = {each.code for each in draft.base.titles or ()}
    recorded = [_recorded(remedies, each, asking) for each in test.titles if open_ledger and each not in listed]
    obtained = [_title(remedies, code, draft, asking) for code in test.titles]
    found = (edit for edit in (*recorded, *obtained) if edit is not None)
    return cheapest((replace(edit, rung=_rung(remedies, edit.slot[1])),) for edit in found)


def _rung(remedies: Remedies, code: str) -> tuple[int, int]:
    """How far away a title is, and how high it stands: the nearest by its own plan first, then one that is not planned,
    last one to which no way is known; of equals the lower."""
    first = remedies.prior.get(code)
    far = date.max.toordinal()
    if first is not None:
        days = max(0, (first - remedies.clock.as_of).days)
    else:
        days = far if code in remedies.prior else far - 1
    return days, list(TITLES).index(code)


def _recorded(remedies: Remedies, code: str, asking: Asking) -> Edit | None:
    """Of a ledger that nobody called complete: the title may be held and only not be written down.

    Who could be granted it only later by its own plan is not supposed to hold it before: that bounds the day.
    """
    first = remedies.prior.get(code)
    if first is not None and first > remedies.clock.day:
        name = TITLES.get(code, code)
        remedies.block(f"台账中没有{name}称号，按该称号自身的规划最早 {first} 才能申报；已持有的，请先补登")
        return None
    return remedies.edit(
        Edit(
            slot=("row", code, POINT),
            kind=Kind.SUPPLY,
            value=Title(code, "valid", remedies.clock.as_of, remedies.clock.day),
            effort="paperwork",
            ready=remedies.clock.as_of,
            condition=asking.condition,
            distance=Fraction(0),
            words=f"称号台账（含称号取消记录）：{TITLES.get(code, code)}称号已持有且在有效期内的，补登即可",
        )
    )


def _title(remedies: Remedies, code: str, draft: Draft, asking: Asking) -> Edit | None:
    name = TITLES.get(code, code)
    held = [each for each in draft.subject.titles or () if each.code == code and each.state != "cancelled"]
    if any(each.valid_to is None and each.state == "valid" for each in held):
        words, effort, ready = "补登有效期", "paperwork", remedies.clock.as_of
    else:
        kept = any(each.state in ("valid", "under_review") and _still(each, remedies.clock.as_of) for each in held)
        granted = remedies.granted(code, "months" if asking.effort in ("", "paperwork") else asking.effort)
        if granted is None:
            return None
        words, (effort, ready) = "到期前通过复核" if kept else "先取得", granted
    return remedies.edit(
        Edit(
            slot=("title", code, POINT),
            kind=Kind.TITLE,
            value=Title(code, "valid", min(ready, remedies.clock.day), remedies.clock.day),
            effort=effort,
            ready=ready,
            condition=asking.condition,
            words=f"{words}{name}",
            before=words,
        )
    )


def _ledger(remedies: Remedies, draft: Draft, asking: Asking) -> list[Way]:
    if draft.base.titles is not None or any(edit.slot[0] == "ledger" for edit in draft.edits):
        return [()]  # the ledger may be incomplete: a person knows
    edit = Edit(
        slot=("ledger", "", POINT),
        kind=Kind.SUPPLY,
        value="",
        effort="paperwork",
        ready=remedies.clock.as_of,
        condition=asking.condition,
        distance=Fraction(0),
        words="已有称号和称号取消记录（没有的写“无”）",
    )
    return [(edit,)]


def close_ban(remedies: Remedies, test: NoBan, draft: Draft, asking: Asking, status: Status) -> list[Way]:
    if status is Status.UNKNOWN:
        return _ledger(remedies, draft, asking)
    if status is Status.UNMET:
        remedies.block(f"称号取消未满 {test.years} 年，禁止申报期未过")
        return []
    return [()]


def _still(title: Title, day: date) -> bool:
    return title.valid_to is not None and title.valid_to >= day
