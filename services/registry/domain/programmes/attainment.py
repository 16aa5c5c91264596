"""How far a target is: attained, plan line, forecast to the year's end, and what follows from them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from services.registry.domain.programmes.counting import Counts, Window, counted_words, register_of
from services.registry.domain.programmes.model import Metric, Programme, Target

STATUSES = {
    "reached": "已达到",
    "not_reached": "未达到",
    "on_track": "进度正常",
    "behind": "落后于计划线",
    "open": "进行中，无法判断进度",
    "unknown": "没有数据",
}
PER_YEAR = ("yearly", "yearly_average")
FEWEST_POINTS = 3
LEAST_DAYS = 90
"""Of the running window, before its pace says anything."""
_DAY = dt.timedelta(days=1)
QUARTER = dt.timedelta(days=90)
YEAR = 4 * QUARTER
"""How far back the trend of a stock looks, and in what steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure of the issuing unit, in the unit of its target."""

    id: uuid.UUID
    start: dt.date
    end: dt.date
    value: Decimal
    scope: str
    issued_by: str
    document: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number with how it came about, or why there is none. Missing is never zero."""

    value: Decimal | None
    how: str = ""
    missing: str = ""


_NO_LINE = Number(None, missing="每个载体都要达到，没有计划线和预测")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A target on a day. `window` is what was counted, for the drill-down; `figure` is what was taken instead."""

    target: Target
    as_of: dt.date
    year: int | None
    """The year meant, where the target holds for every year."""
    due: dt.date
    attained: Number
    plan_line: Number
    forecast: Number
    forecast_on: dt.date | None
    status: str
    final: bool
    """Whether the target's last day has come: a final evaluation."""
    reaches_stretch: bool | None
    window: Window | None
    figure: Figure | None
    subjects: int | None = None
    """Where each of several has to have something: how many there are; `attained` is how many of them have it."""

    @property
    def percent(self) -> Decimal | None:
        wanted = self.target.threshold.value if self.subjects is None else Decimal(self.subjects)
        value = self.attained.value
        if not wanted or value is None:
            return None
        return (value * 100 / wanted).quantize(Decimal("0.1"), ROUND_HALF_EVEN)


def due_of(target: Target, programme: Programme, year: int | None) -> dt.date:
    """The last day: of the target's year, of the year meant, or of the plan."""
    if target.kind == "yearly" and year is not None:
        return dt.date(year, 12, 31)
    return programme.period.end if target.by is None else dt.date(target.by, 12, 31)


def year_meant(target: Target, programme: Programme, day: dt.date) -> int | None:
    """For a target of every year: the year of `day`, within the plan."""
    if target.kind != "yearly":
        return None
    return max(programme.period.start.year, min(day.year, programme.period.end.year))


def evaluate(
    target: Target,
    programme: Programme,
    day: dt.date,
    counts: Counts,
    figures: Sequence[Figure],
    year: int | None = None,
) -> Standing:
    """The standing of `target` on `day`, or on its last day when that is over."""
    year = (year or year_meant(target, programme, day)) if target.kind == "yearly" else None
    due = due_of(target, programme, year)
    as_of = min(day, due)
    final = day >= due
    known = sorted((each for each in figures if each.end <= as_of), key=lambda each: each.end)
    window: Window | None = None
    figure: Figure | None = None
    subjects: int | None = None
    if target.metric.counts in ("figure", "milestone"):
        attained, figure = _from_figures(target, programme, as_of, known, year, final=final)
        plan_line = _figure_line(target, programme, as_of, due, known, year)
        forecast, on = _figure_forecast(target, as_of, due, known, final=final)
    else:
        window = window_of(target, programme, as_of, year)
        missing = counts.missing(target.metric) or ("" if window else "每个主体的完成情况尚无登记")
        if missing or window is None:
            attained, plan_line = Number(None, missing=missing), Number(None, missing=missing)
            forecast, on = Number(None, missing=missing), None
            window = None
        elif target.kind == "each":
            attained, subjects = _each(target.metric, window, counts, final=final)
            plan_line, forecast, on = _NO_LINE, _NO_LINE, None
        else:
            first = counts.first(target.metric)
            days = _days(programme, as_of, first, final=final) if window.start is None else []
            found = counts.count(target.metric, [window, *(Window(None, each) for each in days)])
            value = found[window]
            stock = {each: Decimal(found[Window(None, each)]) for each in days}
            unknown = silent(target.metric, first, as_of, final=final)
            how = counted_words(target.metric, window)
            attained = Number(None, missing=unknown) if unknown else Number(Decimal(value), how=how)
            plan_line = _count_line(target, programme, as_of, due, window, stock)
            forecast, on = _count_forecast(target, as_of, due, counts, window, value, stock, first, final=final)
    return Standing(
        target=target,
        as_of=as_of,
        year=year,
        due=due,
        attained=attained,
        plan_line=plan_line,
        forecast=forecast,
        forecast_on=on,
        status=_status(target, attained, plan_line, subjects, final=final),
        final=final,
        reaches_stretch=_stretched(target, attained),
        window=window,
        figure=figure,
        subjects=subjects,
    )


def _status(target: Target, attained: Number, line: Number, subjects: int | None, *, final: bool) -> str:
    if attained.value is None:
        return "unknown"
    if attained.missing:
        return "unknown" if final else "open"
    if subjects is not None:
        reached = attained.value >= subjects
    else:
        reached = target.threshold.reached_by(attained.value, target.tolerance)
    if reached:
        return "reached"
    if final:
        return "not_reached"
    if line.value is None:
        return "open"
    return "behind" if attained.value < line.value else "on_track"


def _stretched(target: Target, attained: Number) -> bool | None:
    if target.stretch is None or attained.value is None:
        return None
    return target.stretch.reached_by(attained.value, Decimal(0))


# -- counted in a register ------------------------------------------------------------------------------------------


def window_of(target: Target, programme: Programme, as_of: dt.date, year: int | None) -> Window | None:
    """What of a register is counted; null where the kind is not a count of its own."""
    if target.kind == "stock" or (target.kind == "each" and target.metric.each is not None):
        return Window(None, as_of)
    if target.kind == "yearly" and year is not None:
        return Window(dt.date(year, 1, 1), as_of)
    if target.kind == "flow":
        return Window(programme.period.start, as_of)
    return None


def _each(metric: Metric, window: Window, counts: Counts, *, final: bool) -> tuple[Number, int | None]:
    """How many of the carriers have what each has to have, and how many there are."""
    subjects = counts.subjects(metric, window)
    if not subjects:
        return Number(None, missing="载体登记中没有计划区域内的这类载体，不能判断"), None
    if unknown := silent(metric, counts.first(metric), window.until, final=final):
        return Number(None, missing=unknown), None
    how = f"{counted_words(metric, window)}，共 {subjects} 个载体"
    return Number(Decimal(counts.count(metric, [window])[window]), how=how), subjects


def silent(metric: Metric, first: dt.date | None, as_of: dt.date, *, final: bool) -> str:
    """Why a count of nothing says nothing: the register does not reach back to the day. Empty where it does.

    A title ledger that is empty today says that nobody holds the title today; of a period that is over it says nothing.
    In the other registers nothing stands until somebody has begun to keep them: none at all is not nought.
    """
    if first is not None and first > as_of:
        return f"{register_of(metric)}最早的记录始于 {first}，在统计日 {as_of} 之后：当时的情况未登记，不等于没有"
    if first is None and (final or metric.counts != "titles"):
        what = "该称号" if metric.counts == "titles" else f"“{metric.label}”"
        return f"{register_of(metric)}中没有{what}的任何记录：截至 {as_of} 的情况未登记，不等于没有"
    return ""


def _days(programme: Programme, as_of: dt.date, first: dt.date | None, *, final: bool) -> list[dt.date]:
    """Days on which the register is counted beside `as_of`: the base of the plan line, and the points of the trend."""
    if first is None:
        return []
    before = programme.period.start - _DAY
    base = [before] if first <= before else []
    trend = [] if final or first > as_of - YEAR else _trend(as_of)
    return [*base, *trend]


def _trend(as_of: dt.date) -> list[dt.date]:
    return [as_of - number * QUARTER for number in range(YEAR // QUARTER, -1, -1)]


def _count_line(
    target: Target,
    programme: Programme,
    as_of: dt.date,
    due: dt.date,
    window: Window,
    stock: Mapping[dt.date, Decimal],
) -> Number:
    wanted = target.threshold.value
    if wanted is None:
        return Number(None, missing="没有数值目标")
    if window.start is not None:
        return _between(Decimal(0), wanted, window.start - _DAY, due, as_of, f"从 {window.start} 的 0 起")
    before, where = programme.period.start - _DAY, register_of(target.metric)
    if before not in stock:
        return Number(None, missing=f"{where}中没有 {programme.period.start} 以前的记录，基期数未知")
    return _between(stock[before], wanted, before, due, as_of, f"从 {before} {where}的 {stock[before]} 起")


def _count_forecast(
    target: Target,
    as_of: dt.date,
    due: dt.date,
    counts: Counts,
    window: Window,
    value: int,
    stock: Mapping[dt.date, Decimal],
    first: dt.date | None,
    *,
    final: bool,
) -> tuple[Number, dt.date | None]:
    if final:
        return Number(None, missing="已到目标日，不再预测"), None
    on = min(dt.date(as_of.year, 12, 31), due)
    if window.start is not None:
        passed = (as_of - window.start).days + 1
        if passed < LEAST_DAYS:
            return Number(None, missing=f"统计期只过了 {passed} 天，不足 {LEAST_DAYS} 天，不能预测"), on
        pace = Decimal(value) / passed
        how = f"按 {window.start} 以来的日均新增 {pace:.4f} 推到 {on}"
        return Number(_whole(value + pace * (on - as_of).days), how=how), on
    if first is None or first > as_of - YEAR:
        return Number(None, missing=f"{register_of(target.metric)}记录不足一年，点数太少，不能预测"), on
    slope = _slope([(day, stock[day]) for day in _trend(as_of)])
    how = f"按最近一年每季在册数的直线趋势（每天 {slope:+.4f} {target.unit}）推到 {on}"
    if ending := counts.ending(target.metric, as_of, on):
        how += f"；其中 {ending} {target.unit}的有效期届时已满，未通过复核会减少"
    return Number(max(Decimal(0), _whole(value + slope * (on - as_of).days)), how=how), on


# -- figures of the issuing unit ------------------------------------------------------------------------------------


def _from_figures(
    target: Target, programme: Programme, as_of: dt.date, known: list[Figure], year: int | None, *, final: bool
) -> tuple[Number, Figure | None]:
    if target.kind == "yearly_average":
        return _mean(programme, as_of, known), known[-1] if known else None
    if target.kind == "yearly":
        known = [each for each in known if each.start.year == each.end.year == year]
    if target.kind == "annual_level":
        known = [each for each in known if each.start.year == each.end.year]
    if not known:
        when = f"{year} 年" if year else f"{as_of} 以前"
        return Number(None, missing=f"发布单位还没有{when}的数据"), None
    last = known[-1]
    how = f"{last.issued_by}，{last.start} 至 {last.end}，口径：{last.scope}，{last.document}"
    wanted_year = year or target.by
    stale = f"没有 {wanted_year} 年的数据，最近一期到 {last.end}" if last.end.year != wanted_year and final else ""
    if year and final and last.end < dt.date(year, 12, 31):
        stale = f"{year} 年的数据只到 {last.end}，不是全年"
    return Number(last.value, how=how, missing="" if target.kind == "milestone" else stale), last


def _mean(programme: Programme, as_of: dt.date, known: list[Figure]) -> Number:
    """The mean of the plan's whole years so far; a year without its figure leaves it unknown."""
    years = [year for year in programme.period.years if dt.date(year, 12, 31) <= as_of]
    whole = {each.end.year: each.value for each in known if each.start.year == each.end.year and _ends_year(each.end)}
    lacking = [str(year) for year in years if year not in whole]
    if not years:
        return Number(None, missing="计划期内还没有完整的一年")
    if lacking:
        return Number(None, missing=f"缺 {'、'.join(lacking)} 年的全年数据，算不出年均")
    mean = sum((whole[year] for year in years), Decimal(0)) / len(years)
    return Number(mean.quantize(Decimal("0.01"), ROUND_HALF_EVEN), how=f"{years[0]}—{years[-1]} 年各年平均")


def _ends_year(day: dt.date) -> bool:
    return (day.month, day.day) == (12, 31)


def _figure_line(
    target: Target, programme: Programme, as_of: dt.date, due: dt.date, known: list[Figure], year: int | None
) -> Number:
    wanted = target.threshold.value
    if wanted is None:
        return Number(None, missing="没有数值目标")
    if target.kind == "yearly" and year is not None:
        start = dt.date(year, 1, 1)
        return _between(Decimal(0), wanted, start - _DAY, due, as_of, f"从 {start} 的 0 起")
    if target.kind == "yearly_average":
        return Number(wanted, how="年均目标，每年相同")
    before = [each for each in known if each.end < programme.period.start]
    if not before:
        return Number(None, missing=f"没有 {programme.period.start} 以前的基期数据")
    base = before[-1]
    return _between(base.value, wanted, base.end, due, as_of, f"从 {base.end} 的 {base.value} 起")


def _figure_forecast(
    target: Target, as_of: dt.date, due: dt.date, known: list[Figure], *, final: bool
) -> tuple[Number, dt.date | None]:
    if final:
        return Number(None, missing="已到目标日，不再预测"), None
    on = min(dt.date(as_of.year, 12, 31), due)
    if target.kind in ("yearly", "yearly_average", "milestone"):
        return Number(None, missing="按年的数据或完成事项，不作趋势预测"), on
    if len({each.end for each in known}) < FEWEST_POINTS:
        return Number(None, missing=f"只有 {len(known)} 期数据，少于 {FEWEST_POINTS} 期，不能预测"), on
    slope = _slope([(each.end, each.value) for each in known])
    last = known[-1]
    value = last.value + slope * (on - last.end).days
    how = f"按 {len(known)} 期数据的直线趋势（每天 {slope:+.5f}）从 {last.end} 推到 {on}"
    return Number(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN), how=how), on


# -- arithmetic -----------------------------------------------------------------------------------------------------


def _between(begin: Decimal, end: Decimal, start: dt.date, due: dt.date, day: dt.date, how: str) -> Number:
    """The straight line from `start` to `due`, on `day`."""
    total = (due - start).days
    passed = min(max((day - start).days, 0), total)
    value = begin + (end - begin) * passed / total
    return Number(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN), how=f"{how}，到 {due} 的 {end} 直线内插")


def _slope(points: Sequence[tuple[dt.date, Decimal]]) -> Decimal:
    """The least-squares line through the points, per day."""
    origin = points[0][0]
    xs = [Decimal((day - origin).days) for day, _ in points]
    mean_x = sum(xs, Decimal(0)) / len(xs)
    mean_y = sum((value for _, value in points), Decimal(0)) / len(points)
    spread = sum(((x - mean_x) ** 2 for x in xs), Decimal(0))
    shared = sum(((x - mean_x) * (value - mean_y) for x, (_, value) in zip(xs, points, strict=True)), Decimal(0))
    return shared / spread if spread else Decimal(0)


def _whole(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1), ROUND_HALF_EVEN)
