"""Run a pack's own cases; passing them is what makes a draft a tested pack."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from rulebook.source import SourceInvalid
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.life_cycle import TESTABLE, Report, green, run_cases
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.keep_draft import refused, untested


def check_pack(tx: Transaction, catalog: Catalog, sha256: str) -> PackRow:
    """Run the cases and keep the report. What is scheduled or in use keeps its state, whatever they say now.

    Raises PackRefused when the stored text or its cases are no longer readable.
    """
    row = Packs(tx).get_for_update(sha256)
    report = report_of(catalog, row)
    row.test_report, row.tested_at, row.tested_by = report, clock.now(), tx.context.actor
    if row.state in TESTABLE:
        row.state, row.remark = ("tested" if green(report) else untested(row)), None
    tx.audit("pack-tested", row.pack_id, {"hash": row.hash, "passed": green(report), "cases": report["cases"]})
    return row


def report_of(catalog: Catalog, row: PackRow) -> Report:
    try:
        pack = catalog.compile(StoredPack(row.hash, row.file, row.body))
        return run_cases(pack, row.cases, catalog.dictionary)
    except SourceInvalid as invalid:
        raise refused("规则包或案例", "source", invalid) from None
