"""Take rules that an official wrote as a draft: compiled or refused, never half."""

from __future__ import annotations

from chassis import clock
from chassis.db import Transaction
from chassis.errors import FieldProblem
from rulebook.cases import load_cases
from rulebook.pack import PACK_TITLES
from rulebook.source import SourceInvalid
from services.eligibility.domain.catalog import Catalog, StoredPack
from services.eligibility.domain.errors import PackKnownAlready, PackRefused
from services.eligibility.domain.life_cycle import STATES, TESTABLE, require_state
from services.eligibility.store.packs import Packs
from services.eligibility.store.tables import PackRow
from services.eligibility.use_cases.find_contradictions import find_contradictions


def keep_draft(tx: Transaction, catalog: Catalog, source: str, cases: str | None, file: str) -> PackRow:
    """Store the version with its cases. Raises PackRefused with every problem, PackKnownAlready for known content.

    Titles that presuppose each other, with what is in use or scheduled, are a problem of the text: wherever the circle
    is to be opened, that comes first. Two editions of one day are none yet: one of them may be retired meanwhile.
    """
    try:
        pack = catalog.compile(StoredPack("", file, source))
    except SourceInvalid as invalid:
        raise refused("规则包", "source", invalid) from None
    _readable(catalog, cases)
    packs = Packs(tx)
    packs.lock()
    known = packs.find_version(pack.sha256)
    if known is not None:
        raise PackKnownAlready(
            f"内容相同的规则包已有一份，现为“{STATES[known.state]}”（{known.hash[:12]}）；注释和排版不算不同。"
            "如要更换案例，请对该版本提交案例",
            sha256=known.hash,
        )
    other = packs.find_of_other_title(pack.id, pack.title)
    if other is not None:
        known_for, asked_for = (PACK_TITLES.get(each, each) for each in (other.title, pack.title))
        message = (
            f"编号“{pack.id}”已是“{known_for}”的规则包，同一编号的新版本启用时会取代旧版本，"
            f"不能用于“{asked_for}”；请另取一个编号"
        )
        problem = FieldProblem("source", message, "id-of-another-title", pack.id)
        raise PackRefused(message, problems=[problem])
    circles = [each for each in find_contradictions(tx, catalog, pack) if each.code == "cycle"]
    if circles:
        raise refused("规则包与使用中或已排期的规则包放在一起", "source", SourceInvalid(circles))
    row = PackRow(
        hash=pack.sha256,
        pack_id=pack.id,
        title=pack.title,
        file=file,
        body=source,
        cases=cases,
        state="draft",
        stored_at=clock.now(),
        stored_by=tx.context.actor,
    )
    packs.add(row)
    tx.audit("pack-stored", pack.id, {"hash": pack.sha256, "file": file})
    tx.flush()
    return row


def replace_cases(tx: Transaction, catalog: Catalog, sha256: str, cases: str) -> PackRow:
    """Give a version other cases; it has to pass them before anything else is done with it."""
    _readable(catalog, cases)
    row = Packs(tx).get_for_update(sha256)
    require_state(row.state, TESTABLE, "更换案例", "使用中的规则包请另存一份草案。")
    row.cases, row.state = cases, untested(row)
    row.test_report = row.tested_at = row.tested_by = None
    tx.audit("pack-cases-replaced", row.pack_id, {"hash": row.hash})
    return row


def untested(row: PackRow) -> str:
    """Where a pack stands that has not passed its cases: one that has served stays retired."""
    return "retired" if row.retired_at is not None else "draft"


def refused(what: str, place: str, invalid: SourceInvalid) -> PackRefused:
    """Every problem of a text, each with its line."""
    problems = [
        FieldProblem(f"{place}:{each.line}", each.remedy, each.code, each.found, each.expected)
        for each in invalid.problems
    ]
    first = invalid.problems[0]
    return PackRefused(
        f"{what}有 {len(problems)} 处问题。第 {first.line} 行：现为“{first.found}”，应为{first.expected}。"
        f"{first.remedy}",
        problems=problems,
    )


def _readable(catalog: Catalog, cases: str | None) -> None:
    if cases is None:
        return
    try:
        load_cases(cases, catalog.dictionary)
    except SourceInvalid as invalid:
        raise refused("案例", "cases", invalid) from None
