"""The yearly development report (年度发展报告) of a programme, from the same numbers that the API shows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from chassis import clock
from chassis.db import Transaction
from rulebook.units import plain_decimal
from services.registry.domain.programmes.attainment import STATUSES, Number, Standing
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.errors import ReportYearRefused
from services.registry.domain.programmes.ledger import STATES, due_of_task, periods_of
from services.registry.domain.programmes.model import COMPARISONS, COUNTS, Metric, Programme, Reading, Target
from services.registry.domain.programmes.report import Chart, Report, Section, Table
from services.registry.store.programme_counts import TitleCounts
from services.registry.store.programme_figures import Figures
from services.registry.store.programme_ledger import Assignments, Ledger
from services.registry.store.programme_tables import AssignmentRow
from services.registry.store.reference import reference
from services.registry.use_cases.programmes.decompose import names_of
from services.registry.use_cases.programmes.evaluate import stand_all

NOTHING = "—"
PROMISE = "数量目标是本方案自己的承诺；现行国家办法不层层设定培育数量指标，不作为国家办法的要求（A-33）。"


def yearly_report(tx: Transaction, programme: Programme, year: int) -> Report:
    """The state at the end of `year`, or today while the year runs. Raises ReportYearRefused outside the plan."""
    today = clock.today()
    if year not in programme.period.years or year > today.year:
        last = min(programme.period.end.year, today.year)
        raise ReportYearRefused(f"该计划可出 {programme.period.start.year} 到 {last} 年的年度报告，没有 {year} 年的")
    day = min(today, dt.date(year, 12, 31))
    standings = stand_all(tx, programme, programme.targets, day)
    sections = [
        _overview(programme, day, standings),
        _targets(standings),
        *_titles(tx, programme, day),
        *_districts(tx, programme, day),
        *_figures(tx, programme, day),
        _tasks(tx, programme, year, day),
        *_assignments(tx, programme, year),
        _conflicts(programme),
    ]
    return Report(
        title=f"{year} 年度发展报告",
        subtitle=programme.label,
        sections=tuple(sections),
        basis=f"数据截至 {day}；方案版本 {programme.sha256[:12]}；由培育平台按登记数据生成",
    )


def _overview(programme: Programme, day: dt.date, standings: Sequence[Standing]) -> Section:
    paper, period = programme.paper, programme.period
    issued = f"，{paper.issued_on} 印发" if paper.issued_on else ""
    counted = Counter(each.status for each in standings)
    shares = "，".join(f"{label} {counted[code]} 项" for code, label in STATUSES.items() if counted[code])
    paragraphs = [
        f"依据《{paper.name}》（{paper.number}；{paper.issuer}{issued}）。计划期 {period.start} 至 {period.end}。",
        f"截至 {day}，{len(standings)} 项目标中：{shares}。没有数据的目标不按零计算。",
        PROMISE,
    ]
    if programme.over(day):
        paragraphs.append("计划期已过，本报告为期末评价；是否延续请主管部门确认（A-17）。")
    if programme.orders:
        ordered = "；".join(f"{each.label}（“{each.quotation.text}”）" for each in programme.orders)
        paragraphs.append(f"方案要求的督查工作：{ordered}。")
    return Section("计划概况", tuple(paragraphs))


def _targets(standings: Sequence[Standing]) -> Section:
    rows = tuple(_target_row(each) for each in standings)
    columns = ("编号", "目标", "原文", "目标数", "完成数", "完成率", "计划线", "年底预测", "状态", "数据来源或缺口")
    drawn = [each for each in standings if each.percent is not None]
    charts: tuple[Chart, ...] = ()
    if drawn:
        names = tuple(f"{each.target.id} {each.target.label}" for each in drawn)
        charts = (Chart("目标完成率", "%", names, (("完成率", tuple(each.percent for each in drawn)),)),)
    return Section(
        "目标完成情况", (), (Table(columns, (1.0, 1.6, 2.4, 1.0, 0.9, 0.8, 0.9, 0.9, 1.0, 2.4), rows),), charts
    )


def _target_row(standing: Standing) -> tuple[str, ...]:
    target = standing.target
    percent = f"{standing.percent}%" if standing.percent is not None else NOTHING
    source = standing.attained.missing or standing.attained.how or COUNTS[target.metric.counts]
    year = f"（{standing.year} 年）" if standing.year else ""
    return (
        target.id,
        target.label + year,
        f"“{target.quotation.text}”（L{target.quotation.lines}）",
        wanted_words(target),
        _said(standing.attained, target.unit),
        percent,
        _said(standing.plan_line, target.unit),
        _said(standing.forecast, target.unit),
        STATUSES[standing.status],
        source,
    )


def wanted_words(target: Target) -> str:
    """The number with its comparison: 不少于 100 家, 确保多于 60 个，力争 80 个."""
    value = target.threshold.value
    if value is None:
        return "完成"
    words = COMPARISONS[target.threshold.comparison]
    said = f"{value} {target.unit}左右" if words == "左右" else f"{words} {value} {target.unit}"
    return f"{said}，力争 {target.stretch.value} {target.unit}" if target.stretch is not None else said


def _said(number: Number, unit: str) -> str:
    return NOTHING if number.value is None else _with_unit(number.value, unit)


def _with_unit(value: Decimal, unit: str) -> str:
    return f"{plain_decimal(value)} {unit}".strip()


def _metrics(programme: Programme) -> list[Metric]:
    found = {each.metric.id: each.metric for each in programme.targets if each.metric.counts == "titles"}
    return list(found.values())


def _titles(tx: Transaction, programme: Programme, day: dt.date) -> list[Section]:
    counts = TitleCounts(tx, programme)
    metrics = [each for each in _metrics(programme) if not counts.missing(each)]
    ends = [min(day, dt.date(year, 12, 31)) for year in programme.period.years if dt.date(year, 1, 1) <= day]
    if not metrics or not ends:
        return []
    windows = [Window(None, end) for end in ends]
    found = {metric.label: counts.count(metric, windows) for metric in metrics}
    series = [(label, tuple(Decimal(numbers[window]) for window in windows)) for label, numbers in found.items()]
    columns = ("称号", *(f"{end}" for end in ends))
    rows = tuple((label, *(f"{value} 家" for value in values)) for label, values in series)
    told = "按称号台账逐日计数：有效和复核中的计入，一家企业计一次。"
    table = Table(columns, (2.0, *(1.0 for _ in ends)), rows)
    chart = Chart("各类称号在册企业数", "家", tuple(str(end) for end in ends), tuple(series))
    return [Section("称号逐年情况", (told,), (table,), (chart,))]


def _districts(tx: Transaction, programme: Programme, day: dt.date) -> list[Section]:
    counts, known = TitleCounts(tx, programme), reference(tx)
    metrics = [each for each in _metrics(programme) if not counts.missing(each)]
    found = {metric.id: counts.by_district(metric, Window(None, day)) for metric in metrics}
    districts = sorted({code for numbers in found.values() for code in numbers})
    if len(districts) < 2:
        return []
    names = {code: (known.places.name_of(code) or code) for code in districts}
    rows = tuple((names[code], *(f"{found[metric.id].get(code, 0)} 家" for metric in metrics)) for code in districts)
    table = Table(("地区", *(each.label for each in metrics)), (1.6, *(1.0 for _ in metrics)), rows)
    series = tuple(
        (metric.label, tuple(Decimal(found[metric.id].get(code, 0)) for code in districts)) for metric in metrics
    )
    chart = Chart("分地区在册企业数", "家", tuple(names[code] for code in districts), series)
    return [Section("分地区情况", ("按企业现登记地统计。",), (table,), (chart,))]


def _figures(tx: Transaction, programme: Programme, day: dt.date) -> list[Section]:
    standing = Figures(tx).standing(programme.id)
    rows = []
    for target in programme.targets:
        for each in standing.get(target.id, []):
            if each.end <= day:
                value = _with_unit(each.value, target.unit)
                period = f"{each.start} 至 {each.end}"
                rows.append((target.id, target.label, period, value, each.scope, each.issued_by, each.document))
    if not rows:
        return []
    columns = ("编号", "目标", "期间", "数值", "口径", "发布单位", "文件")
    table = Table(columns, (0.9, 1.8, 1.4, 0.8, 1.8, 1.0, 1.6), tuple(rows))
    return [Section("发布单位的数据", ("更正过的数据只列最新的一条，历史保留在平台中。",), (table,))]


def _tasks(tx: Transaction, programme: Programme, year: int, day: dt.date) -> Section:
    entries = Ledger(tx).entries(programme.id)
    rows = []
    counted: Counter[str] = Counter()
    for task in programme.tasks:
        periods = [period for period in periods_of(task, programme) if period in (0, year)]
        for period in periods:
            row = entries.get((task.id, period))
            state = "open" if row is None else row.state
            due = row.due_on if row is not None else due_of_task(task, period).on
            late = due is not None and due < day and state != "closed"
            counted["late" if late else state] += 1
            said = "、".join(task.units) or "原文没有写明责任单位"
            shown = STATES[state] + ("（逾期）" if late else "")
            rows.append((task.item, task.label, said, str(due) if due else "未写明", shown))
    words = [f"{STATES[code]} {counted[code]} 项" for code in STATES if counted[code]]
    words += [f"逾期 {counted['late']} 项"] if counted["late"] else []
    columns = ("序号", "任务", "责任单位", "时限", "状态")
    table = Table(columns, (0.9, 2.4, 2.8, 1.0, 1.0), tuple(rows))
    return Section(
        "任务办理情况", (f"共 {len(rows)} 项任务：{'，'.join(words)}。办理状态为生成报告时的状态。",), (table,)
    )


def _assignments(tx: Transaction, programme: Programme, year: int) -> list[Section]:
    rows = []
    for row in Assignments(tx).standing(programme.id, year=year):
        target = programme.target(row.target_id)
        if target is not None:
            name = _assignee(tx, row, programme)
            value = _with_unit(row.value, target.unit)
            rows.append((target.id, target.label, name, value, row.document))
    if not rows:
        return []
    table = Table(("编号", "目标", "地区或单位", "分解数", "文件"), (0.9, 2.0, 1.8, 1.0, 2.0), tuple(rows))
    return [Section(f"{year} 年目标分解", (), (table,))]


def _assignee(tx: Transaction, row: AssignmentRow, programme: Programme) -> str:
    return names_of(tx, row.kind, [row.assignee], programme).get(row.assignee, row.assignee)


def _conflicts(programme: Programme) -> Section:
    rows = []
    for each in programme.conflicts:
        readings = "；".join(
            f"{reading.source}"
            + (
                f"（L{reading.quotation.lines}“{reading.quotation.text}”）"
                if reading.quotation
                else f"（大意：{reading.gist}）"
            )
            for reading in each.readings
        )
        rows.append((each.decision, each.question, readings, each.used, each.because))
    columns = ("决定", "问题", "两处来源", "采用", "理由")
    return Section(
        "口径和分歧",
        ("文件中有分歧或可作两种理解之处，两处来源都保留，并写明采用哪一种。",),
        (Table(columns, (0.7, 2.0, 3.4, 1.2, 2.2), tuple(rows)),),
    )


def _reading(reading: Reading) -> str:
    quotation = reading.quotation
    said = f"大意：{reading.gist}" if quotation is None else f"L{quotation.lines}“{quotation.text}”"
    return f"{reading.source}（{said}）"
