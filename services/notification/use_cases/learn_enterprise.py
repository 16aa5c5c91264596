"""The local copy of an enterprise, and with it its commissioner."""

from __future__ import annotations

from chassis.db import Transaction
from contracts.events.registry import EnterpriseCard
from services.notification.store.repositories import Assignments, Enterprises
from services.notification.store.tables import EnterpriseRow
from services.notification.use_cases.hand_over_messages import hand_over_messages
from services.notification.use_cases.settle_assignment import settle_assignment


def learn_enterprise(tx: Transaction, card: EnterpriseCard, version: int, *, ended: bool = False) -> None:
    """Keep what the registry says unless something newer is known; find a commissioner when there is none.

    A move keeps the commissioner who also serves the new district. An enterprise that `ended` by merger or division has
    nobody, for good. Emits AssignmentChanged when somebody else serves, or nobody any more.
    """
    assignments = Assignments(tx)
    assignments.lock()
    enterprise = Enterprises(tx).get_or_add_for_update(card.uscc)
    if enterprise.version >= version and enterprise.ended >= ended:
        return
    if enterprise.version >= version:  # its end arrived after something that was done to its titles later
        enterprise.ended = True
        settle_assignment(tx, enterprise, cause="moved")
        return
    enterprise.ended = enterprise.ended or ended
    renamed = _texts(enterprise) != (card.name, card.district_name)
    enterprise.version = version
    enterprise.name = card.name
    enterprise.district_code = card.district_code
    enterprise.district_name = card.district_name
    enterprise.synthetic = card.synthetic
    tx.session.flush()
    changed = settle_assignment(tx, enterprise, cause="moved")
    if renamed and not changed:
        active = assignments.find_active(card.uscc)
        hand_over_messages(tx, enterprise, active[1].id if active else None)


def _texts(enterprise: EnterpriseRow) -> tuple[str | None, str | None]:
    """What messages say of the enterprise."""
    return enterprise.name, enterprise.district_name
