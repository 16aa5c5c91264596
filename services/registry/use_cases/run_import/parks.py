"""What a list says of parks: which enterprises move, and which names nobody can be sure of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.registry.domain.names import comparison_key
from services.registry.domain.parks import NOWHERE, Named, meant
from services.registry.store.parks import Move, ParkStays, find_named
from services.registry.store.staging import StagedRow
from services.registry.use_cases.run_import.job import Job


def moves_of(job: Job, wanted: Mapping[str, StagedRow], known: Mapping[str, Any]) -> dict[str, Move]:
    """Those whose park becomes another one, by credit code. A park that is not registered is a remark and no more."""
    stated = {uscc: row for uscc, row in wanted.items() if "park" in row.stated}
    if not stated:
        return {}
    named = find_named(job.tx, {comparison_key(row.stated["park"]) for row in stated.values()})
    present = ParkStays(job.tx).present(stated)
    moves: dict[str, Move] = {}
    for uscc, row in stated.items():
        name = row.stated["park"]
        district = row.stated.get("district_code") or (known[uscc].district_code if uscc in known else None)
        found = named.get(comparison_key(name), [])
        park = meant(found, district)
        if park is None and name not in NOWHERE:
            _tell(job, row, name, found)
            continue
        wanted_id = park.id if park else None
        stay = present.get(uscc)
        if wanted_id != (stay.row.park_id if stay else None):
            moves[uscc] = Move(uscc, wanted_id, None)
    return moves


def _tell(job: Job, row: StagedRow, name: str, found: list[Named]) -> None:
    if found:
        message = f"有 {len(found)} 个园区叫“{name}”，或它不在该企业所在的城市，不能确定是哪一个；其他内容已导入"
        job.remark(row, "park", "park-uncertain", message)
    else:
        message = f"没有登记名为“{name}”的园区；请先在载体中登记园区，再导入这一列，其他内容已导入"
        job.remark(row, "park", "park-not-registered", message)
