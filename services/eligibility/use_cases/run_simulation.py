"""Judge a population by the rules in use and by others, and say who flips, which way, and which lines do it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from chassis import blobs, clock
from chassis.db import Transaction
from contracts.events.eligibility import DistrictFlips, FlipListReady
from rulebook.columnar import ColumnarPack, compile_pack
from rulebook.columnar_codes import NOT_JUDGED, VERDICTS, Codes
from rulebook.columnar_result import ColumnarResult
from rulebook.columnar_rows import Needs, population_of
from rulebook.flips import Cause, causes
from rulebook.pack import Pack
from rulebook.size import section_of, span_of
from rulebook.size_table import SizeTable
from rulebook.source import SourceInvalid
from services.eligibility.domain.catalog import Catalog, Editions, StoredPack
from services.eligibility.domain.codes import Codes as Tables
from services.eligibility.domain.subjects import Inputs, kind_for, subject_of
from services.eligibility.store.packs import Packs
from services.eligibility.store.simulations import Simulations, Who
from services.eligibility.store.tables import EnterpriseRow, FlipRow, SimulationRow
from services.eligibility.use_cases.assess_enterprises import Known, Rules, gather
from services.eligibility.use_cases.keep_draft import refused
from services.eligibility.use_cases.load_rules import load_rules
from services.eligibility.use_cases.render_flips import MEDIA_TYPE, render_flips
from services.eligibility.use_cases.schedule_pack import identified

CHUNK = 2000
"""Enterprises in memory at a time."""
NO_RULES = "no_rules"
UNREADABLE = "unreadable"
DIMENSIONS = ("district", "size", "industry")

Tell = Callable[[int, int | None, str | None], None]


def run_simulation(
    tx: Transaction, catalog: Catalog, sizes: SizeTable, tables: Tables, row: SimulationRow, tell: Tell
) -> Mapping[str, Any]:
    """Compute one simulation and keep its flips, counts and workbook. Emits FlipListReady."""
    rules = load_rules(tx, catalog, sizes)
    try:
        draft = catalog.compile(StoredPack("", f"{row.pack_id}.yaml", row.body))
    except SourceInvalid as invalid:  # a release with a stricter loader came between the question and the work
        raise refused("要模拟的规则", "source", invalid) from None
    against = rules.editions.of_title(row.title)
    row.against = sorted(each.sha256 for each in against)
    who = Who(row.district, row.size_class, span_of(sizes, row.industry) if row.industry else None)
    simulations = Simulations(tx)
    total, done, after = simulations.count_population(who), 0, ""
    tally = Tally(sizes)
    judge = _Judge(rules, rules.editions.with_draft(draft), row.title, row.as_of)
    tell(0, total, "正在测算")
    while codes := simulations.list_population(who, after, CHUNK):
        known = gather(tx, codes, hold=False)
        simulations.add_flips(
            _flip(row, found, tally)
            for found in judge.all_of([known[code] for code in codes])
            if tally.add(found.known.enterprise, found.before, found.after)
        )
        done, after = done + len(codes), codes[-1]
        tell(done, total, "正在测算")
    row.counts = tally.summary()
    tell(done, total, "正在生成表格")
    tx.flush()
    content = render_flips(row, draft, against, tables, simulations.every_flip(row.id), clock.now())
    row.result = blobs.store(tx, content, MEDIA_TYPE)
    row.state, row.error, row.finished_at = "done", None, clock.now()
    stored = not row.changes and Packs(tx).find_version(row.pack_hash) is not None
    tx.emit(_announcement(row, stored=stored))
    tx.audit("simulation-finished", str(row.id), {name: row.counts[name] for name in ("enterprises", "flips")})
    return {name: row.counts[name] for name in ("enterprises", "gains", "loses", "changes")}


@dataclass(frozen=True, slots=True)
class Found:
    """One enterprise under both versions; `explain` gives its causes, for the few that flip."""

    known: Known
    kind: str
    before: str
    after: str
    explain: Callable[[], list[dict[str, Any]]]


@dataclass(slots=True)
class _Judge:
    """Both versions of the rules, and which of them serve whom."""

    rules: Rules
    after: Editions
    title: str
    day: dt.date
    _compiled: dict[str, ColumnarPack] = field(default_factory=dict)
    _needs: dict[tuple[str, ...], Needs] = field(default_factory=dict)

    def all_of(self, chunk: Sequence[Known]) -> Iterator[Found]:
        """In groups that the same versions serve for the same kind of application."""
        serving: dict[tuple[str, str | None], tuple[Pack | None, Pack | None]] = {}
        by_key: dict[tuple[str, str, str], tuple[Pack | None, Pack | None, str]] = {}
        members: dict[tuple[str, str, str], list[Known]] = defaultdict(list)
        for each in chunk:
            kind, district = kind_for(self.title, each.titles, self.day), each.enterprise.district_code
            place = (kind, district)
            if place not in serving:
                editions = (self.rules.editions, self.after)
                first, second = (one.find(self.title, kind, self.day, district) for one in editions)
                serving[place] = first, second
            before, after = serving[place]
            key = (before.sha256 if before else "", after.sha256 if after else "", kind)
            by_key[key] = before, after, kind
            members[key].append(each)
        for key, known in members.items():
            yield from self._group(*by_key[key], known)

    def _group(self, before: Pack | None, after: Pack | None, kind: str, known: Sequence[Known]) -> Iterator[Found]:
        inputs = [each.inputs(self.day) for each in known]
        compiled = {pack.sha256: self._of(pack) for pack in (before, after) if pack is not None}
        results = self._results(compiled, kind, inputs)
        first = results.get(before.sha256) if before else None
        second = results.get(after.sha256) if after else None
        words = [_words(first, len(known)), _words(second, len(known))]
        for position, each in enumerate(known):

            def explain(at: int = position) -> list[dict[str, Any]]:
                if first is None or second is None:
                    side = "现行" if first is None else "模拟"
                    return [asdict(Cause("rules", "", f"没有适用于该企业的{side}规则", "", None, None))]
                return [asdict(one) for one in causes(first.explain(at), second.explain(at))]

            yield Found(each, kind, words[0][position], words[1][position], explain)

    def _results(
        self, compiled: Mapping[str, ColumnarPack], kind: str, inputs: Sequence[Inputs]
    ) -> dict[str, ColumnarResult]:
        wanted = tuple(sorted(compiled))
        if wanted not in self._needs:
            self._needs[wanted] = Needs.of(compiled.values(), self.day, self.rules.dictionary)
        sizes = self.rules.sizes
        population = population_of(
            inputs,
            self._needs[wanted],
            self.day,
            sizes=sizes,
            subject=lambda stored: subject_of(dict(stored), sizes, self.day),
        )
        return {sha256: pack.evaluate(population, self.day, kind) for sha256, pack in compiled.items()}

    def _of(self, pack: Pack) -> ColumnarPack:
        if pack.sha256 not in self._compiled:
            self._compiled[pack.sha256] = compile_pack(pack)
        return self._compiled[pack.sha256]


def _words(result: ColumnarResult | None, size: int) -> list[str]:
    if result is None:
        return [NO_RULES] * size
    codes: Codes = result.verdict
    return [UNREADABLE if code == NOT_JUDGED else VERDICTS[code].value for code in np.asarray(codes).tolist()]


def direction_of(before: str, after: str) -> str:
    """Who becomes eligible gains, who no longer is loses; every other change is one."""
    return "gains" if after == "eligible" else "loses" if before == "eligible" else "changes"


def _flip(row: SimulationRow, found: Found, tally: Tally) -> FlipRow:
    enterprise = found.known.enterprise
    explained = found.explain()
    tally.name(found.before, found.after, explained)
    return FlipRow(
        simulation_id=row.id,
        uscc=enterprise.uscc,
        name=enterprise.name,
        district_code=enterprise.district_code,
        size_class=enterprise.size_class,
        industry_code=enterprise.industry_code,
        kind=found.kind,
        before=found.before,
        after=found.after,
        direction=direction_of(found.before, found.after),
        causes=explained,
    )


@dataclass(slots=True)
class Tally:
    """Counts of a whole simulation: some dozens of numbers, however many enterprises there are."""

    sizes: SizeTable
    whole: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    parts: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    verdicts: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    lines: dict[tuple[str, str, str], dict[str, int]] = field(default_factory=dict)
    _sections: dict[str | None, str] = field(default_factory=dict)

    def add(self, enterprise: EnterpriseRow, before: str, after: str) -> bool:
        """Count one enterprise; whether it flips. What could not be read on one side is counted and does not."""
        self.verdicts[before, after] += 1
        flips = before != after and UNREADABLE not in (before, after)
        said = ["enterprises"]
        said += ["eligible_before"] if before == "eligible" else []
        said += ["eligible_after"] if after == "eligible" else []
        said += ["unreadable"] if UNREADABLE in (before, after) else []
        said += ["flips", direction_of(before, after)] if flips else []
        places = (
            enterprise.district_code or "",
            enterprise.size_class or "",
            self._section(enterprise.industry_code),
        )
        counted = [self.whole] + [
            self.parts.setdefault(dimension, {}).setdefault(place, defaultdict(int))
            for dimension, place in zip(DIMENSIONS, places, strict=True)
        ]
        for counts in counted:
            for name in said:
                counts[name] += 1
        return flips

    def name(self, before: str, after: str, explained: Sequence[Mapping[str, Any]]) -> None:
        """Count the lines that make somebody flip."""
        for each in explained:
            counts = self.lines.setdefault((each["what"], each["id"], each["label"]), defaultdict(int))
            counts[direction_of(before, after)] += 1

    def _section(self, code: str | None) -> str:
        if code not in self._sections:
            self._sections[code] = section_of(self.sizes, code) or ""
        return self._sections[code]

    def summary(self) -> dict[str, Any]:
        """As it is stored: zeros are said, places in order."""
        named = ("enterprises", "eligible_before", "eligible_after", "unreadable", "flips", "gains", "loses", "changes")

        def full(counts: Mapping[str, int]) -> dict[str, int]:
            return {name: counts.get(name, 0) for name in named}

        return full(self.whole) | {
            "verdicts": [
                {"before": before, "after": after, "count": count}
                for (before, after), count in sorted(self.verdicts.items())
            ],
            "by": {
                dimension: [{"code": place} | full(counts) for place, counts in sorted(places.items())]
                for dimension, places in self.parts.items()
            },
            "lines": [
                {"what": what, "id": line, "label": label}
                | {each: counts.get(each, 0) for each in ("gains", "loses", "changes")}
                for (what, line, label), counts in sorted(
                    self.lines.items(), key=lambda each: (-sum(each[1].values()), each[0])
                )
            ],
        }


def _announcement(row: SimulationRow, *, stored: bool) -> FlipListReady:
    counts = row.counts or {}
    districts = counts.get("by", {}).get("district", [])
    return FlipListReady(
        simulation_id=str(row.id),
        **identified(row.pack_id, row.pack_hash, row.title),
        stored=stored,
        everybody=row.district is None and row.size_class is None and row.industry is None,
        as_of=row.as_of,
        enterprises=counts["enterprises"],
        gains=counts["gains"],
        loses=counts["loses"],
        changes=counts["changes"],
        districts=tuple(
            DistrictFlips(
                district_code=each["code"] or None,
                gains=each["gains"],
                loses=each["loses"],
                changes=each["changes"],
            )
            for each in districts
            if each["flips"]
        ),
    )
