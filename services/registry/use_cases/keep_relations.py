"""Enters and ends relations of control and holding."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from chassis import clock, ids
from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.relations import require_sound_relation
from services.registry.store.people import Relations
from services.registry.store.people_tables import RelationRow
from services.registry.store.repositories import Enterprises


def add_relation(tx: Transaction, uscc: str, stated: Mapping[str, Any], *, may: Admission) -> RelationRow:
    """Enter who controls or holds an enterprise; `stated` holds the columns of the relation."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    judged = ("kind", "holder", "holder_uscc", "share", "valid_from", "valid_to")
    require_sound_relation(uscc=uscc, today=clock.today(), **{name: stated[name] for name in judged})
    added = Relations(tx).add(
        RelationRow(id=ids.new_id(), uscc=uscc, recorded_by=tx.context.actor, recorded_at=clock.now(), **stated)
    )
    details = {
        "relation_id": str(added.id),
        "kind": added.kind,
        "holder": added.holder,
        "holder_uscc": added.holder_uscc,
    }
    tx.audit("relation-added", uscc, details)
    return added


def end_relation(
    tx: Transaction, uscc: str, relation_id: uuid.UUID, *, valid_to: dt.date | None, may: Admission
) -> RelationRow:
    """A relation that is over since `valid_to`, or was never so; the record stays."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    relation = Relations(tx).get(uscc, relation_id)
    judged = ("kind", "holder", "holder_uscc", "share", "valid_from")
    stated = {name: getattr(relation, name) for name in judged}
    require_sound_relation(uscc=uscc, today=clock.today(), valid_to=valid_to, **stated)
    relation.valid_to = valid_to or relation.valid_to
    relation.ended_by, relation.ended_at = tx.context.actor, clock.now()
    tx.audit("relation-ended", uscc, {"relation_id": str(relation_id)})
    return relation
