"""What the import templates hold: columns with units and hints, and the values a cell may take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rulebook.dictionary import SOURCE_KINDS, Dictionary, Fact
from rulebook.values import expectation
from services.registry.domain.columns import COLUMNS, REQUIRED, Column
from services.registry.domain.standing import LISTINGS
from services.registry.domain.titles import STATES, TITLES

YES_NO = ("是", "否")
_STATUS = ("存续", "停业", "吊销", "撤销", "注销", "迁出")
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("enterprises", "status"): _STATUS,
    ("enterprises", "listing_status"): tuple(label for label, _ in LISTINGS.values()),
    ("enterprises", "synthetic"): YES_NO,
    ("facts", "source"): tuple(label for kind, label in SOURCE_KINDS.items() if kind != "official_finding"),
    ("titles", "title"): tuple(TITLES.values()),
    ("titles", "state"): tuple(STATES.values()),
}
_PERIODS = {"fiscal_year": "每年度", "point": "时点"}


@dataclass(frozen=True, slots=True)
class TemplateColumn:
    """One column: its header, whether it must be filled, how, and the values to choose from."""

    header: str
    required: bool
    hint: str
    period: str = ""
    section: str = ""
    choices: tuple[str, ...] = ()


def template_columns(kind: str, dictionary: Dictionary) -> list[TemplateColumn]:
    """The columns of a kind's template; for facts those of the whole dictionary follow the named ones."""
    columns = [_named(kind, each) for each in COLUMNS[kind] if each.key != "remark"]
    return [*columns, *_facts(dictionary)] if kind == "facts" else columns


def _named(kind: str, column: Column) -> TemplateColumn:
    required = any(column.key == group[0] for group in REQUIRED[kind])
    hint = column.hint
    for group in REQUIRED[kind]:
        if len(group) > 1 and column.key in group:
            hint += "（与另一列至少填一项）"
    return TemplateColumn(column.label, required, hint, choices=_CHOICES.get((kind, column.key), ()))


def _facts(dictionary: Dictionary) -> Iterator[TemplateColumn]:
    for fact in dictionary:
        yield TemplateColumn(
            header=fact_header(fact),
            required=False,
            hint="；".join(filter(None, (expectation(fact), fact.description))),
            period=_PERIODS[fact.period],
            section=fact.section,
            choices=YES_NO if fact.type == "boolean" else tuple(value.label for value in fact.allowed),
        )


def fact_header(fact: Fact) -> str:
    """The header of a fact's column: money in 万元, ratios in percent, both said."""
    unit = {"money": "(万元)", "ratio": "(%)"}.get(fact.type, "")
    return fact.label + unit
