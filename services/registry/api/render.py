"""Rows as answers: codes get their Chinese labels, facts their meaning from the dictionary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from chassis.clock import SHANGHAI
from chassis.db import Transaction
from rulebook.dictionary import SOURCE_KINDS, Dictionary
from services.registry.api.schemas import (
    Coded,
    CompletenessOut,
    EnterpriseFile,
    EnterpriseOut,
    FactOut,
    FormerNameOut,
    MissingOut,
    ParkOut,
    PeriodOut,
    PlaceOut,
    SuccessionOut,
    TitleOut,
)
from services.registry.domain.addresses import HOWS, resolve_address
from services.registry.domain.change_rules import KINDS
from services.registry.domain.enterprises import FIELDS
from services.registry.domain.facts import Entry, completeness
from services.registry.domain.file_errors import NotRegisteredThen
from services.registry.domain.life_cycle import STAGES, LifeCycles
from services.registry.domain.standing import SIZES, UNKNOWN, listing_label, risk_label
from services.registry.domain.status import RegistrationStatus
from services.registry.domain.titles import STATES as TITLE_STATES
from services.registry.domain.titles import TITLES
from services.registry.store.history import History
from services.registry.store.ledger_tables import FormerNameRow
from services.registry.store.parks import ParkStays, Stay
from services.registry.store.reference import Reference
from services.registry.store.successions import Carried, successions_of
from services.registry.store.tables import EnterpriseRow, TitleRecordRow


def coded(code: str | None, label: str | None) -> Coded | None:
    return None if code is None else Coded(code=code, label=label or code)


def status_out(status: str | None) -> Coded:
    if status is None:
        return Coded(code=UNKNOWN, label="未知")
    return Coded(code=status, label=RegistrationStatus(status).label)


def enterprise_fields(row: EnterpriseRow | Any, known: Reference) -> dict[str, Any]:
    """The fields of EnterpriseOut."""
    industry = known.industries.by_code.get(row.industry_code or "")
    capital = row.registered_capital
    return {
        "uscc": row.uscc,
        "name": row.name,
        "registered_address": row.registered_address,
        "actual_address": row.actual_address,
        "district": coded(row.district_code, known.places.name_of(row.district_code)),
        "industry": coded(row.industry_code, industry.name if industry else None),
        "established_on": row.established_on,
        "registered_capital": None if capital is None else format(capital.normalize(), "f"),
        "registered_capital_currency": row.registered_capital_currency,
        "status": status_out(row.status),
        "listing_status": coded(row.listing_status, listing_label(row.listing_status or "")),
        "risk_flags": [Coded(code=flag, label=risk_label(flag)) for flag in row.risk_flags],
        "size_class": coded(row.size_class, SIZES.get(row.size_class or "")),
        "size_reason": row.size_reason,
        "synthetic": row.synthetic,
        "version": row.version,
        "changed_at": row.changed_at,
    }


def enterprise_out(row: EnterpriseRow, known: Reference) -> EnterpriseOut:
    return EnterpriseOut(**enterprise_fields(row, known))


def title_out(record: TitleRecordRow | Any, life_cycles: LifeCycles) -> TitleOut:
    stage = life_cycles.stage(record.title, record.state, record.review_outcome, record.cancelled_kind)
    return TitleOut(
        title_id=record.id,
        title=Coded(code=record.title, label=TITLES[record.title]),
        batch=record.batch,
        document_number=record.document_number,
        decision_reference=record.decision_reference,
        issued_by=record.issued_by,
        announced_on=record.announced_on,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
        state=Coded(code=record.state, label=TITLE_STATES[record.state]),
        stage=Coded(code=stage, label=STAGES[stage][0]),
        source=record.source,
        recorded_at=record.recorded_at,
        cancelled_kind=record.cancelled_kind,
        cancelled_reason=record.cancelled_reason,
        cancelled_on=record.cancelled_on,
        reapply_ban=record.reapply_ban,
        banned_until=record.banned_until,
    )


def fact_out(fact_id: str, entry: Entry, dictionary: Dictionary) -> FactOut:
    """One entry; a fact that the dictionary no longer has is shown by its id."""
    fact = dictionary.find(fact_id)
    value = entry["value"]
    return FactOut(
        fact=fact_id,
        label=fact.label if fact else fact_id,
        type=fact.type if fact else "text",
        unit=fact.unit if fact else None,
        value=value,
        value_label=fact.label_of(value) if fact and fact.type == "code" else None,
        source=Coded(code=entry["source"], label=SOURCE_KINDS.get(entry["source"], entry["source"])),
        as_of=entry["as_of"],
        recorded_at=entry["recorded_at"],
    )


def periods_out(periods: Mapping[int, Mapping[str, Entry]], dictionary: Dictionary) -> list[PeriodOut]:
    """Periods, the latest year first, point facts last; facts in the dictionary's order."""
    order = {fact.id: place for place, fact in enumerate(dictionary)}

    def facts(entries: Mapping[str, Entry]) -> Iterable[FactOut]:
        for fact_id in sorted(entries, key=lambda each: (order.get(each, len(order)), each)):
            yield fact_out(fact_id, entries[fact_id], dictionary)

    return [
        PeriodOut(fiscal_year=year, label=f"{year} 年度" if year else "时点", facts=list(facts(periods[year])))
        for year in sorted(periods, reverse=True)
        if periods[year]
    ]


@dataclass(frozen=True, slots=True)
class Facets:
    """What a file shows: the enterprise itself (a row, or what has its columns), titles, facts, former names."""

    row: EnterpriseRow | Any
    titles: Sequence[TitleRecordRow | Any]
    periods: Mapping[int, Mapping[str, Entry]]
    former_names: Sequence[FormerNameRow]
    park: Stay | None
    as_of: dt.datetime | None = None
    unknown: Sequence[str] = ()
    predecessors: Sequence[Carried] = ()
    successors: Sequence[Carried] = ()


def past_facets(tx: Transaction, row: EnterpriseRow, history: History, moment: dt.datetime) -> Facets:
    """The file as the registry told it at `moment`. Raises NotRegisteredThen."""
    state = history.state_at(moment)
    if state is None:
        raise NotRegisteredThen(
            f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 时该企业尚未登记入库"
            f"（{row.registered_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M} 登记），请查询此后的时点"
        )
    titles, periods = history.titles_at(moment), history.facts_at(moment)
    then = SimpleNamespace(
        uscc=row.uscc,
        **{name: getattr(state.identity, name) for name in FIELDS},
        size_class=state.size_class,
        size_reason=state.size_reason,
        version=state.version,
        changed_at=history.changed_at(moment, state),
    )
    carried = successions_of(tx, row.uscc, moment)
    park = ParkStays(tx).told_at(row.uscc, moment)
    return Facets(then, titles, periods, history.former_names(moment), park, moment, state.unknown, *carried)


def enterprise_file(
    found: Facets,
    *,
    known: Reference,
    dictionary: Dictionary,
    life_cycles: LifeCycles,
    fiscal_year: int,
) -> EnterpriseFile:
    """Everything that is on file of one enterprise."""
    counted = completeness(dictionary, found.periods, fiscal_year)
    return EnterpriseFile(
        **enterprise_fields(found.row, known),
        park=park_out(found.park),
        titles=[title_out(record, life_cycles) for record in found.titles],
        facts=periods_out(found.periods, dictionary),
        completeness=CompletenessOut(
            fiscal_year=counted.fiscal_year,
            present=counted.present,
            expected=counted.expected,
            score=str(counted.score),
            missing=[
                MissingOut(fact=fact, label=dictionary[fact].label, fiscal_year=year) for fact, year in counted.missing
            ],
        ),
        registered_place=place_out(found.row.registered_address, found.row.district_code, known),
        actual_place=place_out(found.row.actual_address, found.row.district_code, known),
        former_names=[former_name_out(each, found.as_of) for each in found.former_names],
        predecessors=[succession_out(each) for each in found.predecessors],
        successors=[succession_out(each) for each in found.successors],
        as_of=found.as_of,
        unknown=list(found.unknown),
    )


def park_out(found: Stay | None) -> ParkOut | None:
    return None if found is None else ParkOut(park_id=found.row.park_id, name=found.name, since=found.row.since)


def place_out(address: str | None, recorded: str | None, known: Reference) -> PlaceOut:
    place = resolve_address(address, recorded, known.places)
    division = place.division
    return PlaceOut(
        district=division and Coded(code=division.code, label=division.full_name),
        how=Coded(code=place.how, label=HOWS[place.how]),
        remark=place.remark,
    )


def succession_out(found: Carried) -> SuccessionOut:
    row = found.row
    return SuccessionOut(
        kind=Coded(code=row.kind, label=KINDS[row.kind]),
        uscc=found.uscc,
        name=found.name,
        continues=row.continues,
        effective_on=row.effective_on,
        document=row.document,
    )


def former_name_out(row: FormerNameRow, moment: dt.datetime | None = None) -> FormerNameOut:
    """Its days are told as of `moment` only if they had been stated by then."""
    known = moment is None or row.stated_at is None or row.stated_at <= moment
    days = {"valid_from": row.valid_from, "valid_to": row.valid_to, "document": row.document} if known else {}
    return FormerNameOut(name=row.name, known_since=row.left_at, **days)
