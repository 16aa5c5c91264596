"""Enters a name that an enterprise bore before the register knew it, with its days."""

from __future__ import annotations

import datetime as dt

from chassis import clock
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.file_errors import FormerNameInvalid, FormerNameKnown
from services.registry.domain.names import comparison_key
from services.registry.store.history import History
from services.registry.store.ledger_tables import FormerNameRow
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.search_index import index_enterprises
from services.registry.use_cases.update_enterprise import announce_update


def state_former_name(
    tx: Transaction,
    uscc: str,
    *,
    name: str,
    valid_from: dt.date | None,
    valid_to: dt.date | None,
    document: str,
    may: Admission,
) -> FormerNameRow:
    """Add a former name, or give a known one its days. Emits EnterpriseUpdated: lists may name it so."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    key = comparison_key(name)
    _require_sound(row.name_key, key, name, valid_from, valid_to)
    stated = {"name": name, "valid_from": valid_from, "valid_to": valid_to, "document": document}
    known = next((each for each in History(tx, row).former_names() if each.name_key == key), None)
    if known is None:
        known = FormerNameRow(uscc=uscc, name_key=key, left_at=clock.now(), recorded_by=tx.context.actor, **stated)
        tx.session.add(known)
    elif all(getattr(known, field) == value for field, value in stated.items()):
        raise FormerNameKnown(f"企业档案中已有这个曾用名“{known.name}”，内容相同，无需重复登记")
    else:
        for field, value in stated.items():
            setattr(known, field, value)
        known.stated_at = clock.now()
    announce_update(tx, row, identity_of(row), ("former_names",))
    index_enterprises(tx, [uscc])
    days = {field: str(value) for field, value in stated.items() if value is not None}
    tx.audit("former-name-stated", uscc, days)
    return known


def _require_sound(present: str, key: str, name: str, valid_from: dt.date | None, valid_to: dt.date | None) -> None:
    problems: list[FieldProblem] = []
    if not key or key == present:
        message = "曾用名不能为空，也不能是现用名称；更名请提出变更申请"
        problems.append(FieldProblem("name", message, "name-in-use", name, "企业以前用过的名称"))
    if valid_to is not None and valid_to > clock.today():
        expected = f"不晚于 {clock.today().isoformat()}"
        message = "曾用名的最后一日晚于今天，请核对"
        problems.append(FieldProblem("valid_to", message, "date-in-future", valid_to.isoformat(), expected))
    if valid_from is not None and valid_to is not None and valid_from > valid_to:
        expected = f"不晚于 {valid_to.isoformat()}"
        message = "启用日期晚于停用日期，请核对"
        problems.append(FieldProblem("valid_from", message, "validity-reversed", valid_from.isoformat(), expected))
    if problems:
        raise FormerNameInvalid("曾用名有误，请按 errors 中的说明修改后重试", problems=problems)
