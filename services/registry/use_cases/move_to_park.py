"""Puts an enterprise into a park, or out of the one it is in."""

from __future__ import annotations

import datetime as dt
import uuid

from chassis import clock
from chassis.db import Transaction
from services.registry.domain.admission import Admission
from services.registry.domain.parks import require_day, require_park
from services.registry.store.items import Carriers
from services.registry.store.parks import Move, ParkStays
from services.registry.store.repositories import Enterprises, identity_of
from services.registry.store.search_index import index_enterprises
from services.registry.store.tables import EnterpriseRow
from services.registry.use_cases.update_enterprise import announce_update


def move_to_park(
    tx: Transaction,
    uscc: str,
    park_id: uuid.UUID | None,
    *,
    since: dt.date | None,
    document: str | None,
    may: Admission,
) -> EnterpriseRow:
    """Put it into a park since a day (null: nobody has stated it), or out of any. Emits EnterpriseUpdated."""
    row = Enterprises(tx).get_for_update(uscc)
    may.to_enterprise(uscc, row.district_code, row.version)
    stays = ParkStays(tx)
    present = stays.present([uscc]).get(uscc)
    if park_id is not None:
        park = Carriers(tx).get(park_id)
        require_park(park.kind, park.name, park.closed_on)
    before = present.row.park_id if present else None
    require_day(since, present.row.since if present else None, clock.today())
    if before == park_id:
        return row
    stays.move([Move(uscc, park_id, since, document)])
    announce_update(tx, row, identity_of(row), ("park",))
    index_enterprises(tx, [uscc])
    details = {"from": str(before), "to": str(park_id), "since": str(since), "document": document}
    tx.audit("park-changed", uscc, details)
    return row
