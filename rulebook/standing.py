"""Tests on titles, bans, size class, officials' findings and what a document leaves open."""

from __future__ import annotations

from datetime import date

from rulebook.pack import SIZES, TITLES, Found, Holds, InPlan, LeftOpen, NoBan, SizeIn
from rulebook.scene import FactUnreadable, Scene, Trace
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of, opposite
from rulebook.subject import POINT, Title

_FOLLOWED_BY_DATES = ("valid", "under_review", "expired")


def judge_titles(test: Holds, scene: Scene, trace: Trace) -> Status:
    """A title counts by the dates of its certificate on the day of application (A-13)."""
    titles = scene.subject.titles
    ledger = [title for title in titles or () if title.code in test.titles]
    found = [_held(title, scene.application_date, trace) for title in ledger]
    may_be_absent = titles is None or not (scene.subject.ledger_complete or test.recorded_only)
    if may_be_absent and MET not in found:
        trace.miss("titles", f"称号台账（{_names(test.titles)}）", kind="title")
        found.append(UNKNOWN)
    status = any_of(found)

    def words() -> tuple[str, str, str]:
        value = "、".join(_shown(title) for title in ledger) or ("" if status is UNKNOWN else "无")
        held = f"持有有效的{'或'.join(TITLES[title] for title in test.titles)}"
        return "已有称号", value, f"未持有{_names(test.titles)}" if test.forbidden else held

    return trace.check(opposite(status) if test.forbidden else status, words)


def _names(titles: tuple[str, ...]) -> str:
    return "、".join(TITLES[title] for title in titles)


def _held(title: Title, day: date, trace: Trace) -> Status:
    if title.state == "cancelled":
        return _held_before_cancelling(title, day, trace)
    if title.state not in _FOLLOWED_BY_DATES:  # 公示 is not yet 公告
        return UNMET
    if title.valid_from is not None and day < title.valid_from:
        return UNMET
    if title.valid_to is None and title.state != "expired":
        trace.miss("titles", f"{TITLES.get(title.code, title.code)}有效期", kind="title")
        return UNKNOWN
    if title.valid_to is not None and day <= title.valid_to:
        return MET
    if title.state == "under_review":
        trace.note(f"{TITLES.get(title.code, title.code)}已过有效期、复核未结，须人工核定")
        return MANUAL_REVIEW
    return UNMET


def _held_before_cancelling(title: Title, day: date, trace: Trace) -> Status:
    if title.cancelled_on is None or day >= title.cancelled_on:
        return UNMET
    if title.valid_from is not None and day < title.valid_from:
        return UNMET
    if title.valid_to is None:
        trace.miss("titles", f"{TITLES.get(title.code, title.code)}有效期", kind="title")
        return UNKNOWN
    return MET if day <= title.valid_to else UNMET


def _shown(title: Title) -> str:
    name = TITLES.get(title.code, title.code)
    if title.state == "cancelled":
        return f"{name}（已取消）"
    if title.state == "publicized":
        return f"{name}（公示中）"
    return f"{name}（有效期至 {title.valid_to or '不详'}）"


def judge_ban(test: NoBan, scene: Scene, trace: Trace) -> Status:
    """A-32, A-50: barred before the years are over; afterwards a person asks whether the authority extended it."""
    titles = scene.subject.titles
    if titles is None:
        trace.miss("titles", "称号台账（取消记录）", kind="title")
        return trace.check(UNKNOWN, lambda: ("称号取消记录", "", f"取消满 {test.years} 年"))
    found = [_ban_status(title, titles, test, scene.application_date, trace) for title in titles]
    barred = [status for status in found if status is not None]

    def words() -> tuple[str, str, str]:
        value = "、".join(_shown(title) for title in titles if title.state == "cancelled") or "无"
        return "称号取消记录", value, f"取消满 {test.years} 年"

    return trace.check(all_of(barred), words)


def _ban_status(title: Title, ledger: tuple[Title, ...], test: NoBan, day: date, trace: Trace) -> Status | None:
    if title.state != "cancelled" or title.code not in test.titles or title.ban is False:
        return None
    cancelled = title.cancelled_on
    if cancelled is not None and cancelled > day:
        return None
    if cancelled is not None and any(_granted_after(other, cancelled) for other in ledger if other.code in test.titles):
        return None  # a title granted since shows that the ban is over
    if cancelled is None or title.ban is None:
        trace.note("称号被取消，取消日期或是否禁止再次申报不详，须人工核定")
        return MANUAL_REVIEW
    if day < years_later(cancelled, test.years):
        return UNMET
    trace.note(f"取消已满 {test.years} 年，禁止期可由主管部门延长，须人工核定（A-50）")
    return MANUAL_REVIEW


def _granted_after(title: Title, cancelled: date) -> bool:
    return title.state in _FOLLOWED_BY_DATES and title.valid_from is not None and title.valid_from > cancelled


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def judge_size(test: SizeIn, scene: Scene, trace: Trace) -> Status:
    """Decided as soon as every class that is still possible agrees (A-26)."""
    size = scene.subject.size
    if size is None:
        trace.miss("size", "企业规模（划型）", kind="size")
        return trace.check(UNKNOWN, lambda: ("企业规模", "", _size_names(test)))
    if size.possible <= test.sizes:
        status = MET
    elif not size.possible & test.sizes:
        status = UNMET
    else:
        status = UNKNOWN if size.missing else MANUAL_REVIEW
    for fact_id in size.missing:
        year, label = size_missing(fact_id, scene.fiscal_year)
        trace.miss(fact_id, label, year)
    return trace.check(status, lambda: ("企业规模", size.label, _size_names(test)), size.reason)


def _size_names(test: SizeIn) -> str:
    return "、".join(label for size, label in SIZES.items() if size in test.sizes)


SIZE_FACTS = {
    "industry_code": "所属行业",
    "headcount": "期末从业人员",
    "revenue_yuan": "营业收入",
    "total_assets_yuan": "资产总额",
}


def size_missing(fact_id: str, fiscal_year: int) -> tuple[int, str]:
    """Year and label of something that a size class is missing."""
    label = SIZE_FACTS.get(fact_id, fact_id)
    return (POINT, label) if fact_id == "industry_code" else (fiscal_year, f"{fiscal_year}年{label}")


def judge_finding(test: Found, scene: Scene, trace: Trace) -> Status:
    """An official's finding decides; without one, or after its last day, a person still has to, and it is missing."""

    def said(status: Status, value: str, note: str = "") -> Status:
        return trace.check(status, lambda: (test.fact.label, value, "主管部门认定"), note)

    value = scene.read_fact(test.fact, POINT, trace)
    if isinstance(value, Status):
        trace.note(f"“{test.fact.label}”须主管部门认定")
        return said(MANUAL_REVIEW, "尚未认定")
    if not isinstance(value, dict) or value.get("decision") not in ("met", "unmet"):
        raise FactUnreadable(test.fact.id, POINT, value)
    until = value.get("valid_until")
    if until is not None and scene.application_date > date.fromisoformat(str(until)):
        trace.note(f"“{test.fact.label}”的认定意见已于 {until} 到期，须重新认定")
        trace.miss(test.fact.id, test.fact.label, POINT, "finding")
        return said(MANUAL_REVIEW, f"认定意见已过期（{until}）")
    if scene.subject.facts[(test.fact.id, POINT)].source != "official_finding":
        trace.note(f"“{test.fact.label}”只认可主管部门的认定意见")
        trace.miss(test.fact.id, test.fact.label, POINT, "finding")
        return said(MANUAL_REVIEW, "非主管部门认定")
    reason = str(value.get("reason", ""))
    if value["decision"] == "met":
        return said(MET, "认定符合", reason)
    return said(UNMET, "认定不符合", reason)


def judge_left_open(test: LeftOpen, scene: Scene, trace: Trace) -> Status:
    """What the document does not say is nobody's to guess: neither met nor unmet."""
    trace.note(test.text)
    return trace.check(MANUAL_REVIEW, lambda: ("文件规定", "没有写明", "须主管部门确定"))


def judge_plan(test: InPlan, scene: Scene, trace: Trace) -> Status:
    threshold = f"规划期内（至 {test.until}）"
    if scene.application_date <= test.until:
        return trace.check(MET, lambda: ("规划期", "规划期内", threshold))
    trace.note(f"规划期已于 {test.until} 届满，是否继续执行须主管部门确认（A-17）")
    return trace.check(MANUAL_REVIEW, lambda: ("规划期", "已届满", threshold))
