"""Targets, figures and enterprises behind a number, as answers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rulebook.units import plain_decimal
from services.registry.api.programme_render import conflict_out, quotation_out
from services.registry.api.programme_target_schemas import (
    FigureOut,
    HolderOut,
    NumberOut,
    TargetOut,
    WindowOut,
    YearOut,
)
from services.registry.api.render import coded, status_out
from services.registry.api.schemas import Coded
from services.registry.domain.programmes.attainment import STATUSES, Number, Standing
from services.registry.domain.programmes.counting import REASONS, Window
from services.registry.domain.programmes.model import COMPARISONS, COUNTS, KINDS, Programme
from services.registry.domain.titles import STATES, TITLES
from services.registry.store.programme_counts import Holder
from services.registry.store.programme_tables import FigureRow
from services.registry.store.reference import Reference


def plain(value: Decimal | None) -> str | None:
    return None if value is None else plain_decimal(value)


def number_out(number: Number) -> NumberOut:
    return NumberOut(value=plain(number.value), how=number.how or None, missing=number.missing or None)


def window_out(window: Window) -> WindowOut:
    return WindowOut(start=window.start, until=window.until)


def target_out(programme: Programme, standing: Standing, years: Sequence[Standing] = ()) -> TargetOut:
    target = standing.target
    threshold, metric = target.threshold, target.metric
    return TargetOut(
        id=target.id,
        label=target.label,
        metric=Coded(code=metric.id, label=metric.label),
        among=coded(metric.among, TITLES.get(metric.among or "")),
        counted_in=Coded(code=metric.counts, label=COUNTS[metric.counts]),
        kind=Coded(code=target.kind, label=KINDS[target.kind]),
        operator=list(threshold.operator),
        comparison=Coded(code=threshold.comparison, label=COMPARISONS[threshold.comparison]),
        value=plain(threshold.value),
        lowest=plain(threshold.lowest(target.tolerance)),
        stretch=None if target.stretch is None else plain(target.stretch.value),
        unit=target.unit or None,
        by=target.by,
        quotation=quotation_out(target.quotation),
        annex=None if target.annex is None else quotation_out(target.annex),
        tasks=list(target.tasks),
        decisions=list(target.decisions),
        note=target.note,
        conflicts=[conflict_out(each) for each in programme.conflicts_about(target.id)],
        as_of=standing.as_of,
        year=standing.year,
        due=standing.due,
        attained=number_out(standing.attained),
        percent=plain(standing.percent),
        plan_line=number_out(standing.plan_line),
        forecast=number_out(standing.forecast),
        forecast_on=standing.forecast_on,
        status=_status(standing),
        final=standing.final,
        reaches_stretch=standing.reaches_stretch,
        drillable=standing.window is not None,
        window=None if standing.window is None else window_out(standing.window),
        years=[
            YearOut(
                year=each.year or each.due.year,
                attained=number_out(each.attained),
                status=_status(each),
                final=each.final,
            )
            for each in years
        ],
    )


def _status(standing: Standing) -> Coded:
    return Coded(code=standing.status, label=STATUSES[standing.status])


def holder_out(holder: Holder, known: Reference) -> HolderOut:
    return HolderOut(
        uscc=holder.uscc,
        name=holder.name,
        district=coded(holder.district_code, known.places.name_of(holder.district_code)),
        status=status_out(holder.status),
        title_id=holder.record_id,
        document=holder.document,
        announced_on=holder.announced_on,
        valid_from=holder.valid_from,
        valid_to=holder.valid_to,
        title_state=Coded(code=holder.state, label=STATES[holder.state]),
        counted=holder.reason is None,
        reason=coded(holder.reason, REASONS.get(holder.reason or "")),
        undated=holder.begins_by == "recording",
    )


def figure_out(row: FigureRow) -> FigureOut:
    return FigureOut(
        id=row.id,
        period_start=row.period_start,
        period_end=row.period_end,
        value=plain(row.value) or "0",
        scope=row.scope,
        issued_by=row.issued_by,
        document=row.document,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        corrects=row.corrects,
        correction_reason=row.correction_reason,
        superseded_at=row.superseded_at,
    )
