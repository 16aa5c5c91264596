"""The tables of districts and industries: written from the shipped files, read as one object per edition."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from chassis import clock
from chassis.db import Database, Transaction
from rulebook.divisions import Division, Divisions, FormerCode, parse_divisions
from rulebook.industries import Industries, Industry, industries_of, parse_industries
from services.registry.domain.errors import ReferenceMissing
from services.registry.domain.places import Places, places_of
from services.registry.store.tables import FormerRegionRow, IndustryRow, ReferenceLoadRow, RegionRow

FOLDER = Path(__file__).resolve().parents[3] / "contracts" / "codes"
_FILES = ("gbt2260.csv", "gbt2260_retired.csv", "gbt4754_2017.csv")
_NAME = "gbt2260+gbt4754"


@dataclass(frozen=True, slots=True)
class Reference:
    """Districts and industries of one edition."""

    sha256: str
    places: Places
    industries: Industries


_latest: Reference | None = None  # immutable and named by its hash, so sharing it between threads is safe


def reference(tx: Transaction) -> Reference:
    """The edition that the database holds; read once per process and edition."""
    global _latest
    digest = tx.session.scalar(select(ReferenceLoadRow.sha256).where(ReferenceLoadRow.name == _NAME))
    if digest is None:
        raise ReferenceMissing("行政区划和行业代码表尚未加载，请运行 peiyu migrate")
    if _latest is None or _latest.sha256 != digest:
        _latest = Reference(digest, places_of(_divisions(tx)), _industries(tx))
    return _latest


def loaded(tx: Transaction, sha256: str) -> bool:
    """Whether the database holds the edition with this hash."""
    found = tx.session.scalar(select(ReferenceLoadRow.sha256).where(ReferenceLoadRow.name == _NAME))
    return found == sha256


def shipped() -> tuple[str, dict[str, str]]:
    """The hash and the texts of the files that come with this version."""
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in _FILES}
    return hashlib.sha256("\0".join(texts.values()).encode()).hexdigest(), texts


def replace(tx: Transaction, sha256: str, texts: dict[str, str]) -> int:
    """Put the tables in the place of those that are loaded; the number of rows."""
    divisions = parse_divisions(texts["gbt2260.csv"], texts["gbt2260_retired.csv"])
    industries = parse_industries(texts["gbt4754_2017.csv"])
    for table in (RegionRow, FormerRegionRow, IndustryRow):
        tx.session.execute(delete(table))
    regions = [asdict(each) for each in divisions.current.values()]
    former = [{**asdict(each), "became": list(each.became)} for each in divisions.former.values()]
    classes = [asdict(each) for each in industries.by_code.values()]
    tx.session.execute(insert(RegionRow), regions)
    tx.session.execute(insert(FormerRegionRow), former)
    tx.session.execute(insert(IndustryRow), classes)
    row = {"sha256": sha256, "loaded_at": clock.now()}
    statement = insert(ReferenceLoadRow).values(name=_NAME, **row)
    tx.session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=row))
    return len(regions) + len(former) + len(classes)


def _divisions(tx: Transaction) -> Divisions:
    current = {
        row.code: Division(row.code, row.name, row.level, row.parent, row.full_name, row.district)
        for row in tx.session.scalars(select(RegionRow))
    }
    former = {
        row.code: FormerCode(row.code, row.name, row.kind, tuple(row.became), row.since, row.source)
        for row in tx.session.scalars(select(FormerRegionRow))
    }
    return Divisions(current, former)


def _industries(tx: Transaction) -> Industries:
    rows = tx.session.scalars(select(IndustryRow))
    found = [Industry(row.code, row.name, row.level, row.parent, row.section) for row in rows]
    return industries_of(sorted(found, key=lambda each: (len(each.code), each.code)))


def check_loaded(db: Database) -> dict[str, str]:
    """Readiness: raise ReferenceMissing unless the tables are there."""
    with db.reading() as tx:
        return {"edition": reference(tx).sha256[:12]}
