"""Tests on titles, bans, size class, officials' findings and what a document leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rulebook.criteria import INDUSTRY, SIZE_FACTS
from rulebook.pack import SIZES, TITLES, Found, Holds, InPlan, LeftOpen, NoBan, SizeIn
from rulebook.scene import CHECK, LEDGER, MISS, NOTE, READ, Basis, Event, FactUnreadable, Judge, Scene, reader
from rulebook.size import UNKNOWN_SIZE, SizeResult
from rulebook.status import MANUAL_REVIEW, MET, UNKNOWN, UNMET, Status, all_of, any_of, opposite
from rulebook.subject import POINT, REGISTER, FactValue, Title
from rulebook.wording import one_of

PLAN = "规划期"
"""What the check of a plan's period is called."""

_FOLLOWED_BY_DATES = ("valid", "under_review", "expired")


def compile_titles(test: Holds, basis: Basis) -> Judge:
    """A title counts by the dates of its certificate on the day of application (A-13)."""
    asked, recorded_only, names = test.titles, test.recorded_only, _names(test.titles)
    absent = _title_missing(f"称号台账（{names}）")
    threshold = f"未持有{names}" if test.forbidden else f"持有有效的{one_of([TITLES[title] for title in asked])}"

    def words(seen: tuple[Sequence[Title], Status]) -> tuple[str, str, str]:
        ledger, status = seen
        value = "、".join(shown_title(title) for title in ledger) or ("" if status is UNKNOWN else "无")
        return "已有称号", value, threshold

    looked: Event = (LEDGER, names, ())
    none: tuple[Event, ...] = (looked, (CHECK, words, MET if test.forbidden else UNMET, ((), UNMET), ""))
    unseen: tuple[Event, ...] = (absent, (CHECK, words, UNKNOWN, ((), UNKNOWN), ""))

    def judge(scene: Scene) -> Status:
        subject = scene.subject
        titles = subject.titles
        may_be_absent = titles is None or not (recorded_only or subject.ledger_complete)
        if not titles:
            if may_be_absent:
                scene.trace += unseen
                return UNKNOWN
            scene.trace += none
            return MET if test.forbidden else UNMET
        ledger = [title for title in titles if title.code in asked]
        if ledger or not may_be_absent:
            scene.trace.append((LEDGER, names, ledger))
        found = [_held(title, scene) for title in ledger]
        if may_be_absent and MET not in found:
            scene.trace.append(absent)
            found.append(UNKNOWN)
        status = any_of(found)
        judged = opposite(status) if test.forbidden else status
        scene.trace.append((CHECK, words, judged, (ledger, status), ""))
        return judged

    return judge


def _names(titles: tuple[str, ...]) -> str:
    return "、".join(TITLES[title] for title in titles)


def _title_missing(label: str) -> Event:
    return (MISS, "titles", label, POINT, "title")


def _held(title: Title, scene: Scene) -> Status:
    day = scene.day
    if title.state == "cancelled":
        return _held_before_cancelling(title, scene)
    if title.state not in _FOLLOWED_BY_DATES:  # 公示 is not yet 公告
        return UNMET
    if title.valid_from is not None and day < title.valid_from:
        return UNMET
    if title.valid_to is None and title.state != "expired":
        scene.trace.append(_title_missing(f"{TITLES.get(title.code, title.code)}有效期"))
        return UNKNOWN
    if title.valid_to is not None and day <= title.valid_to:
        return MET
    if title.state == "under_review":
        scene.note(f"{TITLES.get(title.code, title.code)}已过有效期、复核未结，须人工核定")
        return MANUAL_REVIEW
    return UNMET


def _held_before_cancelling(title: Title, scene: Scene) -> Status:
    day = scene.day
    if title.cancelled_on is None or day >= title.cancelled_on:
        return UNMET
    if title.valid_from is not None and day < title.valid_from:
        return UNMET
    if title.valid_to is None:
        scene.trace.append(_title_missing(f"{TITLES.get(title.code, title.code)}有效期"))
        return UNKNOWN
    return MET if day <= title.valid_to else UNMET


def shown_title(title: Title) -> str:
    name = TITLES.get(title.code, title.code)
    if title.state == "cancelled":
        return f"{name}（已取消）"
    if title.state == "publicized":
        return f"{name}（公示中）"
    return f"{name}（有效期至 {title.valid_to or '不详'}）"


def compile_ban(test: NoBan, basis: Basis) -> Judge:
    """A-32, A-50: barred before the years are over; afterwards a person asks whether the authority extended it."""
    absent, threshold = _title_missing("称号台账（取消记录）"), f"没有，或取消满 {test.years} 年"

    def words(titles: tuple[Title, ...] | None) -> tuple[str, str, str]:
        if titles is None:
            return "称号取消记录", "", threshold
        value = "、".join(shown_title(title) for title in titles if title.state == "cancelled") or "无"
        return "称号取消记录", value, threshold

    names = _names(test.titles)
    nothing: tuple[Event, ...] = ((LEDGER, names, ()), (CHECK, words, MET, (), ""))

    def judge(scene: Scene) -> Status:
        titles = scene.subject.titles
        if titles == ():
            scene.trace += nothing
            return MET
        if titles is None:
            scene.trace.append(absent)
            status = UNKNOWN
        else:
            scene.trace.append((LEDGER, names, [each for each in titles if each.code in test.titles]))
            barred = [_ban_status(title, titles, test, scene) for title in titles]
            status = all_of([each for each in barred if each is not None])
        scene.trace.append((CHECK, words, status, titles, ""))
        return status

    return judge


def _ban_status(title: Title, ledger: tuple[Title, ...], test: NoBan, scene: Scene) -> Status | None:
    if title.state != "cancelled" or title.code not in test.titles or title.ban is False:
        return None
    cancelled, day = title.cancelled_on, scene.day
    if cancelled is not None and cancelled > day:
        return None
    if cancelled is not None and any(_granted_after(other, cancelled) for other in ledger if other.code in test.titles):
        return None  # a title granted since shows that the ban is over
    if cancelled is None or title.ban is None:
        scene.note("称号被取消，取消日期或是否禁止再次申报不详，须人工核定")
        return MANUAL_REVIEW
    if day < years_later(cancelled, test.years):
        return UNMET
    scene.note(f"取消已满 {test.years} 年，禁止期可由主管部门延长，须人工核定")
    return MANUAL_REVIEW


def _granted_after(title: Title, cancelled: date) -> bool:
    return title.state in _FOLLOWED_BY_DATES and title.valid_from is not None and title.valid_from > cancelled


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def compile_size(test: SizeIn, basis: Basis) -> Judge:
    """Decided as soon as every class that is still possible agrees (A-26); what it was found from is shown."""
    sizes, threshold = test.sizes, "、".join(label for size, label in SIZES.items() if size in test.sizes)
    absent: Event = (MISS, "size", "企业规模（划型）", POINT, "size")
    places = {
        fact.id: (fact, basis.fiscal_year if fact.yearly else POINT) for fact in test.facts if fact.id in SIZE_FACTS
    }

    def words(size: SizeResult | None) -> tuple[str, str, str]:
        return "企业规模", size.label if size and size.label != UNKNOWN_SIZE else "", threshold

    def read(fact_id: str, size: SizeResult, scene: Scene) -> None:
        place = places[fact_id]
        held = scene.facts.get((fact_id, place[1]))
        if held is None and fact_id == INDUSTRY:  # it stands in the register and not among the facts
            held = FactValue(size.industry_code, REGISTER)
        if held is not None:
            scene.trace.append((READ, place, held))

    def judge(scene: Scene) -> Status:
        size = scene.subject.size
        if size is None:
            scene.trace += (absent, (CHECK, words, UNKNOWN, None, ""))
            return UNKNOWN
        if size.possible <= sizes:
            status = MET
        elif not size.possible & sizes:
            status = UNMET
        else:
            status = UNKNOWN if size.missing else MANUAL_REVIEW
        for fact_id in size.read:
            if fact_id in places:
                read(fact_id, size, scene)
        for fact_id in size.missing:
            year, label = size_missing(fact_id, basis.fiscal_year)
            scene.trace.append((MISS, fact_id, label, year, "fact"))
        scene.trace.append((CHECK, words, status, size, size.reason))
        return status

    return judge


_SIZE_LABELS = {
    "industry_code": "所属行业",
    "headcount": "期末从业人员",
    "revenue_yuan": "营业收入",
    "total_assets_yuan": "资产总额",
}


def size_missing(fact_id: str, fiscal_year: int) -> tuple[int, str]:
    """Year and label of something that a size class is missing."""
    label = _SIZE_LABELS.get(fact_id, fact_id)
    return (POINT, label) if fact_id == "industry_code" else (fiscal_year, f"{fiscal_year}年{label}")


def compile_finding(test: Found, basis: Basis) -> Judge:
    """An official's finding decides; without one, or after its last day, a person still has to, and it is missing."""
    fact, read = test.fact, reader(test.fact, POINT, basis)
    unfound: Event = (MISS, fact.id, fact.label, POINT, "finding")

    def words(said: str) -> tuple[str, str, str]:
        return fact.label, said, "主管部门认定"

    def said(scene: Scene, status: Status, value: str, note: str = "") -> Status:
        scene.trace.append((CHECK, words, status, value, note))
        return status

    def judge(scene: Scene) -> Status:
        value = read(scene)
        if isinstance(value, Status):
            scene.note(f"“{fact.label}”须主管部门认定")
            return said(scene, MANUAL_REVIEW, "尚未认定")
        if not isinstance(value, dict) or value.get("decision") not in ("met", "unmet"):
            raise FactUnreadable(fact.id, POINT, value)
        until = value.get("valid_until")
        if until is not None and scene.day > date.fromisoformat(str(until)):
            scene.trace += ((NOTE, f"“{fact.label}”的认定意见已于 {until} 到期，须重新认定"), unfound)
            return said(scene, MANUAL_REVIEW, f"认定意见已过期（{until}）")
        if scene.facts[(fact.id, POINT)].source != "official_finding":
            scene.trace += ((NOTE, f"“{fact.label}”只认可主管部门的认定意见"), unfound)
            return said(scene, MANUAL_REVIEW, "非主管部门认定")
        reason = str(value.get("reason", ""))
        if value["decision"] == "met":
            return said(scene, MET, "认定符合", reason)
        return said(scene, UNMET, "认定不符合", reason)

    return judge


def compile_left_open(test: LeftOpen, basis: Basis) -> Judge:
    """What the document does not say is nobody's to guess: neither met nor unmet."""
    events: tuple[Event, ...] = (
        (NOTE, test.text),
        (CHECK, lambda said: said, MANUAL_REVIEW, ("文件没有写明的事项", "没有写明", "由主管部门确定"), ""),
    )

    def judge(scene: Scene) -> Status:
        scene.trace += events
        return MANUAL_REVIEW

    return judge


def compile_plan(test: InPlan, basis: Basis) -> Judge:
    until, threshold = test.until, f"规划期内（至 {test.until}）"
    over: Event = (NOTE, f"规划期已于 {until} 届满，是否继续执行须主管部门确认")

    def words(value: str) -> tuple[str, str, str]:
        return PLAN, value, threshold

    def judge(scene: Scene) -> Status:
        if scene.day <= until:
            scene.trace.append((CHECK, words, MET, "规划期内", ""))
            return MET
        scene.trace += (over, (CHECK, words, MANUAL_REVIEW, "已届满", ""))
        return MANUAL_REVIEW

    return judge
