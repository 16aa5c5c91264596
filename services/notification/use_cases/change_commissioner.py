"""A commissioner leaves, returns, or serves other areas."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chassis import clock
from chassis.db import Transaction
from services.notification.domain.areas import normalised
from services.notification.store.repositories import Assignments, Commissioners
from services.notification.store.tables import CommissionerRow
from services.notification.use_cases.settle_coverage import request_settling

SETTLING = frozenset({"active", "areas"})


def change_commissioner(
    tx: Transaction, code: str, wanted: Mapping[str, object], *, precondition: Callable[[int], None] = lambda _: None
) -> CommissionerRow:
    """Change `display_name`, `areas`, `active` or `weight`; a job hands enterprises over when areas or presence change.

    `precondition` is asked with the version that is about to change, and raises to prevent it.
    """
    Assignments(tx).lock()
    row = Commissioners(tx).get_for_update(code)
    precondition(row.version)
    values = dict(wanted)
    if isinstance(areas := values.get("areas"), list):
        values["areas"] = normalised(areas)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return row
    for name, value in changed.items():
        setattr(row, name, value)
    row.version += 1
    row.updated_at = clock.now()
    # The name is a person's: the audit log says that it changed, not what it was.
    recorded = {name: str(value) for name, value in changed.items() if name != "display_name"}
    tx.audit("commissioner.changed", code, {"changed": sorted(changed), **recorded})
    if SETTLING & changed.keys():
        request_settling(tx)
    return row
