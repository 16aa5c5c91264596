"""From packs and simulations as they are stored to the shapes of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.plumbing import JobProgressRow
from rulebook.pack import Pack
from rulebook.status import Status
from services.eligibility.api import rendering
from services.eligibility.api import schemas_packs as out
from services.eligibility.api.schemas import Coded
from services.eligibility.domain.catalog import Serving
from services.eligibility.domain.life_cycle import STATES, green
from services.eligibility.store.tables import FlipRow, PackRow, SimulationRow
from services.eligibility.use_cases.find_contradictions import Conflict
from services.eligibility.use_cases.render_flips import DIRECTIONS, VERDICTS, told

_RUNS = {"queued": "排队中", "running": "计算中", "done": "已完成", "failed": "未成功"}
_STATUSES = {each.value: each.label for each in Status}


def detail(row: PackRow, compiled: Pack, serving: Sequence[Serving], conflicts: Sequence[Conflict]) -> out.PackDetail:
    return out.PackDetail(
        **rendering.pack(compiled, row.state).model_dump(),
        state_label=STATES[row.state],
        file=row.file,
        remark=row.remark,
        periods=[
            out.Period(first_on=each.first_on, last_on=each.last_on) for each in serving if each.sha256 == row.hash
        ],
        conflicts=[
            out.ConflictOut(
                line=found.line,
                code=found.code,
                found=found.found,
                expected=found.expected,
                message=found.remedy,
                decided=decided,
            )
            for found, decided in conflicts
        ],
        report=report(row),
        activates_on=row.activates_on,
        simulation_id=row.simulation_id,
        stored_at=row.stored_at,
        stored_by=row.stored_by,
        scheduled_at=row.scheduled_at,
        scheduled_by=row.scheduled_by,
        activated_at=row.activated_at,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
    )


def report(row: PackRow) -> out.CasesReport | None:
    found = row.test_report
    if found is None:
        return None
    return out.CasesReport(
        cases=found["cases"],
        passed=found["passed"],
        green=green(found),
        failed=[out.CaseFailed(**each) for each in found["failed"]],
        at=row.tested_at,
        by=row.tested_by,
    )


def simulation(row: SimulationRow, progress: JobProgressRow | None) -> out.SimulationOut:
    state = "running" if row.state == "queued" and progress is not None else row.state
    return out.SimulationOut(
        id=row.id,
        title=rendering.title(row.title),
        pack_id=row.pack_id,
        pack_hash=row.pack_hash,
        label=row.label,
        changes=[out.FigureChange(**each) for each in row.changes],
        district=row.district,
        size=row.size_class,
        industry=row.industry,
        as_of=row.as_of,
        against=list(row.against),
        state=Coded(code=state, label=_RUNS[state]),
        progress=progress and out.ProgressOut(done=progress.done, total=progress.total, message=progress.message),
        error=row.error,
        counts=_counts(row.counts) if row.counts is not None else None,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        finished_at=row.finished_at,
    )


def _counts(counts: Mapping[str, Any]) -> out.SimulationCounts:
    places = {
        dimension: [out.PlaceCounts(**each) for each in counts["by"].get(dimension, [])]
        for dimension in ("district", "size", "industry")
    }
    return out.SimulationCounts(
        **{name: counts[name] for name in out.CountsOut.model_fields},
        verdicts=[
            out.VerdictMove(before=_verdict(each["before"]), after=_verdict(each["after"]), count=each["count"])
            for each in counts["verdicts"]
        ],
        by_district=places["district"],
        by_size=places["size"],
        by_industry=places["industry"],
        lines=[out.LineCounts(**each) for each in counts["lines"]],
    )


def flip(row: FlipRow) -> out.FlipOut:
    return out.FlipOut(
        uscc=row.uscc,
        name=row.name,
        district_code=row.district_code,
        size_class=row.size_class,
        industry_code=row.industry_code,
        kind=rendering.kind(row.kind),
        before=_verdict(row.before),
        after=_verdict(row.after),
        direction=Coded(code=row.direction, label=DIRECTIONS[row.direction]),
        causes=[
            out.CauseOut(**(each | {"before": _stand(each["before"]), "after": _stand(each["after"])}), text=told(each))
            for each in row.causes
        ],
    )


def _stand(found: Mapping[str, str] | None) -> out.StandOut | None:
    if found is None:
        return None
    status = Coded(code=found["status"], label=_STATUSES[found["status"]])
    return out.StandOut(status=status, value=found["value"], threshold=found["threshold"])


def _verdict(code: str) -> Coded:
    return Coded(code=code, label=VERDICTS[code])
