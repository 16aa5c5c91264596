"""Targets, figures and enterprises behind a number, as answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rulebook.units import plain_decimal
from services.registry.api.programme_render import conflict_out, quotation_out
from services.registry.api.programme_target_schemas import (
    EntryOut,
    FigureOut,
    HolderOut,
    NumberOut,
    TargetOut,
    WindowOut,
    YearOut,
)
from services.registry.api.render import coded, status_out
from services.registry.api.schemas import Coded
from services.registry.domain.items import ItemKinds
from services.registry.domain.pool import PoolRules
from services.registry.domain.programmes.attainment import STATUSES, Number, Standing
from services.registry.domain.programmes.counting import REASONS, Window
from services.registry.domain.programmes.model import COMPARISONS, COUNTS, KINDS, LEVELLED, ONCE, Metric, Programme
from services.registry.domain.projects import STAGES, THEMES
from services.registry.domain.titles import STATES, TITLES
from services.registry.store.programme_counts import Holder
from services.registry.store.programme_entries import Entry
from services.registry.store.programme_tables import FigureRow
from services.registry.store.reference import Reference


def plain(value: Decimal | None) -> str | None:
    return None if value is None else plain_decimal(value)


def number_out(number: Number) -> NumberOut:
    return NumberOut(value=plain(number.value), how=number.how or None, missing=number.missing or None)


def window_out(window: Window) -> WindowOut:
    return WindowOut(start=window.start, until=window.until)


@dataclass(frozen=True, slots=True)
class Labels:
    """What kinds and levels of the registers are called, by the files that this registry works with."""

    items: ItemKinds
    pools: PoolRules

    def kind(self, metric: Metric, code: str) -> str:
        pools = {pool: each.label for pool, each in self.pools.pools.items()}
        known = {"pool": pools, "carriers": self.items.carriers, "projects": STAGES, "cases": THEMES, "titles": TITLES}
        if metric.each is not None:
            return self.items.carriers.get(code, code)
        found = known.get(metric.counts)
        return self.items.label_of(code) if found is None else found.get(code, code)

    def level(self, metric: Metric, code: str, pool: str = "") -> str:
        if metric.counts == "pool":
            return self.pools.tier_label(pool, code)
        return (STATES if metric.counts == "titles" else self.items.levels).get(code, code)


def target_out(programme: Programme, standing: Standing, labels: Labels, years: Sequence[Standing] = ()) -> TargetOut:
    target = standing.target
    threshold, metric = target.threshold, target.metric
    return TargetOut(
        id=target.id,
        label=target.label,
        metric=Coded(code=metric.id, label=metric.label),
        among=coded(metric.among, TITLES.get(metric.among or "")),
        holders=[Coded(code=each, label=TITLES[each]) for each in metric.holders],
        levels=[Coded(code=each, label=labels.level(metric, each)) for each in metric.levels],
        once=Coded(code=metric.once, label=ONCE[metric.once]) if metric.counts in LEVELLED else None,
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
        subjects=standing.subjects,
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


def entry_out(entry: Entry, metric: Metric, known: Reference, labels: Labels) -> EntryOut:
    kind, level = entry.kind, entry.level
    return EntryOut(
        entry_id=entry.record_id,
        uscc=entry.uscc,
        carrier_id=entry.carrier_id,
        name=entry.subject,
        district=coded(entry.district_code, known.places.name_of(entry.district_code)),
        kind=None if kind is None else Coded(code=kind, label=labels.kind(metric, kind)),
        level=None if level is None else Coded(code=level, label=labels.level(metric, level, kind or "")),
        label=entry.label,
        number=entry.number,
        document=entry.document,
        begins=entry.begins,
        valid_from=entry.valid_from,
        valid_to=entry.valid_to,
        ended_on=entry.gone_on,
        counted=entry.reason is None,
        reason=coded(entry.reason, REASONS.get(entry.reason or "")),
        undated=entry.begins_by == "recording",
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
