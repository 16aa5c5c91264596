"""Records and amends carriers, major projects and typical cases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.errors import (
    CarrierAlreadyRecorded,
    CaseAlreadyRecorded,
    ItemInvalid,
    ProjectAlreadyRecorded,
)
from services.registry.domain.items import ItemKinds
from services.registry.domain.names import comparison_key
from services.registry.domain.projects import require_sound_project
from services.registry.store.item_tables import CarrierRow, MajorProjectRow, TypicalCaseRow
from services.registry.store.items import Carriers, Projects
from services.registry.store.reference import Reference, reference
from services.registry.store.repositories import Enterprises

_PROJECT_CHECKED = ("investment_yuan", "entered_on", "starts_on", "ends_on", "left_on", "left_reason")


def register_carrier(tx: Transaction, values: Mapping[str, Any], *, kinds: ItemKinds, may: Admission) -> CarrierRow:
    """Register a park, platform, town, cluster or base; `values` are its columns."""
    may.to_area(values["district_code"])
    if values["kind"] not in kinds.carriers:
        expected = "、".join(f"{code}（{label}）" for code, label in kinds.carriers.items())
        raise _invalid("kind", f"没有“{values['kind']}”这种载体", "kind-unknown", values["kind"], expected)
    _require_district(reference(tx), values["district_code"])
    _lock(tx, "carriers")
    if same := Carriers(tx).find_same(values["kind"], values["name"], values["district_code"]):
        raise CarrierAlreadyRecorded(f"该地区已登记“{same.name}”，请勿重复登记", carrier_id=str(same.id))
    row = CarrierRow(id=ids.new_id(), name_key=comparison_key(values["name"]), version=1, **_stamp(tx), **values)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("carrier-registered", str(row.id), {"kind": row.kind, "name": row.name})
    return row


def amend_carrier(tx: Transaction, carrier_id: uuid.UUID, wanted: Mapping[str, Any], *, may: Admission) -> CarrierRow:
    """Put `wanted` in the place of what is stored; the kind of a carrier does not change."""
    _lock(tx, "carriers")
    row = Carriers(tx).get(carrier_id, locked=True)
    may.to_area(row.district_code)
    if (district := wanted.get("district_code")) is not None and district != row.district_code:
        may.to_area(district)
        _require_district(reference(tx), district)
    if wanted.get("closed_on") is not None and wanted["closed_on"] > clock.today():
        expected = f"不晚于 {clock.today().isoformat()}"
        found = wanted["closed_on"].isoformat()
        raise _invalid("closed_on", "撤销日期晚于今天，请核对", "date-in-future", found, expected)
    changed = _put(row, wanted)
    if not changed:
        return row
    row.name_key = comparison_key(row.name)
    with tx.session.no_autoflush:
        same = Carriers(tx).find_same(row.kind, row.name, row.district_code)
    if same is not None and same is not row:
        raise CarrierAlreadyRecorded(f"该地区已登记“{same.name}”，请核对名称", carrier_id=str(same.id))
    row.version += 1
    tx.audit("carrier-amended", str(row.id), changed)
    return row


def record_project(tx: Transaction, values: Mapping[str, Any], *, kinds: ItemKinds, may: Admission) -> MajorProjectRow:
    """Enter a project into the pool of its level."""
    _require_project(tx, values, kinds, may)
    _lock(tx, "major_projects")
    if values["number"] and (same := Projects(tx).find_same(values["level"], values["number"])):
        message = f"项目库中已有编号 {values['number']} 的“{same.name}”，如需修改请用 PATCH"
        raise ProjectAlreadyRecorded(message, project_id=str(same.id))
    row = MajorProjectRow(id=ids.new_id(), version=1, **_stamp(tx), **values)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("project-recorded", str(row.id), {"name": row.name, "document": row.document_number})
    return row


def amend_project(
    tx: Transaction, project_id: uuid.UUID, wanted: Mapping[str, Any], *, kinds: ItemKinds, may: Admission
) -> MajorProjectRow:
    """Put `wanted` in the place of what is stored, for example another stage, or that it left the pool and why."""
    row = Projects(tx).get(project_id, locked=True)
    may.to_area(row.district_code)
    columns = (*_PROJECT_CHECKED, "level", "uscc", "district_code", "industry_code")
    after: dict[str, Any] = {**{name: getattr(row, name) for name in columns}, **wanted}
    _require_project(tx, after, kinds, may)
    if changed := _put(row, wanted):
        row.version += 1
        tx.audit("project-amended", str(row.id), changed)
    return row


def record_case(tx: Transaction, values: Mapping[str, Any], *, kinds: ItemKinds, may: Admission) -> TypicalCaseRow:
    """Record a case that was published as typical."""
    may.to_area(values["district_code"])
    known = reference(tx)
    _require_district(known, values["district_code"])
    _require_level(values["level"], kinds)
    if values["published_on"] > clock.today():
        found, expected = values["published_on"].isoformat(), f"不晚于 {clock.today().isoformat()}"
        raise _invalid("published_on", "发布日期晚于今天，请核对", "date-in-future", found, expected)
    if values["uscc"] is not None:
        Enterprises(tx).get(values["uscc"])
    if values["carrier_id"] is not None:
        Carriers(tx).get(values["carrier_id"])
    _lock(tx, "typical_cases")
    key = comparison_key(values["title"])
    query = select(TypicalCaseRow).where(TypicalCaseRow.level == values["level"], TypicalCaseRow.title_key == key)
    if same := tx.session.scalar(query):
        raise CaseAlreadyRecorded(f"已登记过案例“{same.title}”，请勿重复登记", case_id=str(same.id))
    row = TypicalCaseRow(id=ids.new_id(), title_key=key, **_stamp(tx), **values)
    tx.session.add(row)
    tx.session.flush()
    tx.audit("case-recorded", str(row.id), {"title": row.title, "source": row.source})
    return row


def _require_project(tx: Transaction, values: Mapping[str, Any], kinds: ItemKinds, may: Admission) -> None:
    may.to_area(values["district_code"])
    known = reference(tx)
    _require_district(known, values["district_code"])
    _require_level(values["level"], kinds)
    code = values["industry_code"]
    if code is not None and code not in known.industries.by_code:
        message = "不是 GB/T 4754-2017 的行业代码"
        raise _invalid("industry_code", message, "industry-unknown", code, "行业代码，如 3911")
    if values["uscc"] is not None:
        Enterprises(tx).get(values["uscc"])
    checked: dict[str, Any] = {name: values.get(name) for name in _PROJECT_CHECKED}
    require_sound_project(**checked, today=clock.today())


def _require_level(level: str, kinds: ItemKinds) -> None:
    if level not in kinds.levels:
        expected = "、".join(f"{code}（{label}）" for code, label in kinds.levels.items())
        raise _invalid("level", "没有这个级别", "level-unknown", level, expected)


def _require_district(known: Reference, code: str) -> None:
    if code not in known.places.divisions.current:
        raise _invalid("district_code", "不是国标区划代码", "district-unknown", code, "6 位区划代码，如 341302")


def _put(row: Any, wanted: Mapping[str, Any]) -> dict[str, str]:
    """Field → what became of it, of those that really changed."""
    changed = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    told = {name: f"{getattr(row, name)} → {value}" for name, value in changed.items()}
    for name, value in changed.items():
        setattr(row, name, value)
    return told


def _stamp(tx: Transaction) -> dict[str, Any]:
    return {"recorded_by": tx.context.actor, "recorded_at": clock.now()}


def _lock(tx: Transaction, register: str) -> None:
    """One entry into a register at a time: the second of two alike is told so, and not by the database."""
    tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"registry-{register}", 7))))


def _invalid(field: str, message: str, code: str, found: Any = None, expected: str | None = None) -> ItemInvalid:
    return ItemInvalid(message, problems=[FieldProblem(field, message, code, found, expected)])
