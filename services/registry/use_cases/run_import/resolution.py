"""Finds out whom the rows of a list mean that give a name and no code."""

from __future__ import annotations

from services.registry.domain.resolution import REASONS, WHYS, Regions, Resolved, rank, resolve
from services.registry.store import naming
from services.registry.store.naming import Unnamed
from services.registry.store.reference import Reference
from services.registry.store.staging import StagedRow
from services.registry.use_cases.run_import.job import Job

_EXPECTED = "18 位统一社会信用代码"
_WAITING = "titles"
"""Rows of this kind of list wait for a person; of other kinds they are rejected, with the likeliest in the reason."""

_latest: tuple[str, Regions] | None = None  # immutable and named by its edition, so sharing it between threads is safe


def regions(known: Reference) -> Regions:
    """The places of this edition as names write them; made once per process and edition."""
    global _latest
    if _latest is None or _latest[0] != known.sha256:
        _latest = (known.sha256, Regions(known.places))
    return _latest[1]


def resolve_names(job: Job) -> None:
    """Give rows without a code the one that their name leaves no doubt of; the rest are rejected and wait for a person.

    They wait when the sound rows of the file are written: of a dry run, or of a file that is refused as a whole, the
    report alone says it.
    """
    rows = naming.unnamed_rows(job.tx)
    if not rows:
        return
    places = regions(job.known)
    taken: list[tuple[int, str, bool]] = []
    waiting: list[tuple[StagedRow, Resolved]] = []
    for row in rows:
        area = _area(job, row, places)
        resolved = resolve(row.key, area, row.current, row.former)
        if resolved.uscc is not None:
            taken.append((row.staged.position, resolved.uscc, resolved.by_former_name))
            if resolved.by_former_name:
                message = f"现名“{row.former[0].name}”的企业曾用这个名称，已按曾用名导入，请核对"
                job.remark(row.staged, "name", "name-former", message)
            continue
        if not resolved.candidates:
            near = naming.near_names(job.tx, places.beginnings(row.key, area))
            if found := rank(row.key, area, near, places):
                resolved = Resolved(None, "name-similar", found)
        _reject(job, row, resolved)
        waiting.append((row.staged, resolved))
    naming.give_codes(job.tx, taken)
    if job.row.kind == _WAITING:
        naming.UnresolvedTitles(job.tx).add(waiting, import_id=job.row.id, areas=job.row.areas, at=job.now)


def _area(job: Job, row: Unnamed, places: Regions) -> str | None:
    region = row.staged.stated.get("region")
    if region is None:
        return None
    area = places.area_of(region)
    if area is None:
        job.remark(row.staged, "region", "region-not-read", f"“{region}”不是一个明确的行政区划，未用来核对企业所在地")
    return area


def _reject(job: Job, row: Unnamed, resolved: Resolved) -> None:
    name, reason = row.staged.stated.get("name", ""), resolved.reason or ""
    shown = "；".join(
        f"{each.name}（{each.uscc}，{'曾用名 ' + each.former if each.former else WHYS[each.why]}）"
        for each in resolved.candidates[:3]
    )
    remedy = "请在待确认名单中选定，或填写统一社会信用代码" if job.row.kind == _WAITING else "请填写统一社会信用代码"
    likely = f"：{shown}" if shown else ""
    message = f"“{name}”：{REASONS[reason]}{likely}。{remedy}"
    job.reject(row.staged, "name", reason, message, _EXPECTED)
