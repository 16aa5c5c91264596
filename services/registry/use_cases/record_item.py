"""Records certified items and what ends them."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock, ids
from chassis.db import Transaction
from chassis.errors import FieldProblem
from services.registry.domain.admission import Admission
from services.registry.domain.errors import ItemAlreadyRecorded, ItemInvalid, ItemRevoked
from services.registry.domain.items import ENTERPRISE, ItemKinds, StatedItem, item_key, require_sound_item
from services.registry.store.item_tables import CertifiedItemRow
from services.registry.store.items import Carriers, CertifiedItems, PlacedItem
from services.registry.store.repositories import Enterprises

_STATED = ("name", "number", "document_number", "decision_reference", "issued_by", "certified_on", "valid_from",
           "valid_to")  # fmt: skip


def record_item(
    tx: Transaction,
    stated: StatedItem,
    *,
    uscc: str | None,
    carrier_id: uuid.UUID | None,
    kinds: ItemKinds,
    may: Admission,
) -> tuple[PlacedItem, bool]:
    """Record an item of an enterprise or of a carrier; the same item stated otherwise is corrected. True when new.

    The subject is locked first, so that two who record the same item wait for each other.
    """
    if uscc is not None:
        enterprise = Enterprises(tx).get_for_update(uscc)
        may.to_enterprise(uscc, enterprise.district_code, enterprise.version)
        subject = ENTERPRISE
    elif carrier_id is not None:
        carrier = Carriers(tx).get(carrier_id, locked=True)
        may.to_area(carrier.district_code)
        subject = carrier.kind
    else:
        raise ValueError("an item has a subject")
    require_sound_item(stated, subject, kinds, clock.today())
    key = item_key(stated)
    items = CertifiedItems(tx)
    row = items.find_same(uscc, carrier_id, stated.kind, stated.level, key)
    values = {name: getattr(stated, name) for name in _STATED}
    new = row is None
    if row is None:
        row = CertifiedItemRow(
            id=ids.new_id(),
            uscc=uscc,
            carrier_id=carrier_id,
            kind=stated.kind,
            level=stated.level,
            item_key=key,
            recorded_by=tx.context.actor,
            recorded_at=clock.now(),
            **values,
        )
        tx.session.add(row)
        tx.session.flush()
        changed = {"kind": stated.kind, "level": stated.level}
    else:
        changed = _correct(row, values, kinds)
    document = stated.document_number or stated.decision_reference
    action = "item-recorded" if new else "item-corrected"
    tx.audit(action, uscc or str(carrier_id), {"item_id": str(row.id), "document": document, **changed})
    return items.get(row.id), new


def _correct(row: CertifiedItemRow, values: dict[str, object], kinds: ItemKinds) -> dict[str, str]:
    label = kinds.label_of(row.kind)
    if row.revoked_on is not None:
        raise ItemRevoked(f"这个“{label}”已于 {row.revoked_on} 撤销，不能重新登记", item_id=str(row.id))
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    if not changed:
        raise ItemAlreadyRecorded(f"已有这个“{label}”，无需重复登记", item_id=str(row.id))
    told = {name: f"{getattr(row, name)} → {values[name]}" for name in changed}
    for name in changed:
        setattr(row, name, values[name])
    return told


def revoke_item(
    tx: Transaction, item_id: uuid.UUID, *, revoked_on: dt.date, document: str, reason: str, may: Admission
) -> PlacedItem:
    """Revoke an item by a document; on the day of the revocation it no longer counts."""
    found = CertifiedItems(tx).get(item_id, locked=True)
    row = found.row
    if found.enterprise is not None:
        may.to_enterprise(found.enterprise.uscc, found.enterprise.district_code, found.enterprise.version)
    else:
        may.to_area(found.district_code)
    if row.revoked_on is not None:
        raise ItemRevoked(f"这个项目已于 {row.revoked_on} 撤销，无需再次撤销")
    today = clock.today()
    if not row.certified_on <= revoked_on <= today:
        expected = f"{row.certified_on.isoformat()} 至 {today.isoformat()}"
        message = "撤销日期应不早于认定日期、不晚于今天"
        problem = FieldProblem("revoked_on", message, "date-impossible", revoked_on.isoformat(), expected)
        raise ItemInvalid("撤销日期有误，请按 errors 中的说明修改后重试", problems=[problem])
    row.revoked_on, row.revoked_document, row.revoked_reason = revoked_on, document, reason
    tx.audit("item-revoked", row.uscc or str(row.carrier_id), {"item_id": str(row.id), "document": document})
    return found
