"""Where the targets of a programme stand on a day."""

from __future__ import annotations

import datetime as dt

from chassis.db import Transaction
from services.registry.domain.programmes.attainment import Standing, due_of, evaluate, window_of, year_meant
from services.registry.domain.programmes.counting import Window
from services.registry.domain.programmes.model import Programme, Target
from services.registry.store.programme_figures import Figures
from services.registry.store.programme_registers import RegisterOfMetric


def stand(tx: Transaction, programme: Programme, target: Target, day: dt.date, year: int | None = None) -> Standing:
    """One target."""
    figures = Figures(tx).standing(programme.id).get(target.id, [])
    return evaluate(target, programme, day, RegisterOfMetric(tx, programme), figures, year)


def stand_all(tx: Transaction, programme: Programme, targets: tuple[Target, ...], day: dt.date) -> list[Standing]:
    """Several targets, in their order."""
    counts, figures = RegisterOfMetric(tx, programme), Figures(tx).standing(programme.id)
    return [evaluate(each, programme, day, counts, figures.get(each.id, [])) for each in targets]


def counted_window(
    tx: Transaction, programme: Programme, target: Target, day: dt.date, year: int | None
) -> tuple[Window | None, str]:
    """What of the register the target counts on `day`, or null and why there is nothing to list."""
    year = (year or year_meant(target, programme, day)) if target.kind == "yearly" else None
    if target.metric.counts in ("figure", "milestone"):
        return None, "该目标用发布单位的数据，不由企业计数"
    if missing := RegisterOfMetric(tx, programme).missing(target.metric):
        return None, missing
    window = window_of(target, programme, min(day, due_of(target, programme, year)), year)
    return window, "" if window else "每个主体的完成情况尚无登记"


def years_of(tx: Transaction, programme: Programme, target: Target, day: dt.date) -> list[Standing]:
    """A target of every year: each year of the plan that has begun; empty for other kinds."""
    if target.kind != "yearly":
        return []
    counts, figures = RegisterOfMetric(tx, programme), Figures(tx).standing(programme.id).get(target.id, [])
    begun = [year for year in programme.period.years if dt.date(year, 1, 1) <= day]
    return [evaluate(target, programme, day, counts, figures, year) for year in begun]
